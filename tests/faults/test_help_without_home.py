"""Help needs no home: it is what somebody with a wrong TREADLE_HOME reads first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

HELP = (
    ("--help",),
    ("run", "--help"),
    ("runs", "list", "-h"),
    ("search", "-h"),
    ("help", "run"),
    ("source",),
    ("completion", "bash"),
    ("--version",),
)


@pytest.mark.parametrize("home", ["~nosuchuser/x", "/dev/null", "/dev/null/below", "x" * 300])
def test_help_is_shown_whatever_the_home_is(make_project: MakeProject, home: str) -> None:
    made = make_project({})
    project = ProjectTree(made.root, Path(home), made.monkeypatch)
    for command in HELP:
        done = project.treadle(*command)
        assert (done.exit_code, done.stderr) == (0, ""), command
        assert done.stdout, command
    for command in (("search", "sleep"), ("runs", "list"), ("show", "sleep")):
        done = project.treadle(*command)
        assert done.exit_code in (2, 3), command
        assert "error[no-home]" in done.stderr or "error[home-not-writable]" in done.stderr, command


def test_a_slip_in_an_option_is_told_before_the_home(make_project: MakeProject) -> None:
    made = make_project({})
    project = ProjectTree(made.root, Path("/dev/null"), made.monkeypatch)
    assert "no such option" in project.treadle("run", "deploy", "--nosuch").stderr
