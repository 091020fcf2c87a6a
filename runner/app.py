"""The composition root: where the runner's parts are put together."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from registry.cli.context import Context
from registry.errors import Mismatch
from registry.model import Reference, ResolvedTemplate
from registry.project.lock_file import LOCK_FILE, Lock, read_lock
from runner.engine.worker_image import worker_reference
from runner.runs.limits import read_limits
from runner.runs.service import RunService

if TYPE_CHECKING:
    from registry.home import Home
    from runner.engine.base import Endpoint, Engine
    from runner.testing.service import TestService


def run_service(context: Context, *, locked: bool | None = None, offline: bool = False) -> RunService:
    """The runner for the project that a command was started in.

    `locked` None means: when `CI` is set and there is a lock. Raises Mismatch when there has to be one and isn't.
    """
    project = context.project()
    folder = project.folder if project else context.directory
    lock = read_lock(folder / LOCK_FILE)
    if locked and lock is None:
        raise Mismatch("no-lock", f"there is no {LOCK_FILE}", hint="run: treadle lock, and commit the result")
    must_be_locked = locked if locked is not None else lock is not None and bool(os.environ.get("CI"))
    return RunService(
        home=context.home,
        directory=context.directory,
        project_file=project.file if project else None,
        resolve=_Resolver(context, lock, must_be_locked),
        connect=connect_offline if offline else connect,
        default_image=worker_reference(),
        settings=read_limits(os.environ),
        image_digests=lock.images if lock else {},
    )


def test_service(context: Context) -> TestService:
    """What `treadle test` runs with."""
    from runner.testing.service import TestService

    return TestService(context.home, _Resolver(context), connect, worker_reference())


def clear_up(home: Home) -> list[str]:
    """Remove the containers of dead runs; tells the runs that are clear now."""
    from runner.execution.engines import Engines
    from runner.runs.sweep import sweep

    engines = Engines(connect)
    try:
        return sweep(home, engines)
    finally:
        engines.close()


def connect(endpoint: Endpoint) -> Engine:
    """A Docker engine; importing its client waits until one is needed."""
    from runner.engine.docker import DockerEngine

    return DockerEngine(endpoint)


def connect_offline(endpoint: Endpoint) -> Engine:
    """A Docker engine that makes do with the images it has."""
    from runner.engine.docker import DockerEngine

    return DockerEngine(endpoint, offline=True)


class _Resolver:
    """Resolves references, each once; the catalog is opened when the first one is met."""

    def __init__(self, context: Context, lock: Lock | None = None, must_be_locked: bool = False) -> None:
        self._catalog = cache(context.catalog)
        self._lock = lock
        self._must_be_locked = must_be_locked
        self._found: dict[Reference, ResolvedTemplate] = {}

    def __call__(self, reference: Reference) -> ResolvedTemplate:
        from runner.dependencies.lock import LockedResolver

        if reference not in self._found:
            resolve = LockedResolver(self._catalog, self._lock, self._must_be_locked)
            self._found[reference] = resolve(reference)
        return self._found[reference]
