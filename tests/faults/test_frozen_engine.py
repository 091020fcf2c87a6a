"""An engine that accepts connections and never answers: nobody waits for it for long."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.journey import Journey, docker
from tests.support.relay import Relay


@pytest.fixture
def frozen() -> Iterator[str]:
    """The address of an engine that never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("command", [("doctor",), ("image", "list"), ("run", "deploy")])
def test_it_is_told_within_seconds(journey: Journey, frozen: str, command: tuple[str, ...]) -> None:
    journey.process({"name": "A", "run": "true"})
    started = time.monotonic()
    done = journey.treadle(*command, env={"DOCKER_HOST": frozen})
    assert time.monotonic() - started < 12
    assert done.exit_code == (1 if command == ("doctor",) else 3), done.said
    assert f'The Docker engine at "{frozen}" does not answer: ' in done.stdout + done.stderr


@pytest.mark.parametrize(
    "command", [("search", "sleep"), ("runs", "list"), ("plan", "deploy"), ("validate", ".")]
)
def test_what_needs_no_engine_does_not_wait_for_one(
    journey: Journey, frozen: str, command: tuple[str, ...]
) -> None:
    journey.process({"name": "A", "run": "true"})

    def seconds() -> float:
        started = time.monotonic()
        journey.treadle(*command, env={"DOCKER_HOST": frozen})
        return time.monotonic() - started

    usual = seconds()
    dead = journey.home / "runs" / "00000000001"
    dead.mkdir(parents=True)
    (dead / "engines.json").write_text(json.dumps([{"host": frozen, "tls": []}]))
    assert seconds() < 5 + 2 * usual
    assert seconds() < 2 + 2 * usual, "it tried again at once"


def test_ctrl_c_before_the_run_has_begun_ends_it_at_once(journey: Journey, frozen: str) -> None:
    journey.process({"name": "A", "run": "true"})
    with journey.running(env={"DOCKER_HOST": frozen}) as run:
        time.sleep(2)
        run.send(signal.SIGINT)
        started = time.monotonic()
        done = run.finish()
    assert done.exit_code == 130, done.said
    assert time.monotonic() - started < 2


@pytest.mark.docker
def test_ctrl_c_twice_ends_a_run_whose_engine_froze(journey: Journey, tmp_path: Path) -> None:
    journey.process({"name": "A", "run": "echo ready; sleep 60"})
    relay = Relay(tmp_path / "docker.sock", Path("/var/run/docker.sock"))
    try:
        with journey.running(env={"DOCKER_HOST": f"unix://{relay.front}"}) as run:
            run.await_log("ready")
            relay.freeze()
            run.send(signal.SIGINT)
            time.sleep(0.5)
            run.send(signal.SIGINT)
            started = time.monotonic()
            done = run.finish()
    finally:
        relay.close()
    assert done.exit_code == 130, done.said
    assert time.monotonic() - started < 5
    assert "interrupted" in journey.treadle("runs", "list").stdout
    _remove_rest(journey)


def _remove_rest(journey: Journey) -> None:
    """The engine of the run, a relay, is gone for good: no command would find it again."""
    if left := journey.containers():
        docker("rm", "-f", "-v", *left)
