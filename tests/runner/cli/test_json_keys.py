"""The documents that `--json` prints call one thing by one name, whatever the command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

OTHER_NAMES = {"guid", "uuid", "content", "content_id", "sha", "desc", "finding", "findings"}
COMMANDS = (
    "publish draft --as greet --dry-run",
    "publish draft --as greet",
    "import hello.json",
    "show library/greet --versions",
    "search",
    "search --facets",
    "log library/greet",
    "usage library/greet",
    "deprecate library/greet -m old --dry-run",
    "deprecate library/greet -m old",
    "remove library/greet --dry-run",
    "add library/greet to deploy",
    "validate .",
    "lint draft",
    "plan deploy -e Test --var Name=x",
    "lock",
    "outdated --all",
    "update --all --dry-run",
    "source list",
    "config show",
    "export library/greet -o out.json",
    "pack draft -o packed.json",
    "verify",
    "runs list",
)


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    tree = make_project(
        {
            "treadle.yaml": {"environments": {"Test": {}}, "library": {"git": "./library"}},
            "deploy.yaml": {"steps": [{"name": "Say", "run": "echo #{Name}"}]},
        }
    )
    assert tree.treadle("new", "greet", "-o", "draft").exit_code == 0
    assert tree.treadle("pack", "draft", "-o", "hello.json").exit_code == 0
    text = (tree.root / "hello.json").read_text()
    guid = text.split('"Id": "')[1][:36]
    tree.write({"hello.json": text.replace('"Greet', '"Hello').replace(guid, f"{guid[:-2]}00")})
    return tree


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a document."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from mappings(item)
    elif isinstance(value, list):
        for item in value:
            yield from mappings(item)


def test_one_thing_has_one_name(project: ProjectTree) -> None:
    for command in COMMANDS:
        done = project.treadle(*shlex.split(command), "--json")
        documents = list(mappings(done.json))
        assert not documents or documents[0].keys() != {"error"}, (command, done.stderr)
        for document in documents:
            assert not OTHER_NAMES & document.keys(), (command, document.keys())
            for problem in document.get("problems") or ():
                assert "message" in problem, (command, problem)


@pytest.mark.parametrize(
    "command",
    [
        "publish draft --as greet",
        "deprecate library/greet -m old",
        "remove library/greet",
        "export library/greet -o x",
        "import builtin/sleep",
        "patch builtin/sleep",
        "lock",
        "update --all",
        "runs prune --keep 0",
        "source add other ./library",
        "new fresh",
        "add builtin/sleep to deploy",
    ],
)
def test_what_can_be_tried_says_whether_it_was(project: ProjectTree, command: str) -> None:
    project.treadle("publish", "draft", "--as", "greet")
    done = project.treadle(*command.split(), "--dry-run", "--json")
    assert done.json["dry_run"] is True, done.stderr
