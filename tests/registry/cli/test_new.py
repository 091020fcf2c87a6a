"""`treadle new`: a template that is valid from the first moment."""

from __future__ import annotations

import os

import pytest

from tests.conftest import MakeProject


@pytest.mark.parametrize(("syntax", "script"), [("bash", "script.sh"), ("python", "script.py")])
def test_new_template(make_project: MakeProject, syntax: str, script: str) -> None:
    project = make_project({})
    outcome = project.treadle("new", "notify-team", "--syntax", syntax, "--name", "Chat - Notify the team")
    assert outcome.exit_code == 0
    assert f"  notify-team/{script}\n" in outcome.stdout
    assert outcome.stdout.endswith(
        "next: treadle validate notify-team, treadle lint notify-team, "
        "treadle test notify-team, treadle publish notify-team\n"
    )
    assert project.treadle("validate", "notify-team").exit_code == 0
    assert project.treadle("lint", "notify-team").stdout == "1 template linted: all good\n"


def test_others_may_read_what_is_new(make_project: MakeProject) -> None:
    project = make_project({})
    before = os.umask(0o022)
    try:
        project.treadle("new", "nap", "-o", "templates/nap")
    finally:
        os.umask(before)
    folders = ("templates", "templates/nap", "templates/nap/tests")
    assert {(project.root / folder).stat().st_mode & 0o777 for folder in folders} == {0o755}


def test_copy_of_another(make_project: MakeProject) -> None:
    project = make_project({})
    outcome = project.treadle("new", "nap", "--from", "builtin/sleep", "-o", "templates/nap")
    assert outcome.exit_code == 0
    assert "name: Treadle - Sleep (nap)\n" in (project.root / "templates/nap/template.yaml").read_text()
    assert project.treadle("validate", "templates").exit_code == 0


def test_dry_run(make_project: MakeProject) -> None:
    project = make_project({})
    assert project.treadle("new", "nap", "--dry-run").stdout.startswith(
        "would write nap\n  nap/template.yaml\n"
    )
    assert not (project.root / "nap").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a/b"], '"a/b" cannot be the name of a template'),
        (["taken"], '"taken" exists already'),
        (["nap", "--from", "builtin/slep"], "slep"),
        (["nap", "--from", "nowhere/x"], "nowhere"),
        (["nap", "--from", "builtin/sleep", "--syntax", "bash"], "--syntax goes with a new template"),
        (["nap", "--syntax", "cobol"], "cobol"),
    ],
)
def test_bad_input(make_project: MakeProject, arguments: list[str], said: str) -> None:
    project = make_project({"taken/file": "x"})
    outcome = project.treadle("new", *arguments)
    assert outcome.exit_code == 2
    assert said in outcome.stderr
    assert not (project.root / "nap").exists()
