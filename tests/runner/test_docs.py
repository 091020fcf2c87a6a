"""What the documents of the runner promise, held against the code."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import errors
from registry.resources import schema_file
from runner.documents import read_process, read_project
from tests.conftest import MakeProject

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
_CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+")
_REPORTERS = {name for name in vars(errors) if name[0].isupper()} | {
    *("EngineError", "ImageNotFound", "ContainerRefused", "ArtifactRefused", "ArtifactMissing"),
    *("problem_at", "problem", "warning", "variable", "report", "_warn", "_refused"),
}


def blocks(name: str) -> list[str]:
    """The YAML documents in a page."""
    found = re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
    return [block for block in found if "version: 1" in block]


def codes() -> Iterator[str]:
    """Every code that the runner gives to an error, a problem or a warning."""
    for path in (CHECKOUT / "runner").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in _REPORTERS:
                yield from (text for text in map(_text, node.args) if _CODE.fullmatch(text))


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("text", blocks("processes.md"))
def test_examples_of_processes_are_right(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_text(text)
    assert read_process(path, tmp_path).steps


@pytest.mark.parametrize("text", [*blocks("projects.md"), *blocks("variables.md")])
def test_examples_of_projects_are_right(tmp_path: Path, text: str) -> None:
    path = tmp_path / "treadle.yaml"
    path.write_text(text)
    assert read_project(path, tmp_path).variables


def test_the_first_process_can_be_planned(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_HOOK", "https://chat.example.com/hook")
    project = make_project(
        {"treadle.yaml": blocks("projects.md")[0], "deploy.yaml": blocks("processes.md")[0]}
    )
    done = project.treadle("plan", "deploy", "-e", "Production", "--strict")
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("page", "schema", "part"),
    [
        ("processes.md", "process", None),
        ("processes.md", "process", "step"),
        ("processes.md", "process", "container"),
        ("projects.md", "project", None),
        ("projects.md", "project", "target"),
        ("variables.md", "project", "variable"),
        ("variables.md", "project", "scoped"),
    ],
)
def test_every_key_is_told(page: str, schema: str, part: str | None) -> None:
    rules = json.loads(schema_file(schema).read_text())
    text = (DOCS / page).read_text()
    keys = (rules["$defs"][part] if part else rules)["properties"]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_every_key_of_a_later_version_is_told() -> None:
    later = json.loads(schema_file("process").read_text())["$defs"]["step"]["x-not-yet"]
    text = (DOCS / "processes.md").read_text()
    assert [key for key in later if f"`{key}`" not in text] == []


def test_every_error_code_is_told() -> None:
    """In errors.md, or on the page of what it belongs to."""
    text = "".join(page.read_text() for page in DOCS.glob("*.md"))
    assert sorted({code for code in codes() if f"`{code}`" not in text}) == []


@pytest.mark.parametrize("page", ["processes.md", "projects.md", "variables.md", "errors.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (DOCS / page).read_text()):
        assert (DOCS / target).exists(), target
