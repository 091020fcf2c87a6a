"""`treadle vars list` and `explain`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

PROJECT = """\
version: 1
environments: {Test: {}, Production: {}}
targets:
  web-1: {environments: [Test, Production], roles: [web-server, primary]}
variable_sets: [common.yaml]
variables:
  Site.Host:
    value: test.example.com
    scopes:
      - {value: www.example.com, environment: Production}
      - {value: web.example.com, role: primary, environment: Production}
      - {value: step.example.com, step: Deploy}
  Url: "https://#{Site.Host}/"
  Token: {sensitive: true, from: {env: TOKEN}}
  Slow: {from: {cmd: "touch ran"}}
  Sleep.Duration: 5s
  Octopus.Project.Name: ours
"""
COMMON = """\
version: 1
name: Common
variables:
  Site.Host: set.example.com
"""
DEPLOY: dict[str, Any] = {
    "name": "Web shop",
    "steps": [
        {"name": "Deploy", "run": "echo #{Url}", "roles": ["web-server"]},
        {"name": "Sleep", "uses": "builtin/sleep@1", "with": {"Sleep.Duration": "1s"}},
    ],
}


@pytest.fixture
def shop(make_project: MakeProject) -> ProjectTree:
    return make_project({"treadle.yaml": PROJECT, "common.yaml": COMMON, "deploy.yaml": DEPLOY})


def explain(shop: ProjectTree, *arguments: str) -> Any:
    done = shop.treadle("vars", "explain", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return done.json


def verdicts(explanation: Any) -> list[tuple[str, str, str]]:
    return [(one["value"], one["verdict"], one["reason"]) for one in explanation["candidates"]]


class TestExplain:
    def test_the_winner_and_every_loser_have_a_reason_and_a_place(self, shop: ProjectTree) -> None:
        found = explain(shop, "site.host", "-e", "production", "--target", "web-1")
        assert (found["name"], found["value"]) == ("Site.Host", "web.example.com")
        assert verdicts(found) == [
            ("web.example.com", "wins", "it is for this role"),
            ("step.example.com", "elsewhere", 'it is for step "Deploy"'),
            ("www.example.com", "weaker", "the winner is for this role"),
            ("test.example.com", "weaker", "the winner is for this role"),
            ("set.example.com", "weaker", "the winner is for this role"),
        ]
        assert [one["at"] for one in found["candidates"]] == [
            "treadle.yaml:11:17",
            "treadle.yaml:12:17",
            "treadle.yaml:10:17",
            "treadle.yaml:8:12",
            "common.yaml:4:3",
        ]

    def test_a_step_is_found_in_the_processes_of_the_project(self, shop: ProjectTree) -> None:
        found = explain(shop, "Url", "-e", "Test", "--step", "deploy", "--target", "web-1")
        assert (found["step"], found["process"], found["value"]) == (
            "Deploy",
            "Web shop",
            "https://step.example.com/",
        )

    def test_a_given_value_beats_the_project(self, shop: ProjectTree) -> None:
        found = explain(shop, "Site.Host", "-e", "Test", "--var", "site.host=given")
        assert verdicts(found)[:2] == [
            ("given", "wins", "it was given for this command"),
            ("test.example.com", "overridden", "a given value beats it"),
        ]

    def test_a_project_beats_the_system(self, shop: ProjectTree) -> None:
        found = explain(shop, "Octopus.Project.Name", "-e", "Test")
        assert verdicts(found) == [("ours", "wins", "no scope is more specific")]
        assert explain(shop, "octopus.environment.name", "-e", "Test")["value"] == "Test"

    def test_inside_a_template_its_parameter_hides_the_project(self, shop: ProjectTree) -> None:
        found = explain(shop, "Sleep.Duration", "-e", "Test", "--step", "Sleep")
        assert found["value"] == "1s"
        assert [one[:2] for one in verdicts(found)] == [("1s", "wins"), ("5s", "overridden")]

    def test_no_command_runs_and_no_secret_shows(
        self, shop: ProjectTree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOKEN", "s3cret-token")
        assert explain(shop, "Slow", "-e", "Test")["candidates"][0]["source"] == "command touch ran"
        assert not (shop.root / "ran").exists()
        for form in ((), ("--json",)):
            done = shop.treadle("vars", "explain", "Token", "-e", "Test", *form)
            assert done.exit_code == 0
            assert "s3cret-token" not in done.stdout + done.stderr

    def test_a_value_that_is_not_here_says_why(self, shop: ProjectTree) -> None:
        found = explain(shop, "Token", "-e", "Test")
        assert found["value"] is None
        assert found["unset"] == 'the environment variable "TOKEN" is not set'

    def test_what_only_a_run_knows_is_said_so(self, shop: ProjectTree) -> None:
        found = explain(shop, "Octopus.Task.Id", "-e", "Test")
        assert (found["value"], found["candidates"], found["notes"]) == (None, [], ["Only a run knows it."])

    def test_as_text(self, shop: ProjectTree) -> None:
        done = shop.treadle("vars", "explain", "Url", "-e", "Test")
        assert [line.split("  ")[0] for line in done.stdout.splitlines()] == [
            "Url = https://test.example.com/",
            "",
            "",
            "",
            "✓ wins",
            "",
        ]
        assert done.stdout.splitlines()[4].split() == [
            *("✓", "wins", "https://#{Site.Host}/", "-", "treadle.yaml:13:3"),
            *("no", "scope", "is", "more", "specific"),
        ]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["Nope", "-e", "Test"], "variable-not-found"),
            (["Url"], "environment-missing"),
            (["Url", "-e", "Tset"], "unknown-environment"),
            (["Url", "-e", "Test", "--target", "web-9"], "unknown-target"),
            (["Url", "-e", "Test", "--step", "Depoly"], "unknown-step"),
            (["Url", "-e", "Test", "--process", "depoly"], "process-not-found"),
        ],
    )
    def test_what_is_not_there_is_told(self, shop: ProjectTree, arguments: list[str], code: str) -> None:
        done = shop.treadle("vars", "explain", *arguments)
        assert done.exit_code == 2
        assert f"error[{code}]" in done.stderr

    def test_a_step_of_several_processes_has_to_be_told_apart(self, shop: ProjectTree) -> None:
        shop.write({"other.yaml": DEPLOY})
        done = shop.treadle("vars", "explain", "Url", "-e", "Test", "--step", "Deploy")
        assert done.exit_code == 2
        assert "step-ambiguous" in done.stderr
        assert (
            explain(shop, "Url", "-e", "Test", "--step", "Deploy", "--process", "other")["step"] == "Deploy"
        )


class TestList:
    def test_every_value_is_listed_with_its_place(self, shop: ProjectTree) -> None:
        done = shop.treadle("vars", "list")
        assert done.exit_code == 0
        lines = [line.split() for line in done.stdout.splitlines()]
        assert lines[1] == [
            "Site.Host",
            "www.example.com",
            "environment:",
            '"Production"',
            "treadle.yaml:10:17",
        ]
        assert ["Site.Host", "set.example.com", "-", "common.yaml:4:3"] in lines
        assert ["Token", "(environment", "variable", "TOKEN)", "-", "treadle.yaml:14:34"] in lines

    def test_at_a_place_only_what_wins_is_listed(self, shop: ProjectTree) -> None:
        done = shop.treadle("vars", "list", "-e", "Production", "--target", "web-1", "--json")
        hosts = [one for one in done.json if one["name"] == "Site.Host"]
        assert [[value["value"] for value in one["values"]] for one in hosts] == [["web.example.com"]]
        assert shop.treadle("vars", "list", "-e", "Tset").exit_code == 2

    def test_as_data(self, shop: ProjectTree) -> None:
        found = {one["name"]: one for one in shop.treadle("vars", "list", "--json").json}
        assert found["Token"]["sensitive"] is True
        assert found["Site.Host"]["values"][1]["scope"] == {
            "environment": ["Production"],
            "role": ["primary"],
        }
        assert found["Site.Host"]["values"][-1]["set"] == "Common"


def test_expand_does_not_mind_scopes_of_steps(shop: ProjectTree) -> None:
    assert shop.treadle("expand", "#{Url}", "-e", "Test").stdout == "https://test.example.com/\n"
