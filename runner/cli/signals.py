"""Ctrl-C and its kin, while containers run."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from registry.errors import Unavailable

if TYPE_CHECKING:
    from runner.execution.action import Cancellation

_CANCELLING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cancel_on_signals(cancellation: Cancellation, notice: Callable[[str], None]) -> Iterator[None]:
    """The first Ctrl-C (SIGTERM, end of the terminal) cancels in order; a second one gives up at once.

    A signal that Treadle was started to ignore, as with `nohup`, stays ignored.
    """

    def cancel(number: int, frame: Any) -> None:
        if cancellation.requested:
            raise KeyboardInterrupt
        cancellation.request()
        with suppress(OSError, Unavailable):  # the terminal may be what has just ended
            notice("Cancelling: stopping containers (again to give up at once)")

    previous = {number: signal.getsignal(number) for number in _CANCELLING}
    heeded = [number for number, handler in previous.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, cancel)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, previous[number])
