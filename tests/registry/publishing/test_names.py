"""Files whose names cannot be written, or would act where they lie: refused before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SCRIPT, SourceRepository, template

LONG = "a" * 300
FOLDER = {
    "template.yaml": b"schema: 1\nid: 31111111-1111-4111-8111-111111111111\nname: Try - This one\nversion: 1\n"
    b"description: A description that is long enough.\ncategory: other\naction_type: Octopus.Script\n"
    b"script: {syntax: Bash, file: s.sh}\n",
    "s.sh": b"echo hi\n",
}


def _add(repository: SourceRepository, folder: str, *names: str) -> None:
    """Commit a template folder with further files, by names that no disk has to hold."""
    repository.write({f"{folder}/{name}": data for name, data in FOLDER.items()})
    repository.git("add", "--all")
    blob = repository.git("hash-object", "-w", f"{folder}/s.sh")
    lines = "".join(f"100644 {blob}\t{folder}/{name}\0" for name in names)
    repository.git("update-index", "-z", "--index-info", stdin=lines.encode())
    repository.git("commit", "--quiet", "--message", "Add")


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    return make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\nlibrary: {git: ./library}\n"})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (LONG, "path-not-portable"),
        ("/".join(["deep"] * 90), "path-not-portable"),
        ("a\nb", "path-not-portable"),
        ("dot.", "path-not-portable"),
        ("Template.yaml", "path-not-portable"),
        ("aux.txt", "path-not-portable"),
        (".gitattributes", "steering-file"),
        ("sub/.gitmodules", "steering-file"),
        (".treadle/notices.yaml", "steering-file"),
    ],
)
def test_a_source_cannot_bring_such_a_name(project: ProjectTree, name: str, code: str) -> None:
    _add(SourceRepository.create(project.root / "ours"), "bad", name)
    assert project.treadle("source", "sync", "ours").exit_code == 0
    refused = project.treadle("import", "ours/bad")
    assert (refused.exit_code, code in refused.stderr) == (2, True)
    assert not (project.root / "library").exists()
    assert project.treadle("import", "builtin/sleep").exit_code == 0


def test_a_draft_cannot_bring_such_a_name(project: ProjectTree) -> None:
    project.write({f"draft/{name}": data for name, data in FOLDER.items()} | {"draft/nul.txt": b""})
    for command in ("publish", "import"):
        refused = project.treadle(command, "draft")
        assert (refused.exit_code, "path-not-portable" in refused.stderr) == (2, True)
    assert not (project.root / "library").exists()


def test_a_work_tree_that_cannot_follow_keeps_nobody_from_publishing_and_removing(
    project: ProjectTree,
) -> None:
    library = SourceRepository.create(project.root / "library")
    _add(library, "bad", LONG)
    assert project.treadle("import", "builtin/sleep").exit_code == 0
    library.write({"bad/s.sh": b"echo new\n"})
    assert project.treadle("publish", "library/bad", "--json").json["version"] == 2
    assert project.treadle("remove", "library/bad", "--force").exit_code == 0
    assert library.git("status", "--porcelain") == ""


def test_a_killed_writer_whose_work_tree_cannot_follow_blocks_nobody(project: ProjectTree) -> None:
    library = SourceRepository.create(project.root / "library")
    library.commit({"README.md": b"ours\n"})
    before = library.head()
    _add(library, "bad", LONG)
    note = {"parent": before, "paths": ["bad"]}
    Path(library.path, ".git/treadle-writing.json").write_text(json.dumps(note))
    for _ in range(2):
        assert project.treadle("import", "builtin/sleep").exit_code == 0


def test_a_name_of_another_case_is_taken(project: ProjectTree) -> None:
    project.write(
        {"hello.json": template("Hello", 1), "HELLO.json": template("Other", 1, Properties={SCRIPT: "x"})}
    )
    assert project.treadle("import", "hello.json").exit_code == 0
    refused = project.treadle("import", "HELLO.json")
    assert (refused.exit_code, "both have" in refused.stderr) == (2, True)
