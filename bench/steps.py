"""What a step costs: `python -m bench.steps`. Needs a Docker engine and the worker image.

Twenty trivial bash steps through `treadle run`, start-up included, against a shell loop of twenty `docker run` with
the same isolation on the same kind of network; the latency of one action, from ready to result; what `--help` costs
over bare Python; a step that prints 200 MB in two million lines.
"""

from __future__ import annotations

import json
import os
import shlex
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bench.rounds import alternate, run, table
from runner.engine.base import ContainerLimits
from runner.engine.payload import PRIVATE_DIR
from runner.engine.worker_image import worker_reference

STEPS = 20
LINES = 2_000_000
LINE = 100
TREADLE = str(Path(sys.executable).with_name("treadle"))

FLOOD = f"""
from sys import stdout
for block in range({LINES} // 1000):
    stdout.write("".join(f"{{block * 1000 + n:0{LINE - 1}}}\\n" for n in range(1000)))
"""


@contextmanager
def project(steps: list[dict[str, str]]) -> Iterator[Path]:
    """A folder with a process of these steps, and a home below it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        process = {"version": 1, "name": "Bench", "steps": steps}
        (folder / "bench.yaml").write_text(json.dumps(process))
        (folder / "treadle.yaml").write_text("version: 1\n")  # whatever lies above
        yield folder


def treadle_run(folder: Path) -> list[dict[str, object]]:
    """Run the process; its events."""
    environment = {**os.environ, "TREADLE_HOME": str(folder / "home")}
    command = [TREADLE, "-C", str(folder), "run", "bench", "--progress", "json"]
    return [json.loads(line) for line in run(command, environment).splitlines()]


def docker_run(what: str) -> str:
    """`docker run` of an image and its command, after further options, with the isolation that an action has."""
    limits = ContainerLimits()
    options = [
        "--rm --init --network bridge --log-driver none --cap-drop ALL --security-opt no-new-privileges",
        f"--memory {limits.memory} --memory-swap {limits.memory} --pids-limit {limits.pids}",
        f"--cpus {min(limits.cpus, os.cpu_count() or 1)}",
        f"--tmpfs {PRIVATE_DIR}:rw,nosuid,nodev,noexec,mode=1777,size={limits.private_size}",
        f"--tmpfs /tmp:rw,nosuid,nodev,exec,mode=1777,size={limits.tmp_size}",
    ]
    return f"docker run {' '.join(options)} {what}"


def measure_steps() -> None:
    steps = [{"name": f"step {n}", "run": "echo hello"} for n in range(STEPS)]
    once = docker_run(f"{worker_reference()} bash -c {shlex.quote('echo hello')}")
    loop = f"set -e; for step in $(seq {STEPS}); do {once}; done"
    found: list[float] = []
    with project(steps) as folder:

        def ours() -> None:
            found.extend(latencies(treadle_run(folder)))

        loop_name, name = f"loop of {STEPS} docker run", f"treadle run, {STEPS} steps"
        ways = {loop_name: lambda: run(["bash", "-c", loop]), name: ours}
        print(table(alternate(ways), loop_name))
    print(f"an action, from ready to result: median {statistics.median(found) * 1000:.0f} ms")


def latencies(events: list[dict[str, object]]) -> Iterator[float]:
    """Seconds between start and end of each action, by the journal's clock."""
    started: dict[object, datetime] = {}
    for event in events:
        at = datetime.fromisoformat(str(event["time"]))
        if event["event"] == "action-started":
            started[event["action"]] = at
        elif event["event"] == "action-finished":
            yield (at - started[event["action"]]).total_seconds()


def measure_start() -> None:
    ways = {
        "python -c pass": lambda: run([sys.executable, "-c", "pass"]),
        "treadle --help": lambda: run([TREADLE, "--help"]),
    }
    print(table(alternate(ways, rounds=15), "python -c pass"))


def measure_flood() -> None:
    """Speed into the journal, the peak of Treadle's memory, and whether every line is there."""
    with project([{"name": "flood", "shell": "python", "run": FLOOD}]) as folder:
        command = [TREADLE, "-C", str(folder), "-q", "run", "bench"]
        environment = {**os.environ, "TREADLE_HOME": str(folder / "home")}
        peak = _peak_memory(command, environment)
        journal = next((folder / "home" / "runs").glob("*/events.jsonl"))
        seconds = number = 0.0
        for line in journal.open():
            event = json.loads(line)
            if event["event"] == "log" and event["level"] == "info":
                for text in event["lines"]:
                    assert int(text) == number, f"line {number} is not there"
                    number += 1
            elif event["event"] == "action-finished":
                seconds = event["seconds"]
    assert number == LINES
    print(f"{LINES:,} lines, none lost: {LINES * LINE / 1e6 / seconds:.0f} MB/s, peak {peak / 1e6:.0f} MB")


def _peak_memory(command: list[str], environment: dict[str, str]) -> int:
    """Run a command; the most memory that it held, in bytes."""
    process = os.posix_spawn(command[0], command, environment)
    _, status, usage = os.wait4(process, 0)
    assert status == 0
    return usage.ru_maxrss * 1024


if __name__ == "__main__":
    measure_steps()
    measure_start()
    measure_flood()
