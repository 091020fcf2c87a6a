"""Queues: who comes first goes first, one at a time, across all processes of a home.

A queue is a folder of tickets, whose names sort by the order in which they were drawn. Each is locked by whoever holds
it; the kernel frees the lock when its process dies, so a ticket that nobody holds counts for nothing. It is one's turn
when nobody holds an earlier ticket.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from registry.errors import UserError
from registry.home import exclusive, home_not_writable, is_locked, make_folder, try_lock

_POLL = 0.05
"""Seconds between two looks at who is before one."""

_SUFFIX = ".ticket"


class Withdrawn(UserError):
    """Whoever waited does not want to any more."""


def queue_folder(queues: Path, *key: str) -> Path:
    """The folder of the queue with this key, below that of all queues."""
    return queues / hashlib.sha256("\0".join(key).encode()).hexdigest()[:16]


@contextmanager
def turn(
    folder: Path,
    about: str,
    on_wait: Callable[[str], None] = lambda _: None,
    withdrawn: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Wait for one's turn and have it inside the block.

    `about` tells others who they wait for; `on_wait` is told what the one before says, each time it is another one.
    Raises Withdrawn as soon as `withdrawn` says so, Unavailable.
    """
    make_folder(folder)
    with exclusive(folder / "drawing", "draw a ticket of a queue"):
        ticket, lock = _draw(folder, about)
    try:
        _wait(folder, ticket, on_wait, withdrawn)
        yield
    finally:
        with suppress(OSError):
            ticket.unlink()
        os.close(lock)


def _draw(folder: Path, about: str) -> tuple[Path, int]:
    """A ticket after all others, locked."""
    numbers = [int(path.name.partition("-")[0]) for path in _tickets(folder)]
    ticket = folder / f"{max(numbers, default=0) + 1:012}-{os.getpid()}{_SUFFIX}"
    try:
        lock = try_lock(ticket)
        os.write(lock, about.encode())
    except OSError as error:
        raise home_not_writable(ticket, error.strerror) from error
    return ticket, lock


def _wait(folder: Path, ticket: Path, on_wait: Callable[[str], None], withdrawn: Callable[[], bool]) -> None:
    told: Path | None = None
    while not withdrawn():
        before = _before(folder, ticket)
        if before is None:
            return
        if before != told:
            told = before
            with suppress(OSError):
                on_wait(before.read_text(errors="replace"))
        time.sleep(_POLL)
    raise Withdrawn("withdrawn", "it was cancelled while it waited")


def _before(folder: Path, ticket: Path) -> Path | None:
    """The nearest earlier ticket that somebody holds; those that nobody does are removed."""
    for other in reversed([path for path in _tickets(folder) if path.name < ticket.name]):
        if is_locked(other):
            return other
        with suppress(OSError):
            other.unlink()
    return None


def _tickets(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_SUFFIX}"))
