"""Engines and clients that die in the middle of something."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.engine import docker_connect, docker_container
from runner.engine.base import (
    HOME_LABEL,
    RUN_LABEL,
    ContainerRefused,
    ContainerSpec,
    Endpoint,
    EngineError,
    ImageNotFound,
)
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import worker_reference
from tests.support.engine import Bench, Program
from tests.support.relay import Relay

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("forgotten_sockets")]

TALKS_ON = Program("echo started; exec sleep 60")

CLIENT = """
import sys, time
from runner.engine.base import ContainerSpec
from runner.engine.docker import DockerEngine
engine = DockerEngine()
labels = {"treadle.home": sys.argv[2], "treadle.run": "killed"}
held = engine.hold_namespace(sys.argv[1], "none", labels)
container = engine.prepare(ContainerSpec(sys.argv[1], labels, namespace=held.id))
print(held.id, container.id, flush=True)
time.sleep(60)
"""


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    relay = Relay(tmp_path / "docker.sock", Path("/var/run/docker.sock"))
    yield relay
    relay.close()


@pytest.fixture
def relayed(relay: Relay, docker_engine: DockerEngine) -> Iterator[Bench]:
    """The engine of this machine, reached through a relay."""
    with DockerEngine(Endpoint(f"unix://{relay.front}")) as engine:
        bench = Bench(engine, ContainerSpec(worker_reference(), {}))
        yield bench
        list(docker_engine.sweep(bench.home, lambda _: False))


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def is_running(container: str) -> bool:
    command = ["docker", "inspect", "--format", "{{.State.Running}}", container]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "true"


def test_an_engine_that_dies_is_no_end_of_output(relayed: Bench, relay: Relay) -> None:
    container = relayed.engine.prepare(relayed.spec())
    container.deliver(TALKS_ON.payload)
    output = container.output()
    next(output)
    relay.close()
    with pytest.raises(EngineError, match="broke"):
        list(output)
    with pytest.raises(EngineError):
        container.remove()


def test_a_cut_connection_is_no_end_of_output(
    relayed: Bench, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_container, "END_TIMEOUT", 1.0)
    container = relayed.engine.prepare(relayed.spec())
    container.deliver(TALKS_ON.payload)
    output = container.output()
    next(output)
    relay.cut_connections()
    with pytest.raises(EngineError, match="closed the output of an action that goes on"):
        list(output)
    container.remove()


def test_what_waits_ends_with_its_client(docker_engine: DockerEngine) -> None:
    home = f"test-{uuid.uuid4()}"
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, worker_reference(), home], stdout=subprocess.PIPE, text=True
    )
    assert client.stdout
    with client.stdout as output:
        made = output.readline().split()
    try:
        assert len(made) == 2
        assert all(is_running(one) for one in made)
        client.kill()
        client.wait()
        assert eventually(lambda: not any(is_running(one) for one in made))
    finally:
        client.kill()
        assert list(docker_engine.sweep(home, lambda _: False)) == ["killed"]
    labels = f"label={HOME_LABEL}={home}"
    left = subprocess.run(["docker", "ps", "-aq", "--filter", labels], capture_output=True, check=True).stdout
    assert left == b""


def test_a_failed_start_leaves_nothing(worker_bench: Bench) -> None:
    for changes in (
        {"network": "no-such-network"},
        {"user": "nobody-knows"},
        {"volumes": {"/no/such/path": "/x"}},
    ):
        with pytest.raises(ContainerRefused, match=r"no-such-network|nobody-knows|/no/such/path"):
            worker_bench.engine.prepare(worker_bench.spec(**changes))
    assert worker_bench.left_behind() == []


def test_an_image_that_cannot_be_pulled_is_told_with_the_nearest_one(worker_bench: Bench) -> None:
    with pytest.raises(ImageNotFound) as caught:
        worker_bench.engine.ensure_image("localhost:1/treadle/worker:0.1.0")
    assert "cannot be pulled" in caught.value.message
    with pytest.raises(ImageNotFound) as caught:
        worker_bench.engine.prepare(worker_bench.spec(image=worker_reference().replace("worker", "wroker")))
    assert caught.value.hint == f'Did you mean "{worker_reference()}"?'


def test_a_missing_network_is_told_with_those_there_are(worker_bench: Bench) -> None:
    with pytest.raises(ContainerRefused, match="no-such-network") as caught:
        worker_bench.engine.prepare(worker_bench.spec(network="no-such-network"))
    assert "bridge, host, none" in str(caught.value.hint)


def test_labels_say_whose_a_container_is(worker_bench: Bench) -> None:
    container = worker_bench.engine.prepare(worker_bench.spec("run-7"))
    template = f'{{{{index .Config.Labels "{HOME_LABEL}"}}}} {{{{index .Config.Labels "{RUN_LABEL}"}}}}'
    command = ["docker", "inspect", "--format", template, container.id]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    container.remove()
    assert found == [worker_bench.home, "run-7"]


def test_an_engine_that_freezes_is_waited_for_once(
    relay: Relay, docker_engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_connect, "TIMEOUT", 2)
    monkeypatch.setattr(docker_connect, "LOST_TIMEOUT", 1)
    monkeypatch.setattr(docker_container, "SILENCE", 1)
    with DockerEngine(Endpoint(f"unix://{relay.front}")) as engine:
        bench = Bench(engine, ContainerSpec(worker_reference(), {}))
        container = engine.prepare(bench.spec())
        container.deliver(TALKS_ON.payload)
        output = container.output()
        next(output)
        relay.freeze()
        started = time.monotonic()
        with pytest.raises(EngineError, match="timed out"):
            list(output)
        assert time.monotonic() - started < 5
        with pytest.raises(EngineError):
            container.remove()
        assert time.monotonic() - started < 7
        list(docker_engine.sweep(bench.home, lambda _: False))
