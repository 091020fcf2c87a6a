"""Clearing up after runs that ended without doing it themselves: killed, crashed, out of power.

Only what belongs to a dead run of the own home is removed: a run is dead when nobody holds its lock. What a
colleague's run, or another home's, has on the same engine is never touched.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterable

from registry.home import ENGINES_FILE, Home, exclusive, home_not_writable, write_private
from runner.engine.base import Endpoint, EngineError
from runner.execution.artifacts import PART_PREFIX
from runner.execution.engines import Engines
from runner.runs import journal

_IDENTITY = "home-id"


def home_identity(home: Home) -> str:
    """What containers of this home are labelled with: random, made once, the same for good. Raises Unavailable."""
    path = home.path / _IDENTITY
    if not path.exists():
        with exclusive(home.lock_file(_IDENTITY), "give this home its identity"):
            if not path.exists():
                write_private(path, uuid.uuid4().hex.encode())
    return path.read_text().strip()


def note_engines(home: Home, run: str, used: Iterable[Endpoint]) -> None:
    """Remember where a run has containers, before it has any. `forget_engines` undoes it. Raises Unavailable."""
    content = json.dumps([{"host": endpoint.host, "tls": endpoint.tls} for endpoint in used])
    write_private(home.runs / run / ENGINES_FILE, content.encode())


def forget_engines(home: Home, run: str) -> None:
    """The run has removed its containers itself. Raises Unavailable."""
    file = home.runs / run / ENGINES_FILE
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise home_not_writable(file, error.strerror) from error


def dead_runs(home: Home) -> list[str]:
    """Runs that ended without clearing up."""
    return [run for run in home.runs_with_containers() if not journal.is_live(home.runs / run)]


def sweep(home: Home, engines: Engines) -> list[str]:
    """Remove what dead runs left on their engines; tells the runs that are clear now.

    Artifacts of theirs that had come in part go, too. An engine that doesn't answer is left for the next time.
    """
    clear: list[str] = []
    for run in dead_runs(home):
        for part in (home.runs / run / "artifacts").glob(f"*/{PART_PREFIX}*"):
            shutil.rmtree(part, ignore_errors=True)
        try:
            for endpoint in _engines_of(home, run):
                engines.at(endpoint).sweep(home_identity(home), lambda other: _is_live(home, other))
        except EngineError:
            continue
        forget_engines(home, run)
        clear.append(run)
    return clear


def _engines_of(home: Home, run: str) -> list[Endpoint]:
    try:
        entries = json.loads((home.runs / run / ENGINES_FILE).read_bytes())
    except (OSError, ValueError):
        return [Endpoint()]
    return [Endpoint(entry["host"], tuple((key, path) for key, path in entry["tls"])) for entry in entries]


def _is_live(home: Home, run: str) -> bool:
    return journal.is_live(home.runs / run)
