"""What `show`, `import` and `new` say of templates: README, tests, rules, examples, versions not to be used."""

from __future__ import annotations

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SCRIPT, SYNTAX, SourceRepository, template

TEMPLATE = """\
schema: 1
id: 0f8fad5b-d9cb-469f-a165-70867728950e
name: Tool - Use it
version: 1
description: Uses the tool.
category: testing
action_type: Octopus.Script
script: {syntax: Bash, file: script.sh}
parameters:
  - {name: Tool.Url, help: Where to ask., required: true, pattern: "https?://.+"}
  - {name: Tool.Count, default: "3", minimum: 1, maximum: 10}
  - {name: Tool.Colour, default: r, control: Select, options: [r|Red, g]}
"""


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    """A project whose source `ours` has a template folder with README and tests."""
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\nlibrary: {git: ./library}\n"})
    files = {
        "tool/template.yaml": TEMPLATE.encode(),
        "tool/script.sh": b"echo hi\n",
        "tool/README.md": b"# The tool\n\n- one\n- two\n",
        "tool/tests/works.yaml": b"name: works\n",
        "tool/tests/data/more.yaml": b"x: 1\n",
        "windows.json": template("Windows", Properties={SYNTAX: "CSharp", SCRIPT: "x"}),
    }
    SourceRepository.create(project.root / "ours").commit(files)
    assert project.treadle("source", "sync", "ours").exit_code == 0
    return project


def test_readme_and_tests_are_shown(project: ProjectTree) -> None:
    shown = project.treadle("show", "ours/tool").stdout
    assert "\nREADME\n# The tool\n\n- one\n- two\n" in shown
    assert shown.endswith("1 test file: treadle test ours/tool\n")
    as_json = project.treadle("show", "ours/tool", "--json").json
    assert as_json["readme"] == "# The tool\n\n- one\n- two\n"
    assert as_json["tests"] == ["works.yaml"]


def test_the_rules_of_a_parameter_are_shown(project: ProjectTree) -> None:
    lines = project.treadle("show", "ours/tool").stdout.splitlines()
    assert "  Tool.Url  SingleLineText · required · pattern: https?://.+" in lines
    assert "  Tool.Count  SingleLineText · default: 3 · minimum: 1 · maximum: 10" in lines
    assert "    one of: r (Red), g" in lines


def test_why_a_template_cannot_run_is_shown(project: ProjectTree) -> None:
    assert "Cannot run yet: it is written in CSharp." in project.treadle("show", "ours/windows").stdout
    assert "Cannot run" not in project.treadle("show", "ours/tool").stdout
    data = project.treadle("show", "ours/windows", "--json").json
    assert (data["runnable"], data["obstacle"]) == (False, "is written in CSharp")


def test_where_a_template_runs_is_shown_with_the_evidence(make_project: MakeProject) -> None:
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\n"})
    script = "Get-Item x\nGet-Service y\naz login\n$env:TEMP"
    ours = SourceRepository.create(project.root / "ours")
    ours.commit({"svc.json": template("Svc", Properties={SYNTAX: "PowerShell", SCRIPT: "az login"})})
    ours.commit({"svc.json": template("Svc", Version=2, Properties={SYNTAX: "PowerShell", SCRIPT: script})})
    project.treadle("source", "sync", "ours")
    shown = project.treadle("show", "ours/svc").stdout
    assert (
        "Runs on: Windows only\n  Windows services: Get-Service (line 2)\n"
        "  a variable that is empty on Linux: TEMP (line 4)\n" in shown
    )
    older = project.treadle("show", "ours/svc@1").stdout
    assert "Runs on: Linux with tools: az\n" in older
    data = project.treadle("show", "ours/svc", "--json").json
    assert (data["platform"], data["verdict"]["tools"]) == ("windows-only", ["az"])


def test_a_template_in_a_language_that_is_not_read_has_no_verdict(make_project: MakeProject) -> None:
    project = make_project({"treadle.yaml": "sources: {ours: {git: ./ours}}\n"})
    files = {"sharp.json": template("Sharp", Properties={SYNTAX: "CSharp", SCRIPT: "x"})}
    SourceRepository.create(project.root / "ours").commit(files)
    project.treadle("source", "sync", "ours")
    assert "Runs on" not in project.treadle("show", "ours/sharp").stdout
    data = project.treadle("show", "ours/sharp", "--json").json
    assert (data["platform"], data["verdict"]) == (None, None)


def test_an_example_is_a_step_to_paste(project: ProjectTree) -> None:
    done = project.treadle("show", "tool", "--example")
    assert done.stdout == (
        '- name: "Tool - Use it"\n'
        "  uses: ours/tool@1\n"
        "  with:\n"
        "    # Where to ask.\n"
        "    # required; pattern: https?://.+\n"
        '    Tool.Url: ""\n'
        "    # minimum: 1; maximum: 10\n"
        '    # Tool.Count: "3"\n'
        "    # one of: r, g\n"
        "    # Tool.Colour: r\n"
    )
    as_json = project.treadle("show", "tool", "--example", "--json").json
    assert as_json == {"reference": "ours/tool@1", "example": done.stdout}


def test_versions_that_must_not_run_are_marked_in_the_list(project: ProjectTree) -> None:
    assert project.treadle("import", "ours/tool").exit_code == 0
    assert "NOTICES" not in project.treadle("show", "library/tool", "--versions").stdout
    assert project.treadle("revoke", "library/tool@1", "--reason", "leaks").exit_code == 0
    lines = project.treadle("show", "library/tool", "--versions").stdout.splitlines()
    assert lines[-2].split()[-1] == "NOTICES"
    assert lines[-1].endswith("revoked: leaks")


def test_import_says_what_cannot_run(project: ProjectTree) -> None:
    done = project.treadle("import", "ours/windows")
    assert "  It cannot run yet: it is written in CSharp." in done.stdout.splitlines()
    (item,) = project.treadle("import", "ours/windows", "--json").json["templates"]
    assert (item["runnable"], item["obstacle"]) == (False, "is written in CSharp")
    assert "cannot run" not in project.treadle("import", "ours/tool").stdout
