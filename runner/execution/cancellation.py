"""Whether a run is cancelled, and stopping what runs then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from runner.engine.base import Container, EngineError

STOP_GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""


class Cancellation:
    """Whether the run is cancelled, and what has to be stopped when it is. Safe from any thread.

    Before `begin` there is nothing to stop: whoever waits may simply go. `at_exit` collects what has to be done when
    the process is about to end without waiting for anything.
    """

    def __init__(self) -> None:
        self.begun = False
        self._endings: list[Callable[[], None]] = []
        self._lock = threading.RLock()  # a signal's handler may come while the same thread holds it
        self._live: dict[str, Container] = {}
        self._cancelled = threading.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        return self._cancelled.is_set()

    def request(self) -> None:
        """Stop what runs, each container with its grace period, all at once. Returns at once."""
        with self._lock:
            if self._cancelled.is_set():
                return
            self._cancelled.set()
            live = list(self._live.values())
        for container in live:
            stop_soon(container)
        for listener in self._listeners:
            listener()

    def tell(self, listener: Callable[[], None]) -> None:
        """Call `listener` when it is requested: in the thread that does so, a signal's handler perhaps."""
        self._listeners.append(listener)

    def abandon(self) -> None:
        """Remove what runs, without any grace."""
        with self._lock:
            self._cancelled.set()
            live = list(self._live.values())
        for container in live:
            _in_background(container.remove)

    def begin(self, at_exit: Callable[[], None] | None = None) -> None:
        """The run has begun: its containers have to be removed."""
        if at_exit is not None:
            self._endings.append(at_exit)
        self.begun = True

    def give_up(self) -> None:
        """Do what cannot be left undone; nothing of it waits for an engine."""
        for ending in self._endings:
            ending()

    def watch(self, container: Container) -> None:
        with self._lock:
            self._live[container.id] = container
            late = self._cancelled.is_set()
        if late:
            stop_soon(container)

    def forget(self, container: Container) -> None:
        with self._lock:
            self._live.pop(container.id, None)


def stop_soon(container: Container) -> None:
    """Stop a container in the background. An engine that is gone is told by what waits for the output."""

    _in_background(lambda: container.stop(STOP_GRACE))


def _in_background(do: Callable[[], None]) -> None:
    def quietly() -> None:
        with suppress(EngineError):
            do()

    threading.Thread(target=quietly, daemon=True).start()
