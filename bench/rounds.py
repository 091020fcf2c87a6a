"""Rounds of a benchmark: ways of doing the same thing, alternating, so that a slow minute hits all of them."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

ROUNDS = 5


def alternate(ways: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds of every way in every round, after one round that isn't counted."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(rounds + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if round_:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a command that must succeed prints."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)[:200]}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def table(seconds: Mapping[str, Sequence[float]], base: str) -> str:
    """Medians in milliseconds, with the ratio of the medians to that of `base`."""
    width = max(map(len, seconds))
    unit = statistics.median(seconds[base])
    lines = [f"{'':{width}}  median ms     min     max  ratio"]
    for name, values in seconds.items():
        median = statistics.median(values)
        low, high = min(values) * 1000, max(values) * 1000
        lines.append(f"{name:{width}} {median * 1000:10.0f} {low:7.0f} {high:7.0f} {median / unit:6.2f}")
    return "\n".join(lines)
