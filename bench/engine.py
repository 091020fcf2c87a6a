"""What a container per action costs, and how fast its output arrives; ratios are of one run on one machine.

Usage: python bench/engine.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from runner.engine.base import HOME_LABEL, RUN_LABEL, Container, ContainerSpec, Engine
from runner.engine.docker import DockerEngine
from runner.engine.payload import PRIVATE_DIR, START_FILE, Payload, PayloadFile
from runner.engine.worker_image import worker_reference

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


def timed(way: Callable[[], list[float] | None]) -> tuple[float, float]:
    """Seconds in all, and the median latency of an action in milliseconds (0 where it is not known)."""
    started = time.perf_counter()
    latencies = way()
    return time.perf_counter() - started, statistics.median(latencies) * 1000 if latencies else 0.0


def main(rounds: int) -> None:
    labels = {HOME_LABEL: f"bench-{uuid.uuid4()}", RUN_LABEL: "bench"}
    with DockerEngine() as engine:
        engine.ensure_image(worker_reference())
        spec = ContainerSpec(worker_reference(), labels)
        ways: dict[str, Callable[[], list[float] | None]] = {
            "docker run --rm, hardened": docker_run_loop,
            "one by one": lambda: one_by_one(engine, spec),
            "one by one, joined": lambda: joined_one_by_one(engine, spec),
            "started ahead, joined": lambda: joined_ahead(engine, spec),
        }
        # Round by round, so that a busy moment of the machine meets every way.
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                taken[name].append(timed(way))
        report(taken)
        speeds = [throughput(engine, spec) for _ in range(rounds)]
    print(f"output: {statistics.median(speeds):.0f} MB/s ({MEGABYTES} MB in lines of 100 bytes)")


def report(taken: dict[str, list[tuple[float, float]]]) -> None:
    base = statistics.median(total for total, _ in next(iter(taken.values())))
    print(f"{ACTIONS} trivial actions, medians of {len(next(iter(taken.values())))}")
    print(f"{'way':28} {'seconds':>8} {'ms each':>8} {'ratio':>6} {'ready to result, ms':>20}")
    for name, rounds in taken.items():
        total = statistics.median(total for total, _ in rounds)
        latency = statistics.median(latency for _, latency in rounds)
        print(
            f"{name:28} {total:8.2f} {total / ACTIONS * 1000:8.0f} {total / base:6.2f} {latency:>20.0f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
