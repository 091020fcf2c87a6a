from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from registry.cli.pager import pager_command
from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.terminal import TREADLE, on_terminal

LONG = "search --facets"
"""Longer than the screen, of which a terminal without a height is taken to have 24 rows."""


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    return make_project({"treadle.yaml": {"environments": {"Test": {}}}})


def seen(project: ProjectTree, command: str, pager: str = "sed s/^/paged:/") -> list[str]:
    environment = {"TREADLE_HOME": str(project.home), "PAGER": pager}
    return on_terminal(command, project.root, 80, environment).splitlines()


@pytest.mark.parametrize(
    "command",
    [
        "show builtin/http-request",
        "show builtin/http-request --json",
        "lint --rules",
        "help run",
        "search --json",
    ],
)
def test_long_output_goes_through_the_pager(project: ProjectTree, command: str) -> None:
    lines = seen(project, f"{TREADLE} {command}")
    assert len(lines) > 20
    assert all(line.startswith("paged:") for line in lines), lines


@pytest.mark.parametrize("command", ["search sleep", "runs list", "config show home", "show nope/nope"])
def test_short_output_does_not(project: ProjectTree, command: str) -> None:
    lines = seen(project, f"{TREADLE} {command}")
    assert lines
    assert not any(line.startswith("paged:") for line in lines)


@pytest.mark.parametrize(
    "command",
    [
        "{treadle} show builtin/http-request --no-pager",
        "{treadle} --no-pager show builtin/http-request",
        "{treadle} show builtin/http-request | cat",
        "{treadle} show builtin/http-request > file; cat file",
        "TERM=dumb {treadle} show builtin/http-request",
        "PAGER= {treadle} show builtin/http-request",
        "PAGER=cat {treadle} show builtin/http-request",
        "PAGER=no-such-pager {treadle} show builtin/http-request",
    ],
)
def test_nothing_is_paged_where_nobody_asks_for_it(project: ProjectTree, command: str) -> None:
    lines = seen(project, command.format(treadle=TREADLE))
    assert len(lines) > 20
    assert not any("paged:" in line for line in lines)


def test_messages_come_where_the_output_goes(project: ProjectTree) -> None:
    long = seen(project, f"{TREADLE} show builtin/http-request --json; {TREADLE} plan nope")
    assert sum(not line.startswith("paged:") for line in long) == 2


def test_a_reader_who_has_seen_enough_makes_no_failure(project: ProjectTree) -> None:
    lines = seen(project, f"{TREADLE} show builtin/http-request --json; echo $?", pager="head -1")
    assert lines == ["{", "0"]


def test_the_exit_code_is_that_of_the_command(project: ProjectTree, tmp_path: Path) -> None:
    project.write({f"p{number}.yaml": "version: 1\nsteps: [\n" for number in range(20)})
    lines = seen(project, f"{TREADLE} validate .; echo $?")
    assert lines[-1] == "1"
    assert lines[0].startswith("paged:")


def test_less_is_taken_only_where_the_terminal_says_how_high_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "less").write_text("#!/bin/sh\n")
    (tmp_path / "less").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pager_command({}, height_known=True) == ["less"]
    assert pager_command({}, height_known=False) is None
    assert pager_command({"PAGER": shlex.join(["less", "-R", "a b"])}, height_known=False) == [
        "less",
        "-R",
        "a b",
    ]
    assert pager_command({"PAGER": "less '"}, height_known=True) is None
