"""Ctrl-C and its kin, while containers run."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from registry.cli.output import echo
from registry.errors import Unavailable

if TYPE_CHECKING:
    from runner.execution.cancellation import Cancellation

_CANCELLING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LAST_SECONDS = 2.0
"""How long an engine may take to remove the containers after the second Ctrl-C."""


@contextmanager
def cancel_on_signals(cancellation: Cancellation, notice: Callable[[str], None]) -> Iterator[None]:
    """The first Ctrl-C (SIGTERM, end of the terminal) cancels in order; a second one gives up at once.

    Giving up, an engine that is well still has its containers removed; for one that does not answer nobody waits.
    Before the run has begun, the first one ends it all. A signal that Treadle was started to ignore, as with `nohup`,
    stays ignored.
    """

    def cancel(number: int, frame: Any) -> None:
        if not cancellation.begun:
            raise KeyboardInterrupt
        if cancellation.requested:
            if leaving:
                _leave(cancellation)
            leaving.append(threading.Timer(_LAST_SECONDS, _leave, (cancellation,)))
            leaving[0].daemon = True
            leaving[0].start()
            raise KeyboardInterrupt
        cancellation.request()
        with suppress(OSError, Unavailable):  # the terminal may be what has just ended
            notice("Cancelling: stopping containers (again to give up at once)")

    leaving: list[threading.Timer] = []
    previous = {number: signal.getsignal(number) for number in _CANCELLING}
    heeded = [number for number, handler in previous.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, cancel)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, previous[number])


def _leave(cancellation: Cancellation) -> None:
    """End this process, without waiting for anything: the next command clears up."""
    from runner.engine.ssh_tunnel import end_tunnels

    cancellation.give_up()
    end_tunnels()
    with suppress(OSError, ValueError, Unavailable):
        echo("Cancelled.", err=True)
        sys.stdout.flush()
    os._exit(130)
