"""How fast output gets into the journal, and in how much memory: `python -m bench.logs`.

200 MB in two million lines, in chunks as an engine gives them, through pump and journal into a file; the same with
secrets to hide. The ratio is to merely splitting the same chunks into lines, in the same round; `mask` is the masker
alone, over blocks of whole lines, its preparation included. Every round runs in
a process of its own, for its peak of memory; figures are medians. Time is that of the processor, so that others at
work on the machine count for little. Wanted: 60 MB/s without secrets, 40 with hundreds of them.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from runner.engine.base import Stream
from runner.execution import events
from runner.execution.lines import LineLimit, LineSplitter
from runner.execution.pump import OutputPump
from runner.execution.service_messages import ServiceMessage
from runner.masking.lines import LineMasker
from runner.masking.masker import Masker
from runner.model import Level
from runner.runs.journal import Journal, read

LINES = 2_000_000
LINE = 100
ROUNDS = 5
CASES = {
    "plain": "no secrets, chunks of 64 KiB",
    "small": "no secrets, chunks of 1 KiB",
    "one": "1 secret, not printed",
    "secrets": "20 secrets, none of them printed",
    "hundreds": "500 secrets, none of them printed",
    "multiline": "20 secrets of two lines, none of them printed",
    "printed": "20 secrets, one of them in every tenth line",
    "printed-hundreds": "500 secrets, one of them in every tenth line",
    "coloured": "20 secrets, every line coloured",
}
COUNTS = {"plain": 0, "small": 0, "one": 1, "hundreds": 500, "printed-hundreds": 500}


def chunks(case: str) -> Iterator[bytes]:
    """The output, the same every time."""
    words = ["a0b1c2d3e4f5a6b7c8"] * 9 + [secret(5) if "printed" in case else "a0b1c2d3e4f5a6b7c8"]
    green, normal = ("\x1b[32m", "\x1b[0m") if case == "coloured" else ("", "")
    pattern = "".join(
        f"{green}09:{normal}{n // 60:02}:{n % 60:02} INFO request {n:06} done in {n % 97} ms {words[n % 10]}".ljust(
            LINE - 1
        )
        + "\n"
        for n in range(3600)
    ).encode()
    size = 1024 if case == "small" else 64 * 1024
    pattern_twice = pattern + pattern
    for position in range(0, LINES * LINE, size):
        start = position % len(pattern)
        yield pattern_twice[start : start + min(size, LINES * LINE - position)]


def secret(number: int) -> str:
    return f"{number:02}-Zq8wR5tYxK-{number * 7919:06}"


def masker(case: str) -> Masker:
    result = Masker()
    for number in range(COUNTS.get(case, 20)):
        more = f"\n{number}-and-more-of-it" if case == "multiline" else ""
        result.add(secret(number) + more)
    return result


class ToJournal:
    """The pump's sink."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def log(self, level: Level, lines: list[str]) -> None:
        self._journal.append(events.log("action", level, lines))

    def message(self, message: ServiceMessage) -> None:
        raise AssertionError(f"nobody sent {message.name}")


def split_only(case: str) -> int:
    count, rest = 0, b""
    for chunk in chunks(case):
        *lines, rest = (rest + chunk).split(b"\n")
        count += len(lines)
    return count


def into_journal(case: str, journal: Journal) -> int:
    pump = OutputPump(masker(case), ToJournal(journal))
    for chunk in chunks(case):
        pump.feed(Stream.STDOUT, chunk)
    return pump.close().lines


def mask_only(case: str) -> float:
    """Seconds for the masker alone."""
    splitter = LineSplitter(LineLimit(1024**2, "##octopus[", 1024**2))
    blocks = [block for chunk in chunks(case) if (block := splitter.feed(chunk))]
    started = time.process_time()
    lines = LineMasker(masker(case))
    count = sum(len(batch) for block in blocks for _, batch in lines.feed(Level.INFO, block))
    count += sum(len(batch) for _, batch in lines.close())
    seconds = time.process_time() - started
    assert count == LINES
    return seconds


def measure(case: str) -> dict[str, float]:
    """One round: seconds of processor time of both ways, and the peak of memory in bytes. No line may be lost."""
    started = time.process_time()
    assert split_only(case) == LINES
    split = time.process_time() - started
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal.create(Path(folder), "bench", None, "bench", plan={}) as journal,
    ):
        started = time.process_time()
        assert into_journal(case, journal) == LINES
        journaled = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        assert sum(len(event["lines"]) for event in read(journal.folder)) == LINES
    return {"split": split, "journal": journaled, "peak": peak, "mask": mask_only(case)}


def main() -> None:
    """Print a table of all cases."""
    megabytes = LINES * LINE / 1e6
    print(f"{'':46}  MB/s  ratio  peak MB  mask MB/s")
    for case, title in CASES.items():
        command = [sys.executable, "-m", "bench.logs", case]
        rounds = [json.loads(subprocess.check_output(command)) for _ in range(ROUNDS)]
        speed = statistics.median(megabytes / figures["journal"] for figures in rounds)
        ratio = statistics.median(figures["journal"] / figures["split"] for figures in rounds)
        peak = statistics.median(figures["peak"] for figures in rounds) / 1e6
        mask = statistics.median(megabytes / figures["mask"] for figures in rounds)
        print(f"{title:46} {speed:5.0f} {ratio:6.1f} {peak:8.0f} {mask:10.0f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
