"""A run's note of the engines that it has containers on: whoever clears up after it looks there.

Every command looks for such notes, so this module loads little.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.home import Home, home_not_writable, open_regular, write_private

if TYPE_CHECKING:
    from runner.engine.base import Endpoint

_FILE = "engines.json"
"""In the run's folder."""

_MOST_BYTES = 1 << 20


def note_engines(home: Home, run: str, used: Iterable[Endpoint]) -> None:
    """Remember where a run has containers, before it has any. `forget_engines` undoes it. Raises Unavailable."""
    content = json.dumps([{"host": endpoint.host, "tls": endpoint.tls} for endpoint in used])
    write_private(home.runs / run / _FILE, content.encode())


def forget_engines(home: Home, run: str) -> None:
    """The run has removed its containers itself. Raises Unavailable."""
    file = home.runs / run / _FILE
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise home_not_writable(file, error.strerror) from error


def noted_runs(runs: Path) -> list[str]:
    """The runs in the folder `runs` that have containers somewhere, or had when they died."""
    return [path.parent.name for path in runs.glob(f"*/{_FILE}")]


def has_note(run_folder: Path) -> bool:
    """Whether the run may have containers."""
    return (run_folder / _FILE).exists()


def engines_of(home: Home, run: str) -> list[Endpoint]:
    """What the run noted. Where that cannot be read, the engine of this machine."""
    from runner.engine.base import Endpoint

    try:
        return [_endpoint(entry) for entry in _entries(home.runs / run / _FILE)]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):  # damaged, or of another version
        return [Endpoint()]


def _entries(file: Path) -> list[Any]:
    with open_regular(file) as note:
        entries = json.loads(note.read(_MOST_BYTES))
    if not isinstance(entries, list):
        raise TypeError("not a list")
    return entries


def _endpoint(entry: Any) -> Endpoint:
    from runner.engine.base import Endpoint

    host, tls = entry["host"], tuple((str(key), str(path)) for key, path in entry["tls"])
    if not isinstance(host, str | None):
        raise TypeError(f"host {host!r}")
    return Endpoint(host, tls)
