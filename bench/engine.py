"""What a container per action costs, and how fast its output arrives. Ratios of one run hold."""

from __future__ import annotations

import statistics
import subprocess
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from bench.rounds import ROUNDS, alternate, table
from runner.engine.base import HOME_LABEL, RUN_LABEL, Container, ContainerSpec, Engine
from runner.engine.docker import DockerEngine
from runner.engine.payload import PRIVATE_DIR, START_FILE, Payload, PayloadFile
from runner.engine.worker_image import worker_reference

LOOP = "docker run --rm, hardened"
ACTIONS = 20
AHEAD = 2
MEGABYTES = 200

TRIVIAL = Payload(
    (
        PayloadFile(f"{PRIVATE_DIR}/script.sh", b"echo hello\n"),
        PayloadFile(START_FILE, b"exec bash /run/treadle/script.sh"),
    )
)
LOUD = Payload((PayloadFile(START_FILE, f"yes {'x' * 99} | head -n {MEGABYTES * 10_000}".encode()),))
HARDENED = (
    *(
        "--init",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
        "--memory",
        "2g",
        "--memory-swap",
        "2g",
    ),
    *(
        "--cpus",
        "2",
        "--pids-limit",
        "1024",
        "--tmpfs",
        "/run/treadle:mode=1777",
        "--tmpfs",
        "/tmp:mode=1777",
    ),
)


def docker_run_loop() -> None:
    for _ in range(ACTIONS):
        command = ["docker", "run", "--rm", *HARDENED, worker_reference(), "bash", "-c", "echo hello"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def one_by_one(engine: Engine, spec: ContainerSpec) -> list[float]:
    """Every container from its creation to its removal, then the next."""
    latencies = []
    for _ in range(ACTIONS):
        started = time.perf_counter()
        container = engine.prepare(spec)
        follow(container, TRIVIAL)
        latencies.append(time.perf_counter() - started)
        container.remove()
    return latencies


def started_ahead(engine: Engine, spec: ContainerSpec) -> list[float]:
    """Two containers are being prepared, or wait, while one works; removing happens beside."""
    latencies = []
    with ThreadPoolExecutor(AHEAD) as making, ThreadPoolExecutor(AHEAD) as removing:
        pool: deque[Future[Container]] = deque(making.submit(engine.prepare, spec) for _ in range(AHEAD))
        for left in reversed(range(ACTIONS)):
            container = pool.popleft().result()
            if left >= AHEAD:
                pool.append(making.submit(engine.prepare, spec))
            started = time.perf_counter()
            follow(container, TRIVIAL)
            latencies.append(time.perf_counter() - started)
            removing.submit(container.remove)
    return latencies


def follow(container: Container, payload: Payload) -> int:
    """Deliver, read everything, wait; how many bytes came."""
    container.deliver(payload)
    size = sum(len(chunk) for _, chunk in container.output())
    if container.wait().code:
        raise RuntimeError("the payload failed")
    return size


@contextmanager
def joined(engine: Engine, spec: ContainerSpec) -> Iterator[ContainerSpec]:
    held = engine.hold_namespace(spec.image, spec.network, spec.labels)
    try:
        yield ContainerSpec(spec.image, spec.labels, namespace=held.id)
    finally:
        held.remove()


def joined_one_by_one(engine: Engine, spec: ContainerSpec) -> list[float]:
    with joined(engine, spec) as inside:
        return one_by_one(engine, inside)


def joined_ahead(engine: Engine, spec: ContainerSpec) -> list[float]:
    with joined(engine, spec) as inside:
        return started_ahead(engine, inside)


def throughput(engine: Engine, spec: ContainerSpec) -> float:
    """MB/s that arrive here, of lines of 100 bytes."""
    container = engine.prepare(spec)
    try:
        started = time.perf_counter()
        size = follow(container, LOUD)
        return size / 1e6 / (time.perf_counter() - started)
    finally:
        container.remove()


def main() -> None:
    labels = {HOME_LABEL: f"bench-{uuid.uuid4()}", RUN_LABEL: "bench"}
    latencies: dict[str, list[float]] = {}
    with DockerEngine() as engine:
        engine.ensure_image(worker_reference())
        spec = ContainerSpec(worker_reference(), labels)
        ways: dict[str, Callable[[Engine, ContainerSpec], list[float]]] = {
            "one by one": one_by_one,
            "one by one, joined": joined_one_by_one,
            "started ahead, joined": joined_ahead,
        }

        def noting(name: str) -> None:
            latencies.setdefault(name, []).extend(ways[name](engine, spec))

        seconds = alternate({LOOP: docker_run_loop, **{name: partial(noting, name) for name in ways}})
        speeds = [throughput(engine, spec) for _ in range(ROUNDS)]
    print(f"{ACTIONS} trivial actions, a container each")
    print(table(seconds, base=LOOP))
    for name, values in latencies.items():
        print(f"{name}: {statistics.median(values) * 1000:.0f} ms from an action being ready to its result")
    print(f"output: {statistics.median(speeds):.0f} MB/s ({MEGABYTES} MB in lines of 100 bytes)")


if __name__ == "__main__":
    main()
