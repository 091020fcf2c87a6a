"""`treadle validate` as its users see it."""

from __future__ import annotations

from tests.conftest import MakeProject

GOOD = "version: 1\nsteps:\n  - {name: x, run: echo}\n"
BAD = "version: 1\nsteps:\n  - {name: x, rum: echo}\n"
TEMPLATE = (
    '{"Id": "7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11", "Name": "X ", "ActionType": "Octopus.Manual",\n'
    '"Version": 1, "Properties": {}, "Parameters": []}\n'
)


def test_good_documents(make_project: MakeProject) -> None:
    project = make_project({"deploy.yaml": GOOD})
    outcome = project.treadle("validate", "deploy.yaml")
    assert (outcome.exit_code, outcome.stdout) == (0, "1 document checked: no problems\n")


def test_problems_are_told_with_their_place(make_project: MakeProject) -> None:
    project = make_project({"deploy.yaml": BAD, "x.json": TEMPLATE})
    outcome = project.treadle("validate", ".")
    assert outcome.exit_code == 1
    assert outcome.stdout == (
        'deploy.yaml:3:15: error: step "x": unknown key "rum" (did you mean "run"?) [unknown-key]\n'
        'x.json:1:56: warning: "X " begins or ends with a blank [blank-in-name]\n'
        "2 documents checked: 1 error, 1 warning\n"
    )


def test_processes_and_projects_are_checked_by_all_their_rules(make_project: MakeProject) -> None:
    project = make_project(
        {
            "deploy.yaml": GOOD + "  - {name: X, run: echo}\n",
            "treadle.yaml": "version: 1\nenvironments: {Test: {}}\n"
            "targets: {web: {environments: [Tst], roles: [web]}}\n",
        }
    )
    outcome = project.treadle("validate", "--json", ".")
    assert outcome.exit_code == 1
    assert [(problem["file"], problem["line"], problem["code"]) for problem in outcome.json["problems"]] == [
        ("deploy.yaml", 4, "duplicate-step"),
        ("treadle.yaml", 3, "unknown-environment"),
    ]


def test_warnings_fail_when_strict(make_project: MakeProject) -> None:
    project = make_project({"x.json": TEMPLATE})
    assert project.treadle("validate", "x.json").exit_code == 0
    assert project.treadle("validate", "--strict", "x.json").exit_code == 1


def test_json_holds_every_problem(make_project: MakeProject) -> None:
    outcome = make_project({"deploy.yaml": BAD}).treadle("validate", "--json", "deploy.yaml")
    assert outcome.exit_code == 1
    assert outcome.json == {
        "ok": False,
        "checked": 1,
        "problems": [
            {
                "message": 'step "x": unknown key "rum" (did you mean "run"?)',
                "code": "unknown-key",
                "path": "steps[0].rum",
                "hint": None,
                "severity": "error",
                "file": "deploy.yaml",
                "line": 3,
                "column": 15,
            }
        ],
    }


def test_missing_path_is_bad_input(make_project: MakeProject) -> None:
    outcome = make_project({}).treadle("validate", "nowhere.yaml")
    assert outcome.exit_code == 2
    assert outcome.complaint == 'error: "nowhere.yaml" does not exist\n  hint: Give a file or a folder.\n'


def test_no_path_is_a_usage_error(make_project: MakeProject) -> None:
    assert make_project({}).treadle("validate").exit_code == 2
