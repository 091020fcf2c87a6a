"""The GitHub Action and the GitLab component: they parse, their commands exist, and their steps run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from registry.text.yaml_document import load_yaml
from tests.support.commands import misfit

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "integrations"
ACTION: dict[str, Any] = load_yaml((FOLDER / "github/action.yml").read_text(), "action.yml").value
SPEC, JOBS = (
    load_yaml(part, "template.yml").value
    for part in (FOLDER / "gitlab/template.yml").read_text().split("\n---\n")
)
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"]}
CHECKS = ("Validate", "Lint", "Lock")


def scripts() -> dict[str, str]:
    """Every script of both, by its place."""
    found = {f"github {name}": step["run"] for name, step in STEPS.items()}
    return found | {
        f"gitlab {name}": "\n".join(job["script"]) for name, job in JOBS.items() if "script" in job
    }


@pytest.mark.parametrize("place", scripts())
def test_every_command_exists(place: str) -> None:
    commands = re.findall(r"^treadle .*$", scripts()[place], re.MULTILINE)
    assert commands or place == "github Install"
    for command in commands:
        shown = command.replace('"${options[@]}"', "--strict").replace('"$', '"X')
        assert misfit(shown) is None, command


def test_both_check_the_same() -> None:
    for step in (*CHECKS, "Test", "Publish"):
        commands = re.findall(r"^treadle (\w+)", STEPS[step]["run"], re.MULTILINE)
        job = "\n".join(JOBS[f"treadle-{step.lower()}"]["script"])
        assert re.findall(r"^treadle (\w+)", job, re.MULTILINE) == commands


def test_a_composite_action_names_a_shell_for_each_step() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert {step["shell"] for step in STEPS.values()} == {"bash"}


def test_every_input_is_used_and_documented() -> None:
    inputs = SPEC["spec"]["inputs"]
    template, action = ((FOLDER / name).read_text() for name in ("gitlab/template.yml", "github/action.yml"))
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", template)) == set(inputs)
    assert set(re.findall(r"inputs\.(\w+)", action)) == set(ACTION["inputs"])
    for name, known in (("gitlab", inputs), ("github", ACTION["inputs"])):
        page = (FOLDER / name / "README.md").read_text()
        assert [item for item in known if f"`{item}`" not in page] == []


def test_no_input_becomes_a_part_of_a_script() -> None:
    """What somebody else can choose, such as the name of a branch, must not be read as shell."""
    assert [place for place, script in scripts().items() if "${{" in script or "$[[" in script] == []


@pytest.mark.parametrize("page", ["github", "gitlab"])
def test_the_readme_gives_inputs_that_there_are(page: str) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", (FOLDER / page / "README.md").read_text(), re.M | re.S)
    value = load_yaml(block, "README.md").value
    if page == "gitlab":
        given, known = value["include"][0]["inputs"], SPEC["spec"]["inputs"]
        assert {name for name, item in known.items() if "default" not in item} <= set(given)
    else:
        given, known = value["jobs"]["treadle"]["steps"][-1]["with"], ACTION["inputs"]
    assert set(given) <= set(known)


# --- running them


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example project, locked, with a template of its own; the community's repository is an empty stand-in."""
    folder = tmp_path / "project"
    shutil.copytree(CHECKOUT / "examples/health-check", folder)
    community = tmp_path / "community/step-templates"
    community.mkdir(parents=True)
    assert shell(folder, "treadle new tell --syntax bash -o library/tell").returncode == 0
    pack = f'treadle pack library/tell -o "{community}/tell.json"'
    commit = f'cd "{community.parent}" && git init -q -b master && git add -A && git commit -qm x'
    for line in (pack, commit, "treadle lock"):
        done = shell(folder, line)
        assert done.returncode == 0, done.stdout
    return folder


def shell(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a CI service does: bash that ends at the first error."""
    home = {
        "TREADLE_HOME": str(folder.parent / "home"),
        "TREADLE_COMMUNITY_URL": str(folder.parent / "community"),
    }
    program = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **home, **program, "CI": "true", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def run_step(project: Path, step: str, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
    """A step of the Action, with the inputs `templates: library` and `strict: false`."""
    done = shell(
        project, STEPS[step]["run"], **{"TEMPLATES": "library", "STRICT": "false", **(variables or {})}
    )
    return done.returncode, done.stdout


@pytest.mark.slow
def test_a_sound_project_passes(project: Path) -> None:
    for step in CHECKS:
        assert run_step(project, step)[0] == 0, run_step(project, step)[1]
        job = "\n".join(JOBS[f"treadle-{step.lower()}"]["script"])
        done = shell(project, job, TEMPLATES="library")
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "file", "old", "new", "exit_code"),
    [
        ("Validate", "deploy.yaml", "uses:", "use:", 1),
        ("Lint", "library/tell/template.yaml", "name: Tell.Message", "name: 'Tell Message'", 1),
        ("Lock", "deploy.yaml", "wait-for-http@1", "sleep@1", 5),
    ],
)
def test_a_project_with_a_problem_fails(
    project: Path, step: str, file: str, old: str, new: str, exit_code: int
) -> None:
    path = project / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert run_step(project, step, {"STRICT": "true"})[0] == exit_code


@pytest.mark.slow
def test_a_template_is_published_from_a_checkout_without_a_branch(project: Path) -> None:
    """As GitLab checks out: the job gets back onto the branch, and pushes the new version to it."""
    (project / "treadle.yaml").write_text("version: 1\nlibrary: {git: ./library}\n")
    setup = """
        git init -q -b main && git add -A && git commit -q -m Begin
        git init -q --bare ../remote.git && git remote add origin ../remote.git && git push -q -u origin main
        git checkout -q --detach
        treadle new cheer --name "Chat - Cheer" --syntax bash -o drafts/cheer
    """
    assert shell(project, setup).returncode == 0
    job = "\n".join(JOBS["treadle-publish"]["script"])
    done = shell(project, job, PUBLISH="drafts/cheer", CI_COMMIT_BRANCH="main")
    assert done.returncode == 0, done.stdout
    log = shell(project, "git --git-dir ../remote.git log --format=%s main")
    assert log.stdout.splitlines() == ["Publish Chat - Cheer 1", "Begin"]
