"""The hooks of `.pre-commit-hooks.yaml`, run as pre-commit runs them: entry, then args, at the top of a repository."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from registry.text.yaml_document import load_yaml
from tests.conftest import MakeProject
from tests.support.commands import misfit
from tests.support.project import Outcome, ProjectTree

CHECKOUT = Path(__file__).parents[2]
HOOKS: dict[str, Any] = {
    hook["id"]: hook for hook in load_yaml((CHECKOUT / ".pre-commit-hooks.yaml").read_text(), "hooks").value
}
PROCESS = "version: 1\nname: Deploy\nsteps:\n  - {name: Greet, run: echo hello}\n"

every_hook = pytest.mark.parametrize("hook", HOOKS)


def run_hook(project: ProjectTree, hook: str) -> Outcome:
    program, *words = shlex.split(HOOKS[hook]["entry"])
    assert program == "treadle"
    return project.treadle(*words, *HOOKS[hook]["args"])


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    made = make_project({"treadle.yaml": {}, "deploy.yaml": PROCESS})
    assert made.treadle("new", "greet", "--syntax", "bash", "-o", "templates/greet").exit_code == 0
    return made


def test_there_is_a_hook_for_each_check() -> None:
    assert list(HOOKS) == ["treadle-validate", "treadle-lint"]


@every_hook
def test_a_hook_is_installed_from_this_repository_and_looks_at_whole_folders(hook: str) -> None:
    assert HOOKS[hook]["language"] == "python"
    assert HOOKS[hook]["pass_filenames"] is False


@every_hook
def test_the_command_of_a_hook_exists(hook: str) -> None:
    assert misfit(shlex.join([HOOKS[hook]["entry"], *HOOKS[hook]["args"]]).replace("'", "")) is None


@every_hook
def test_a_hook_passes_where_nothing_is_wrong(project: ProjectTree, hook: str) -> None:
    done = run_hook(project, hook)
    assert done.exit_code == 0, done.stdout + done.stderr


def test_validate_refuses_a_broken_process(project: ProjectTree) -> None:
    project.write({"deploy.yaml": PROCESS.replace("run:", "rum:")})
    assert run_hook(project, "treadle-validate").exit_code == 1


def test_lint_refuses_a_script_with_a_secret(project: ProjectTree) -> None:
    (script,) = project.root.glob("templates/**/script.sh")
    script.write_text(script.read_text() + '\ncurl -H "Authorization: Bearer AKIAIOSFODNN7EXAMPLE" x\n')
    done = run_hook(project, "treadle-lint")
    assert done.exit_code == 1, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "hooks"),
    [
        ("deploy.yaml", {"treadle-validate"}),
        ("library/greet/template.yaml", {"treadle-validate", "treadle-lint"}),
        ("library/greet/script.sh", {"treadle-validate", "treadle-lint"}),
        ("step-templates/greet.json", {"treadle-validate", "treadle-lint"}),
        ("package.json", set()),
        ("docs/index.md", set()),
    ],
)
def test_a_hook_runs_when_a_file_of_its_changed(path: str, hooks: set[str]) -> None:
    assert {name for name, hook in HOOKS.items() if re.search(hook["files"], path)} == hooks
