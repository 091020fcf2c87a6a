from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from registry.errors import Unavailable
from registry.home import Home
from runner.engine.base import HOME_LABEL, RUN_LABEL, ContainerSpec, Endpoint
from runner.engine.fake import FakeContainer, FakeEngine, State
from runner.execution.connections import Connections
from runner.runs.engine_notes import forget_engines, note_engines
from runner.runs.journal import Journal
from runner.runs.sweep import (
    dead_runs,
    home_identity,
    sweep,
    sweep_soon,
)

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
    assert sweep(home, Connections(lambda _: FakeEngine(answers=False))) == []


def test_only_what_dead_runs_of_this_home_left_is_removed(home: Home, live: Journal, dead: str) -> None:
    here, remote = engine(), engine()
    own = home_identity(home)
    gone = [left(here, own, dead), left(remote, own, dead)]
    kept = [left(here, own, live.run), left(here, "another home", dead)]
    assert sweep(home, Connections(lambda at: remote if at == REMOTE else here)) == [dead]
    assert [container.state for container in gone] == [State.REMOVED] * 2
    assert [container.state for container in kept] == [State.WAITING] * 2
    assert dead_runs(home) == []


def test_an_engine_that_does_not_answer_is_tried_again_next_time(home: Home, dead: str) -> None:
    here, remote = engine(), engine()
    remote.answers = False
    engines = Connections(lambda at: remote if at == REMOTE else here)
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

    assert sweep(home, Connections(connect)) == [dead]
    assert asked == [Endpoint()]


def test_artifacts_that_had_come_in_part_go_and_the_others_stay(home: Home, live: Journal, dead: str) -> None:
    for run in (live.run, dead):
        part = home.runs / run / "artifacts" / "deploy" / ".part-x"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"half")
        (part.parent / "report.txt").write_bytes(b"whole")
    sweep(home, Connections(lambda endpoint: engine()))
    assert [path.name for path in (home.runs / dead / "artifacts" / "deploy").iterdir()] == ["report.txt"]
    assert (live.folder / "artifacts" / "deploy" / ".part-x").exists()


class Frozen(FakeEngine):
    """An engine that takes its time."""

    asked = 0

    def sweep(self, home: str, is_live: Callable[[str], bool]) -> Iterable[str]:
        self.asked += 1
        time.sleep(4)
        return super().sweep(home, is_live)


def test_a_command_does_not_wait_for_an_engine_that_is_frozen(home: Home, dead: str) -> None:
    frozen = Frozen()
    started = time.monotonic()
    assert sweep_soon(home, Connections(lambda _: frozen)) == []
    assert time.monotonic() - started < 3
    started = time.monotonic()
    assert sweep_soon(home, Connections(lambda _: frozen)) == []
    assert time.monotonic() - started < 0.1, "the next command tried again at once"
    assert frozen.asked == 1, "it has two engines, and the first one is frozen"


def test_where_the_engine_answers_a_command_clears_up(home: Home, dead: str) -> None:
    assert sweep_soon(home, Connections(lambda _: engine())) == [dead]


@pytest.mark.parametrize("record", ["[1]", '[{"host": 3}]', "{}", "null", '[{"tls": []}]', "[", "\xff"])
def test_a_damaged_record_of_engines_stops_nothing(home: Home, dead: str, record: str) -> None:
    (home.runs / dead / "engines.json").write_bytes(record.encode("latin-1"))
    assert sweep_soon(home, Connections(lambda _: engine())) == [dead]
