"""`treadle diff` and `treadle log`: versions against each other, and drafts against what is published."""

from __future__ import annotations

import json

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, parameter, template


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    """A project whose source `ours` has three versions of a template, and one of another."""
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\nlibrary: {git: ./library}\n"})
    repository = SourceRepository.create(project.root / "ours")
    url = parameter("Url", DefaultValue="x")
    repository.commit({"hello.json": template("Say - Hello", 1), "other.json": template("Other")})
    repository.commit({"hello.json": template("Say - Hello", 2, Parameters=[url])})
    repository.commit({"hello.json": template("Say - Hello", 3, "echo bye\n", Parameters=[])})
    assert project.treadle("source", "sync", "ours").exit_code == 0
    return project


def _compared(project: ProjectTree, *arguments: str) -> tuple[str, str]:
    data = project.treadle("diff", *arguments, "--json").json
    return tuple(side.get("reference") or side["path"] for side in (data["old"], data["new"]))


@pytest.mark.parametrize(
    ("arguments", "sides"),
    [
        (("ours/hello@1", "ours/hello@2"), ("ours/hello@1", "ours/hello@2")),
        (("ours/hello@1", "@2"), ("ours/hello@1", "ours/hello@2")),
        (("hello@1", "@latest"), ("ours/hello@1", "ours/hello@3")),
        (("ours/hello", "@1"), ("ours/hello@3", "ours/hello@1")),
        (("ours/hello@1",), ("ours/hello@1", "ours/hello@3")),
        (("ours/hello",), ("ours/hello@2", "ours/hello@3")),
        (("ours/hello@latest",), ("ours/hello@2", "ours/hello@3")),
        (("hello", "other"), ("ours/hello@3", "ours/other@1")),
    ],
)
def test_what_is_left_out_of_a_comparison_goes_by_the_rest(
    project: ProjectTree, arguments: tuple[str, ...], sides: tuple[str, str]
) -> None:
    assert _compared(project, *arguments) == sides


def test_a_single_version_has_nothing_to_be_compared_with(project: ProjectTree) -> None:
    done = project.treadle("diff", "ours/other")
    assert done.exit_code == 2
    assert '"ours/other" has a single version' in done.stderr


def test_a_draft_is_compared_with_what_the_library_has_of_it(project: ProjectTree) -> None:
    assert project.treadle("import", "ours/hello", "--as", "greet").exit_code == 0
    assert project.treadle("new", "draft", "--from", "library/greet").exit_code == 0
    assert project.treadle("publish", "draft", "-m", "First").exit_code == 0
    script = project.root / "draft" / "script.sh"
    script.write_text(script.read_text() + "echo more\n")
    done = project.treadle("diff", "./draft")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "Compatible"
    assert "+echo more" in done.stdout.splitlines()
    assert "+++ ./draft: script.sh" in done.stdout.splitlines()
    assert _compared(project, "draft") == ("library/draft@1", "draft")
    assert _compared(project, "draft", "library/draft") == ("draft", "library/draft@1")
    assert _compared(project, "library/greet", "draft") == ("library/greet@3", "draft")


def test_a_draft_is_known_by_its_id_whatever_it_is_called(project: ProjectTree) -> None:
    assert project.treadle("import", "ours/hello", "--as", "greet").exit_code == 0
    document = json.loads(template("Say - Hello", 3))
    project.write({"elsewhere.json": json.dumps(document)})
    assert _compared(project, "elsewhere.json") == ("library/greet@3", "elsewhere.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("draft",), 'the library has no template with the id or the name of "draft"'),
        (("./nope",), 'there is no "./nope"'),
        (("nope.json", "hello"), 'there is no "nope.json"'),
        (("hello@1", "@x"), '"ours/hello@x" is not a template reference'),
        (("ours/nope",), 'source "ours" has no template "nope"'),
    ],
)
def test_what_cannot_be_compared_is_told(
    project: ProjectTree, arguments: tuple[str, ...], message: str
) -> None:
    assert project.treadle("new", "draft").exit_code == 0
    done = project.treadle("diff", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr.replace("ours/ours/", "ours/")


def test_files_beside_the_template_are_changes_too(project: ProjectTree) -> None:
    assert project.treadle("new", "draft").exit_code == 0
    assert project.treadle("publish", "draft").exit_code == 0
    (project.root / "draft/README.md").write_text("# New words\n")
    done = project.treadle("diff", "draft", "--summary")
    assert done.stdout.splitlines() == ["Compatible", "  compatible: README.md changed"]
    assert project.treadle("publish", "draft").exit_code == 0
    newest = project.treadle("log", "library/draft", "--json").json[0]
    assert (newest["summary"], newest["files"]) == ("only README.md changed", ["README.md"])


def test_a_log_says_what_each_version_changed(project: ProjectTree) -> None:
    changes = project.treadle("log", "ours/hello", "--json").json
    assert [(item["version"], item["class"]) for item in changes] == [
        (3, "incompatible"),
        (2, "compatible"),
        (1, None),
    ]
    assert [item["summary"] for item in changes] == [
        'parameter "Url" is gone, and 1 more',
        'parameter "Url" is new, with a default',
        "the first version",
    ]
    assert changes[0]["author"] == "Tests"
    assert changes[0]["date"][:4].isdigit()
    assert changes[0]["commit"] == SourceRepository(project.root / "ours").head()
    assert changes[0]["differences"][0]["code"] == "parameter-removed"
    lines = project.treadle("log", "ours/hello").stdout.splitlines()
    assert lines[0].split()[0] == "3"
    assert lines[0].endswith("  Tests  incompatible")
    assert lines[1] == '    incompatible: parameter "Url" is gone'


def test_a_log_can_be_short(project: ProjectTree) -> None:
    (newest,) = project.treadle("log", "hello", "-n", "1", "--json").json
    assert newest["version"] == 3
    assert [item["version"] for item in project.treadle("log", "hello@2", "--json").json] == [2, 1]
    (line,) = project.treadle("log", "hello@2", "-n", "1", "--summary").stdout.splitlines()
    assert line.endswith('Tests  compatible  parameter "Url" is new, with a default')


def test_a_log_goes_on_where_a_version_cannot_be_read(project: ProjectTree) -> None:
    repository = SourceRepository(project.root / "ours")
    broken = json.loads(template("Say - Hello", 4)) | {"Parameters": [{"Label": "no name"}]}
    repository.commit({"hello.json": json.dumps(broken).encode()})
    repository.commit({"hello.json": template("Say - Hello", 5)})
    assert project.treadle("source", "sync", "ours").exit_code == 0
    changes = project.treadle("log", "ours/hello", "--json").json
    assert [item["version"] for item in changes] == [5, 4, 3, 2, 1]
    assert [item["problem"] is None for item in changes] == [False, False, True, True, True]
    assert changes[0]["summary"].startswith("cannot be compared: ")


def test_the_log_of_a_deleted_template_is_still_there(project: ProjectTree) -> None:
    repository = SourceRepository(project.root / "ours")
    (project.root / "ours/hello.json").unlink()
    repository.commit()
    assert project.treadle("source", "sync", "ours").exit_code == 0
    assert [item["version"] for item in project.treadle("log", "ours/hello", "--json").json] == [3, 2, 1]
