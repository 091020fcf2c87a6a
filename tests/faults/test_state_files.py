"""Something else in the place of a file that Treadle keeps: it is told or replaced, and nobody waits for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.home import Home
from runner.engine.base import Endpoint
from runner.runs.engine_notes import note_engines
from runner.runs.journal import Journal
from runner.runs.sweep import home_identity
from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, template


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    project = make_project({"treadle.yaml": "version: 1\nsources: {ours: {git: ./ours}}\n"})
    SourceRepository.create(project.root / "ours").commit({"good.json": template("Good")})
    project.home.mkdir(parents=True, exist_ok=True)
    return project


def _other_bytes(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\0[")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _nothing(path: Path) -> None:
    path.symlink_to("missing/folder")


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """Whoever waits for a pipe fails instead of hanging."""
    signal.alarm(60)
    yield
    signal.alarm(0)


INTRUDERS: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "other bytes": _other_bytes,
    "link to itself": _loop,
    "link to nothing": _nothing,
}
intruder = pytest.mark.parametrize("put", INTRUDERS.values(), ids=INTRUDERS)


@intruder
@pytest.mark.parametrize("name", ["lock", "engines.json", "run.json", "events.jsonl", "result.json"])
def test_a_run_whose_files_are_something_else_stops_no_command(
    project: ProjectTree, name: str, put: Callable[[Path], None]
) -> None:
    home = Home.at(project.home)
    with Journal.create(home.runs, "deploy", None, "shop", {}, folder=project.root) as journal:
        if name == "engines.json":
            note_engines(home, journal.run, [Endpoint("tcp://127.0.0.1:1")])
    (journal.folder / name).unlink(missing_ok=True)
    put(journal.folder / name)
    for command in (("runs", "list"), ("search", "sleep"), ("runs", "list", "--json")):
        done = project.treadle(*command)
        assert (done.exit_code, "internal-error" in done.stderr) == (0, False), (command, done.stderr)
    done = project.treadle("runs", "show", journal.run)
    assert "internal-error" not in done.stderr, done.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"two\nlines", b"x" * 5000, b"short"])
def test_a_damaged_identity_of_a_home_is_made_again(tmp_path: Path, content: bytes) -> None:
    home = Home.at(tmp_path)
    (tmp_path / "home-id").write_bytes(content)
    made = home_identity(home)
    assert len(made) == 32
    assert home_identity(home) == made


def test_a_pipe_in_the_place_of_an_identity_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "home-id")
    assert home_identity(Home.at(tmp_path)) == (tmp_path / "home-id").read_text()


@intruder
def test_something_else_in_the_place_of_the_library_is_told(
    project: ProjectTree, put: Callable[[Path], None]
) -> None:
    put(project.home / "library")
    for command in (("search", "sleep"), ("source", "list"), ("verify",), ("usage", "builtin/sleep")):
        done = project.treadle(*command)
        assert (done.exit_code, "internal-error" in done.stderr) == (0, False), (command, done.stderr)
    done = project.treadle("import", "builtin/sleep")
    assert "internal-error" not in done.stderr, done.stderr
    assert done.exit_code in (0, 3)  # in an empty folder, a library can begin


@intruder
@pytest.mark.parametrize("name", ["sources", "locks", "projects", "config.yaml", "index.sqlite"])
def test_something_else_in_the_place_of_what_a_home_holds_is_told(
    project: ProjectTree, name: str, put: Callable[[Path], None]
) -> None:
    put(project.home / name)
    for command in (("search", "sleep"), ("source", "sync", "ours"), ("source", "list"), ("doctor",)):
        done = project.treadle(*command)
        assert "internal-error" not in done.stderr + done.stdout, (command, done.stderr)
        assert done.exit_code in (0, 1, 2, 3)
