"""A newcomer's first commands: those of the README, then docs/team.md, with the output that the page shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from tests.support.transcript import Command, File, Shell, comparable, transcript

CHECKOUT = Path(__file__).parents[1]
TEAM = (CHECKOUT / "docs/team.md").read_text()
ANN = "/home/ann"
_FIRST_COMMANDS = 20


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A newcomer's: nothing is there but git's settings."""
    folder = tmp_path / "ann"
    folder.mkdir()
    git = tmp_path / "gitconfig"
    git.write_text("[user]\n\tname = Ann\n\temail = ann@example.com\n[init]\n\tdefaultBranch = main\n")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": str(git),
        "TREADLE_HOME": str(tmp_path / "home"),
        "TREADLE_COMMUNITY_URL": str(community(tmp_path / "community")),
    }
    return Shell(folder, environment)


def community(folder: Path) -> Path:
    """A small stand-in for the community's repository, with the template that the README speaks of."""
    (folder / "step-templates").mkdir(parents=True)
    template = {
        "Id": "f6a0b1c2-6d54-4e0e-8f5b-2f0f5b1c7d21",
        "Name": "HTTP - Test URL (Bash)",
        "Description": "Makes a GET request and checks the answer: an HTTP test.",
        "ActionType": "Octopus.Script",
        "Version": 1,
        "Category": "http",
        "Properties": {
            "Octopus.Action.Script.ScriptBody": 'curl --fail "$(get_octopusvariable uri)"',
            "Octopus.Action.Script.Syntax": "Bash",
            "Octopus.Action.Script.ScriptSource": "Inline",
        },
        "Parameters": [],
    }
    (folder / "step-templates/bash-http-test-url.json").write_text(json.dumps(template))
    for arguments in (
        ["init", "-q", "-b", "master"],
        ["add", "-A"],
        ["commit", "-q", "-m", "Add a template"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


def first_minutes() -> list[Command]:
    """The commands of the README's first minutes."""
    section = (
        (CHECKOUT / "README.md").read_text().partition("\n## The first minutes\n")[2].partition("\n## ")[0]
    )
    return list(takewhile(lambda step: step.line.startswith("treadle"), _commands(section)))


def _commands(page: str) -> list[Command]:
    return [step for step in transcript(page) if isinstance(step, Command)]


def test_the_first_commands_are_at_least_twenty() -> None:
    assert len(first_minutes()) >= 6
    assert len(first_minutes()) + len(_commands(TEAM)) >= _FIRST_COMMANDS


@pytest.mark.docker
@pytest.mark.slow
def test_the_first_minutes_of_the_readme_go_well(shell: Shell) -> None:
    for step in first_minutes():
        exit_code, output = shell.run(step.line)
        assert exit_code == 0, f"{step.line}\n{output}"


@pytest.mark.slow
def test_a_team_begins_as_its_page_shows(shell: Shell) -> None:
    start = shell.folder
    for step in transcript(TEAM):
        if isinstance(step, File):
            (start / step.path).write_text(step.content)
            continue
        exit_code, output = shell.run(step.line)
        assert exit_code == 0, f"{step.line}\n{output}"
        assert comparable(output.replace(str(start), ANN)) == comparable(step.output), step.line


def test_hashes_and_days_are_all_that_may_differ() -> None:
    one = "Commit 3f2a91c0de of 2026-03-02 at version 12"
    assert comparable(one) == "Commit HASH of DAY at version 12"
    assert not re.search("HASH|DAY", comparable("the facade was defaced, accede"))
