"""Prompted variables, through the command line."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import Outcome, ProjectTree

VARIABLES: dict[str, Any] = {
    "Notes": {"prompt": {"label": "Release notes", "help": "What is new?", "required": True}},
    "Lane": {"value": "fast", "prompt": {"options": ["fast|Fast lane", "slow"]}},
    "Token": {"prompt": {"control": "Sensitive", "required": True}},
    "Comment": {"prompt": {}},
    "Unused": {"prompt": {"required": True}},
}
READS_ALL = "echo '#{Notes}' '#{Lane}' '<#{Comment}>'; curl -H '#{Token}' x"


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    return make_project(
        {
            "treadle.yaml": {"variables": VARIABLES},
            "deploy.yaml": {"steps": [{"name": "A", "run": READS_ALL}]},
            "token": "s3cret-token",
        }
    )


def values(done: Outcome) -> dict[str, Any]:
    return {one["name"]: one for one in done.json["steps"][0]["actions"][0]["variables"]}


def test_a_run_that_cannot_ask_lists_all_that_is_missing(shop: ProjectTree) -> None:
    done = shop.treadle("run", "deploy")
    assert done.exit_code == 2
    assert done.stderr.count("variable-not-given") == 2
    assert '"Notes" (Release notes) has to be given' in done.stderr
    assert '"Token" has to be given' in done.stderr
    assert "--var Token=..." in done.stderr
    assert "Unused" not in done.stderr


def test_a_plan_goes_on_without_them_and_warns(shop: ProjectTree) -> None:
    done = shop.treadle("plan", "deploy", "-v")
    assert done.exit_code == 0
    assert done.stderr.count("warning") == 2
    assert "(not set here)" in done.stdout


def test_what_is_optional_is_empty_and_a_proposed_value_holds(shop: ProjectTree) -> None:
    done = shop.treadle("plan", "deploy", "--var", "Notes=x", "--var", "Token=@token", "--json")
    found = values(done)
    assert (found["Comment"]["value"], found["Lane"]["value"]) == ("", "fast")
    assert found["Token"]["sensitive"] is True
    assert "s3cret-token" not in done.stdout


def test_values_come_from_a_file_too(shop: ProjectTree) -> None:
    shop.write({"answers.yaml": "Notes: new\nLane: slow\nToken: s3cret-token\n"})
    done = shop.treadle("plan", "deploy", "--values", "answers.yaml", "--json")
    assert done.exit_code == 0
    found = values(done)
    assert (found["Notes"]["value"], found["Lane"]["value"], found["Token"]["value"]) == (
        "new",
        "slow",
        "********",
    )


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("Lane=fats", '"Lane" is "fats", but it must be "fast" or "slow"'),
        ("Notes= ", '"Notes" is " ", but it must not be blank'),
    ],
)
def test_a_given_value_has_to_fit(shop: ProjectTree, given: str, complaint: str) -> None:
    done = shop.treadle("plan", "deploy", "--var", given)
    assert done.exit_code == 2
    assert f"{complaint} [variable-value]" in done.stderr


def test_a_plain_value_of_a_sensitive_prompt_is_refused(shop: ProjectTree) -> None:
    done = shop.treadle("plan", "deploy", "--var", "Token=s3cret-token")
    assert done.exit_code == 2
    assert "secret-on-command-line" in done.stderr


def test_prompts_that_make_no_sense_are_told(make_project: MakeProject) -> None:
    tree = make_project(
        {
            "treadle.yaml": "version: 1\n"
            "variables:\n"
            "  A: {prompt: {control: Select}}\n"
            "  B: {prompt: {control: Checkbox, options: [x]}}\n"
            "  C: {prompt: {control: Slider}}\n"
            "  D: {prompt: {requierd: true}}\n"
            "  E: {value: s3cret-token, prompt: {control: Sensitive}}\n"
        }
    )
    done = tree.treadle("validate", "treadle.yaml", "--json")
    found = [(problem["code"], problem["line"]) for problem in done.json["problems"]]
    assert found == [
        ("prompt-options", 3),
        ("prompt-options", 4),
        ("wrong-value", 5),
        ("unknown-key", 6),
        ("plain-secret", 7),
    ]


def test_at_a_terminal_a_run_asks_until_the_answers_will_do(shop: ProjectTree) -> None:
    # In the order of the labels: Comment, Lane, Release notes, Token.
    answers = ["", "fats", "slow", " ", "all new", "s3cret-token"]
    text = _at_a_terminal(shop, ["run", "deploy"], answers)
    assert [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")] == [
        "Comment:",
        "Lane:",
        "Release notes:",
        "Token:",
    ]
    assert "What is new?" in text
    assert "fast  Fast lane" in text
    assert '"fats" will not do: it must be "fast" or "slow".' in text
    assert "will not do: it must not be blank." in text
    assert "s3cret-token" not in text
    assert "Unused" not in text
    assert "127.0.0.1" in text  # then it went on to its engine, which is not there


def _at_a_terminal(shop: ProjectTree, arguments: list[str], answers: list[str]) -> str:
    """What a person reads who answers each question of a command."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TREADLE_HOME": str(shop.home), "TERM": "dumb"}
    command = [sys.executable, "-m", "runner", *arguments]
    with subprocess.Popen(
        command, cwd=shop.root, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # how a terminal says that nobody writes to it any more
                break
            shown += chunk
            if answers and shown.endswith(b": "):
                os.write(ours, answers.pop(0).encode() + b"\n")
        running.wait()
    os.close(ours)
    assert answers == []
    return shown.decode().replace("\r\n", "\n")


def test_a_command_runs_once_though_a_person_is_asked_in_between(shop: ProjectTree) -> None:
    variables = {
        "Who": {"prompt": {}},
        "Hello": {"from": {"cmd": "echo ran >> runs; echo 'hi #{Who}'", "shell": True}},
    }
    steps = [{"name": "A", "run": "echo '#{Hello}'"}]
    shop.write({"treadle.yaml": {"variables": variables}, "deploy.yaml": {"steps": steps}})
    assert "Who:" in _at_a_terminal(shop, ["run", "deploy"], ["you"])
    assert (shop.root / "runs").read_text() == "ran\n"
