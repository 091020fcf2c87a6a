"""Values from elsewhere, through the command line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

SECRET = "correct-horse-battery-staple"
RAN = "echo ran >> runs; echo "


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")  # planning needs no engine: none answers here
    variables: dict[str, Any] = {
        "Plain": {"from": {"cmd": f"{RAN}plain", "shell": True}},
        "Password": {"sensitive": True, "from": {"cmd": f"{RAN}`cat vault`", "shell": True}},
        "Url": "https://user:#{Password}@host/",
        "Indirect": {"from": {"cmd": "echo '<#{Plain}>'"}},
    }
    return make_project({"treadle.yaml": {"variables": variables}, "vault": SECRET})


def plan(shop: ProjectTree, script: str, *options: str) -> str:
    steps = [{"name": "A", "run": script}, {"name": "B", "run": script}]
    shop.write({"deploy.yaml": {"steps": steps}})
    done = shop.treadle("plan", "deploy", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def runs(shop: ProjectTree) -> int:
    file = shop.root / "runs"
    return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.mark.parametrize(
    ("script", "times"),
    [
        ("echo hello", 0),
        ("echo '#{Plain}'", 1),
        ("echo '#{Url}'", 1),
        ("echo '#{Indirect}'", 1),
        ("get_octopusvariable Plain", 1),
        ('get_octopusvariable "$1"', 2),
    ],
)
def test_a_command_runs_once_and_only_where_something_reads_it(
    shop: ProjectTree, script: str, times: int
) -> None:
    plan(shop, script)
    assert runs(shop) == times


def test_a_command_that_nothing_reads_is_shown_so(shop: ProjectTree) -> None:
    text = plan(shop, "echo '#{Plain}'", "-v")
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.startswith("       P")}
    assert rows["Plain"][0] == "plain"
    assert rows["Password"][:2] == ["(not", "read)"]


def test_what_a_command_prints_for_a_sensitive_variable_is_a_secret(shop: ProjectTree) -> None:
    assert SECRET not in plan(shop, "echo '#{Url}'", "-v")
    assert SECRET not in plan(shop, "echo '#{Url}'", "--json")


def test_a_given_value_spares_the_command(shop: ProjectTree) -> None:
    shop.write({"pw": SECRET})
    plan(shop, "echo '#{Password} #{Plain}'", "--var", "Plain=x", "--var", "Password=@pw")
    assert runs(shop) == 0


def test_validate_runs_no_command(shop: ProjectTree) -> None:
    plan(shop, "echo '#{Plain}'", "--var", "Plain=x")
    assert shop.treadle("validate", ".").exit_code == 0
    assert runs(shop) == 0


def test_a_command_that_fails_is_a_warning_for_a_plan_and_an_error_for_a_run(shop: ProjectTree) -> None:
    variables = {"Token": {"from": {"cmd": ["sh", "-c", "echo locked >&2; exit 2"]}}}
    steps = [{"name": "A", "run": "echo '#{Token}'"}]
    shop.write({"treadle.yaml": {"variables": variables}, "deploy.yaml": {"steps": steps}})
    told = "failed with exit code 2: locked"
    planned, ran = shop.treadle("plan", "deploy"), shop.treadle("run", "deploy")
    assert (planned.exit_code, ran.exit_code) == (0, 2)
    assert told in planned.stderr
    assert "warning" in planned.stderr
    assert told in ran.stderr
    assert "variable-command" in ran.stderr


def test_expand_runs_what_its_text_reads(shop: ProjectTree) -> None:
    assert shop.treadle("expand", "hello").stdout == "hello\n"
    assert runs(shop) == 0
    assert shop.treadle("expand", "#{Plain}!").stdout == "plain!\n"
    assert runs(shop) == 1


def test_bad_sources_are_told_at_their_place(make_project: MakeProject) -> None:
    tree = make_project(
        {
            "treadle.yaml": "version: 1\n"
            "variables:\n"
            "  A: {from: {env: X, file: Y}}\n"
            "  B: {from: {env: X, timeout: 5}}\n"
            '  C: {from: {cmd: "echo \'x"}}\n'
            "  D: {from: {sealed: hello}}\n"
            "  E: {from: {cmd: x, timeout: soon}}\n"
            "  F: {from: {}}\n"
        }
    )
    done = tree.treadle("validate", "treadle.yaml")
    assert done.exit_code == 1
    said = [line for line in done.stdout.splitlines() if line.startswith("treadle.yaml")]
    assert [line.split(" ")[0] for line in said] == [
        "treadle.yaml:3:13:",
        "treadle.yaml:4:31:",
        "treadle.yaml:5:19:",
        "treadle.yaml:6:22:",
        "treadle.yaml:7:31:",
        "treadle.yaml:8:13:",
    ], done.stdout
