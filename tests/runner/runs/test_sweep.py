from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from registry.errors import Unavailable
from registry.home import Home
from runner.engine.base import HOME_LABEL, RUN_LABEL, ContainerSpec, Endpoint
from runner.engine.fake import FakeContainer, FakeEngine, State
from runner.execution.engines import Engines
from runner.runs.journal import Journal
from runner.runs.sweep import dead_runs, forget_engines, home_identity, note_engines, sweep

IMAGE = "treadle/test:1"
REMOTE = Endpoint("tcp://10.0.0.1:2376", (("ca", "/ca.pem"), ("cert", "/cert.pem")))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


@pytest.fixture
def live(home: Home) -> Iterator[Journal]:
    """A run that is going on."""
    with Journal.create(home.runs, "deploy", None, "shop", {}) as journal:
        note_engines(home, journal.run, [Endpoint()])
        yield journal


@pytest.fixture
def dead(home: Home) -> str:
    """A run whose process has died in the middle: its lock is free."""
    with Journal.create(home.runs, "deploy", None, "shop", {}) as journal:
        note_engines(home, journal.run, [Endpoint(), REMOTE])
    return journal.run


def left(engine: FakeEngine, home: str, run: str) -> FakeContainer:
    return engine.prepare(ContainerSpec(IMAGE, {HOME_LABEL: home, RUN_LABEL: run}))


def engine() -> FakeEngine:
    return FakeEngine(images={IMAGE: {}})


def test_a_home_has_one_identity_for_good(home: Home, tmp_path: Path) -> None:
    assert home_identity(home) == home_identity(home)
    assert home_identity(Home.at(tmp_path / "other")) != home_identity(home)


def test_many_that_start_at_once_agree_on_the_identity(home: Home) -> None:
    barrier = Barrier(8)

    def ask(_: int) -> str:
        barrier.wait()
        return home_identity(home)

    with ThreadPoolExecutor(8) as pool:
        (identity,) = set(pool.map(ask, range(8)))
    assert len(identity) == 32


def test_a_home_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot"):
        home_identity(Home.at(tmp_path / "file" / "home"))


def test_only_runs_that_nobody_works_on_are_dead(home: Home, live: Journal, dead: str) -> None:
    assert dead_runs(home) == [dead]
    forget_engines(home, dead)
    assert dead_runs(home) == []


def test_without_runs_there_is_nothing_to_do(home: Home) -> None:
    assert sweep(home, Engines(lambda _: FakeEngine(answers=False))) == []


def test_only_what_dead_runs_of_this_home_left_is_removed(home: Home, live: Journal, dead: str) -> None:
    here, remote = engine(), engine()
    own = home_identity(home)
    gone = [left(here, own, dead), left(remote, own, dead)]
    kept = [left(here, own, live.run), left(here, "another home", dead)]
    assert sweep(home, Engines(lambda at: remote if at == REMOTE else here)) == [dead]
    assert [container.state for container in gone] == [State.REMOVED] * 2
    assert [container.state for container in kept] == [State.WAITING] * 2
    assert dead_runs(home) == []


def test_an_engine_that_does_not_answer_is_tried_again_next_time(home: Home, dead: str) -> None:
    here, remote = engine(), engine()
    remote.answers = False
    engines = Engines(lambda at: remote if at == REMOTE else here)
    assert sweep(home, engines) == []
    assert dead_runs(home) == [dead]
    remote.answers = True
    assert sweep(home, engines) == [dead]


def test_a_note_that_can_not_be_read_means_the_engine_of_this_machine(home: Home, dead: str) -> None:
    (home.runs / dead / "engines.json").write_text("{torn")
    asked: list[Endpoint] = []

    def connect(at: Endpoint) -> FakeEngine:
        asked.append(at)
        return engine()

    assert sweep(home, Engines(connect)) == [dead]
    assert asked == [Endpoint()]


def test_artifacts_that_had_come_in_part_go_and_the_others_stay(home: Home, live: Journal, dead: str) -> None:
    for run in (live.run, dead):
        part = home.runs / run / "artifacts" / "deploy" / ".part-x"
        part.mkdir(parents=True)
        (part / "content").write_bytes(b"half")
        (part.parent / "report.txt").write_bytes(b"whole")
    sweep(home, Engines(lambda endpoint: engine()))
    assert [path.name for path in (home.runs / dead / "artifacts" / "deploy").iterdir()] == ["report.txt"]
    assert (live.folder / "artifacts" / "deploy" / ".part-x" / "content").exists()
