"""A stock of waiting containers, so that a test of many scripts need not wait for each one's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from runner.bootstrap import Syntax, started_ahead, stop_signal
from runner.engine.base import HOME_LABEL, RUN_LABEL, Container, ContainerSpec, Engine


class ContainerStock:
    """Containers of one kind, made ahead in the background; each is lent once and removed.

    To be used as a context manager, from one thread; at its end nothing is left.
    """

    def __init__(self, engine: Engine, image: str, ahead: int = 3, **options: Any) -> None:
        self._engine = engine
        self._home = f"test-{uuid.uuid4()}"
        labels = {HOME_LABEL: self._home, RUN_LABEL: "run-1"}
        self._spec = ContainerSpec(image, labels, **{"network": "none", **options})
        self._pool = ThreadPoolExecutor(ahead)
        self._waiting = [self._prepare() for _ in range(ahead)]

    def _prepare(self) -> Future[Container]:
        return self._pool.submit(self._engine.prepare, self._spec)

    @contextmanager
    def lend(self) -> Iterator[Container]:
        """A waiting container."""
        self._waiting.append(self._prepare())
        container = self._waiting.pop(0).result()
        try:
            yield container
        finally:
            self._pool.submit(container.remove)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self._waiting:
            if not future.exception():
                self._pool.submit(future.result().remove)
        self._pool.shutdown()
        assert list(self._engine.sweep(self._home, lambda _: False)) == []


def script_stock(
    engine: Engine, syntax: Syntax, image: str, ahead: int = 3, **options: Any
) -> ContainerStock:
    """Containers as a run makes them for scripts in `syntax`."""
    started = {"ahead_command": started_ahead(syntax), "stop_signal": stop_signal(syntax)}
    return ContainerStock(engine, image, ahead, **{**started, **options})
