"""What the registry costs, over the real community library: `python -m bench.registry`.

First sync with all history (clone included), a sync with nothing new, search, show; each beside `treadle --help`,
the price of starting. Medians; the library's git bundle is found as in the tests (TREADLE_TEST_BUNDLE).
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.library import library_bundle

ROUNDS = 7
TREADLE = (sys.executable, "-m", "runner.cli.main")


def measure(command: tuple[str, ...], environ: dict[str, str]) -> tuple[float, float]:
    """Seconds, and the peak of memory in MB."""
    with Path(os.devnull).open("wb") as nowhere:
        actions = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1), (os.POSIX_SPAWN_DUP2, nowhere.fileno(), 2)]
        start = time.perf_counter()
        process = os.posix_spawn(command[0], list(command), environ, file_actions=actions)
        _, status, usage = os.wait4(process, 0)
        seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return seconds, usage.ru_maxrss / 1024


def median(
    command: tuple[str, ...], environ: dict[str, str], before: Callable[[], None] | None = None
) -> str:
    results = []
    for _ in range(ROUNDS):
        if before:
            before()
        results.append(measure(command, environ))
    seconds, megabytes = (statistics.median(column) for column in zip(*results, strict=True))
    return f"{seconds * 1000:8.0f} ms {megabytes:6.0f} MB"


def main() -> None:
    bundle = library_bundle()
    if bundle is None:
        raise SystemExit("TREADLE_TEST_BUNDLE must name the git bundle of the community library")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        environ = {**os.environ, "TREADLE_HOME": str(home), "TREADLE_COMMUNITY_URL": str(bundle)}
        sync = (*TREADLE, "source", "sync", "community")
        template = "community/slack-send-simple-notification"

        def forget() -> None:
            shutil.rmtree(home, ignore_errors=True)

        print("python -c pass        ", median((sys.executable, "-c", "pass"), environ))
        print("treadle --help        ", median((*TREADLE, "--help"), environ))
        print("first sync            ", median(sync, environ, forget))
        print("sync, nothing new     ", median(sync, environ))
        print("search slack          ", median((*TREADLE, "search", "slack"), environ))
        print("show                  ", median((*TREADLE, "show", template), environ))
        print("source list           ", median((*TREADLE, "source", "list"), environ))


if __name__ == "__main__":
    main()
