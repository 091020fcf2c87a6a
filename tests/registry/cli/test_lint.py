"""`treadle lint` as its users see it."""

from __future__ import annotations

import json

from tests.conftest import MakeProject
from tests.support.repository import SourceRepository

TEMPLATE = """{
  "Id": "7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11",
  "Name": "Greeting - Say hello ",
  "Description": "Greets everybody.",
  "ActionType": "Octopus.Manual", "Version": 3,
  "Properties": {},
  "Parameters": [],
  "Packages": [{"FeedId": "feeds-1"}],
  "$Meta": {"ExportedAt": "2024-01-01T00:00:00.000Z", "Type": "ActionTemplate"},
  "LastModifiedBy": "me",
  "Category": "other"
}
"""


def test_findings_with_place_and_next_step(make_project: MakeProject) -> None:
    outcome = make_project({"greeting-say-hello.json": TEMPLATE}).treadle("lint", "greeting-say-hello.json")
    assert outcome.exit_code == 1
    assert outcome.stdout == (
        'greeting-say-hello.json:3:11: warning: the name "Greeting - Say hello " begins or ends with a blank '
        "[blank-in-name]\n  hint: Remove the blank.\n"
        'greeting-say-hello.json:8:27: error: the feed "feeds-1" of package 1 is hard-coded [feed-hard-coded]\n'
        '  hint: Bind the feed to a parameter or variable: "#{My.Feed}".\n'
        "1 template linted: 2 findings\n"
    )


def test_fix_then_lint(make_project: MakeProject) -> None:
    project = make_project({"greeting-say-hello.json": TEMPLATE})
    tried = project.treadle("lint", "--fix", "--dry-run", "--ignore", "feed-hard-coded")
    assert tried.stdout.startswith("would fix greeting-say-hello.json: blank-in-name\n")
    outcome = project.treadle("lint", "--fix", "--ignore", "feed-hard-coded")
    assert (outcome.exit_code, outcome.stdout) == (
        0,
        "fixed greeting-say-hello.json: blank-in-name\n1 template linted: all good\n",
    )
    assert (project.root / "greeting-say-hello.json").read_text() == TEMPLATE.replace("hello ", "hello")


def test_warnings_fail_when_strict(make_project: MakeProject) -> None:
    project = make_project({"greeting-say-hello.json": TEMPLATE})
    assert project.treadle("lint", "--ignore", "feed-hard-coded").exit_code == 0
    assert project.treadle("lint", "--ignore", "feed-hard-coded", "--strict").exit_code == 1


def test_json(make_project: MakeProject) -> None:
    report = make_project({"greeting-say-hello.json": TEMPLATE}).treadle("lint", "--json").json
    assert (report["ok"], report["templates"]) == (False, 1)
    assert [problem["code"] for problem in report["problems"]] == ["blank-in-name", "feed-hard-coded"]


def test_rules_are_listed(make_project: MakeProject) -> None:
    project = make_project({})
    rules = project.treadle("lint", "--rules", "--json").json
    assert {"id", "severity", "why", "fix", "fixable"} == set(rules[0])
    assert "blank-in-name (warning, --fix)\n" in project.treadle("lint", "--rules").stdout


def test_bad_input(make_project: MakeProject) -> None:
    project = make_project({"greeting-say-hello.json": TEMPLATE})
    assert project.treadle("lint", "nowhere").exit_code == 2
    outcome = project.treadle("lint", "--ignore", "feed-hardcoded")
    assert outcome.exit_code == 2
    assert 'there is no lint rule "feed-hardcoded"' in outcome.stderr
    assert "feed-hard-coded" in outcome.stderr


def test_where_there_is_no_template_there_is_nothing_to_lint(make_project: MakeProject) -> None:
    project = make_project({"deploy.yaml": {"steps": [{"name": "A", "run": "x"}]}})
    done = project.treadle("lint", "deploy.yaml")
    assert done.exit_code == 2
    assert 'error[nothing-to-lint]: there is no template at "deploy.yaml"' in done.stderr


def test_templates_of_sources_are_linted_as_they_lie_there(make_project: MakeProject) -> None:
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\n"})
    SourceRepository.create(project.root / "ours").commit({"greeting.json": TEMPLATE.encode()})
    assert project.treadle("source", "sync", "ours").exit_code == 0
    done = project.treadle("lint", "ours/greeting", "--ignore", "feed-hard-coded")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith("ours/greeting:3:11: warning: ")
    assert project.treadle("lint", "greeting@3").exit_code == 1
    both = project.treadle("lint", "builtin/sleep", "ours/greeting", "--json").json
    assert (both["ok"], both["templates"]) == (False, 2)
    fixed = project.treadle("lint", "ours/greeting", "--fix")
    assert (fixed.exit_code, "where --fix changes nothing" in fixed.stderr) == (2, True)


def test_a_template_of_a_source_that_is_not_valid_has_its_errors_reported(make_project: MakeProject) -> None:
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\n"})
    broken = TEMPLATE.replace('"Version": 3', '"Version": "three"')
    SourceRepository.create(project.root / "ours").commit({"greeting.json": broken.encode()})
    assert project.treadle("source", "sync", "ours").exit_code == 0
    done = project.treadle("lint", "ours/greeting")
    assert done.exit_code == 1
    assert "ours/greeting:6:" in done.stdout
    assert "Version" in done.stdout


def test_built_in_templates_are_good_ones(make_project: MakeProject) -> None:
    done = make_project({}).treadle("lint", "builtin/sleep", "builtin/wait-for-http")
    assert (done.exit_code, done.stdout) == (0, "2 templates linted: all good\n")


def test_powershell_scripts_are_said_to_run_somewhere(make_project: MakeProject) -> None:
    def folder(name: str, script: str) -> dict[str, str]:
        value = {
            "Id": f"7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c{len(name):02}",
            "Name": f"Tool - {name}",
            "ActionType": "Octopus.Script",
            "Version": 1,
            "Properties": {
                "Octopus.Action.Script.Syntax": "PowerShell",
                "Octopus.Action.Script.ScriptBody": script,
            },
            "Parameters": [],
        }
        return {f"all/{name}.json": json.dumps(value)}

    files = folder("a", "Get-Item x") | folder("bb", "az login") | folder("ccc", "Get-Service")
    project = make_project(files)
    one = project.treadle("lint", "all/bb.json").stdout
    assert one.startswith("all/bb.json: runs on Linux with tools: az\n")
    many = project.treadle("lint", "all").stdout
    counts = "3 PowerShell scripts: 1 for Linux, 1 for Linux with tools, 1 for Windows only\n"
    assert counts in many
    assert "runs on Linux" not in many
    assert "all/a.json: runs on Linux\n" in project.treadle("lint", "all", "--verbose").stdout
    verdicts = {item["template"]: item for item in project.treadle("lint", "all", "--json").json["verdicts"]}
    assert verdicts["all/ccc.json"]["platform"] == "windows-only"
    assert verdicts["all/ccc.json"]["reasons"][0]["lines"] == [1]
