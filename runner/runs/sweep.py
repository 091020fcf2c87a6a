"""Clearing up after runs that ended without doing it themselves: killed, crashed, out of power.

Only what belongs to a dead run of the own home is removed: a run is dead when nobody holds its lock. What a
colleague's run, or another home's, has on the same engine is never touched.
"""

from __future__ import annotations

import math
import re
import threading
import time
import uuid
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from registry.errors import UserError
from registry.home import Home, exclusive, open_regular, write_private
from runner.execution.artifacts import PART_PREFIX
from runner.execution.connections import Connections
from runner.runs import journal
from runner.runs.engine_notes import engines_of, forget_engines, noted_runs

_IDENTITY = "home-id"
_IDENTITY_TEXT = re.compile(rb"\s*([0-9A-Za-z-]{8,64})\s*")
_LONGEST_IDENTITY = 100
_POSTPONED = "sweep-postponed"

_SOON = 2.0
"""Seconds that a command waits for others' leftovers to be removed."""

_PAUSE = 600.0
"""Seconds until commands that need no engine try again, where an engine took too long."""


def home_identity(home: Home) -> str:
    """What containers of this home are labelled with: random, made once, the same for good; made again where the file
    is damaged. Raises Unavailable."""
    path = home.path / _IDENTITY
    known = _read_identity(path)
    if known is None:
        with exclusive(home.lock_file(_IDENTITY), "give this home its identity"):
            known = _read_identity(path)
            if known is None:
                known = uuid.uuid4().hex
                write_private(path, known.encode())
    return known


def _read_identity(path: Path) -> str | None:
    """What the file says; None where it is missing or holds something else than an identity."""
    try:
        with open_regular(path) as file:
            found = _IDENTITY_TEXT.fullmatch(file.read(_LONGEST_IDENTITY))
    except OSError:
        return None
    return found[1].decode() if found else None


def dead_runs(home: Home) -> list[str]:
    """Runs that ended without clearing up."""
    return [run for run in noted_runs(home.runs) if not journal.is_live(home.runs / run)]


def sweep(home: Home, engines: Connections) -> list[str]:
    """Remove what dead runs left on their engines; tells the runs that are clear now.

    Artifacts of theirs that had come in part go, too. An engine that doesn't answer, or has no address that could be
    one, is left for the next time, and so is a home that cannot be written.
    """
    clear: list[str] = []
    for run in dead_runs(home):
        _remove_parts(home.runs / run)
        try:
            for endpoint in engines_of(home, run):
                engines.at(endpoint).sweep(home_identity(home), lambda other: _is_live(home, other))
            forget_engines(home, run)
        except UserError:
            continue
        clear.append(run)
    return clear


def _remove_parts(run_folder: Path) -> None:
    for part in (run_folder / "artifacts").glob(f"*/{PART_PREFIX}*"):
        with suppress(OSError):
            part.unlink()


def sweep_soon(home: Home, engines: Connections) -> list[str]:
    """As `sweep`, for commands that have something else to do: within two seconds, and not again for a while where
    that was too short. Closes `engines`. What is not done by then, a later command does."""
    postponed = home.path / _POSTPONED
    if _age(postponed) < _PAUSE:
        return []
    done: Future[list[str]] = Future()

    def work() -> None:
        try:
            done.set_result(sweep(home, engines))
        except BaseException as error:
            done.set_exception(error)
        finally:
            engines.close()

    threading.Thread(target=work, name="sweep", daemon=True).start()
    try:
        return done.result(_SOON)
    except TimeoutError:
        with suppress(OSError):
            postponed.touch()
        return []


def _age(file: Path) -> float:
    """Seconds since a file was touched; for ever where there is none."""
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return math.inf


def _is_live(home: Home, run: str) -> bool:
    return journal.is_live(home.runs / run)
