"""Where a command is asked to write, something else may be."""

from __future__ import annotations

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    tree = make_project({"file": "mine\n", "folder/file": "mine\n"})
    assert tree.treadle("new", "greet", "-o", "draft").exit_code == 0
    assert tree.treadle("pack", "draft", "-o", "greet.json").exit_code == 0
    return tree


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("unpack greet.json -o file", '"file" is a file, not a folder'),
        ("unpack greet.json -o file/below/it", '"file" is a file, not a folder'),
        ("pack draft -o file/x.json", '"file" is a file, not a folder'),
        ("pack draft -o folder --force", '"folder" is a folder, not a file'),
        ("new other -o file/other", '"file" is a file, not a folder'),
        ("export builtin/sleep -o file/x --format folder", '"file" is a file, not a folder'),
        ("export builtin/sleep -o folder --format octopus-json --force", '"folder" is a folder, not a file'),
        ("index build -o file/site", '"file" is a file, not a folder'),
        ("init file/project", '"file" is a file, not a folder'),
    ],
)
def test_what_is_in_the_way_is_named(project: ProjectTree, command: str, reason: str) -> None:
    done = project.treadle(*command.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error[path-taken]: cannot write ")
    assert reason in done.stderr
    assert (project.root / "file").read_text() == "mine\n"
    assert [path.name for path in (project.root / "folder").iterdir()] == ["file"]


def test_files_are_called_as_they_were_given(project: ProjectTree) -> None:
    project.write({"bad.json": "{"})
    for command in ("import", "validate", "lint", "diff", "publish"):
        done = project.treadle(command, "bad.json")
        assert (done.stdout + done.stderr).startswith("bad.json:1:2: error: this is not JSON"), command
        assert str(project.root) not in done.stdout + done.stderr
