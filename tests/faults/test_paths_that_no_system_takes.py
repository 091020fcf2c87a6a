"""Arguments that are no usable path: a sentence, whatever the command does with them."""

from __future__ import annotations

import os

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

COMMANDS = (
    "validate {}",
    "lint {}",
    "publish {}",
    "import {}",
    "pack {}",
    "unpack {} -o out",
    "test {}",
    "run {}",
    "plan {}",
    "init {}",
    "export {} -o out.tgz",
    "diff {} {}",
    "-C {} search a",
    "lock -C {}",
    "expand a --var-file {}",
    "expand a --var A=@{}",
)


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    project = make_project({"deploy.yaml": "version: 1\nsteps: [{name: A, run: echo hi}]\n"})
    (project.root / "loop").symlink_to("loop")
    os.mkfifo(project.root / "pipe")
    return project


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000 + "b", "loop", "loop/below", "deploy.yaml/below"])
def test_a_path_that_no_file_system_takes_is_told(project: ProjectTree, name: str) -> None:
    for command in COMMANDS:
        done = project.treadle(*command.format(name, name).split())
        assert done.exit_code in (1, 2, 3), (command, done.stderr)
        assert "internal-error" not in done.stderr, (command, done.stderr)


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(project: ProjectTree) -> None:
    for command in (
        "expand a --var-file pipe",
        "expand a --var A=@pipe",
        "validate pipe",
        "-C pipe search a",
    ):
        done = project.treadle(*command.split())
        assert done.exit_code == 2, (command, done.stderr)
        assert "internal-error" not in done.stderr, (command, done.stderr)


def test_a_device_is_not_read_for_ever(project: ProjectTree) -> None:
    for command in ("expand a --var-file /dev/zero", "expand a --var A=@/dev/zero"):
        done = project.treadle(*command.split())
        assert (done.exit_code, "neither a file nor a pipe" in done.stderr) == (2, True), done.stderr
