"""The composition root: where the runner's parts are put together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from registry.catalog.session import Session
from registry.errors import Mismatch
from registry.model import LOCAL_SOURCE, Reference, ResolvedTemplate
from registry.project.lock_file import LOCK_FILE, Lock, read_lock
from runner.engine.worker_image import default_image
from runner.planner import Resolve
from runner.runs.limits import read_limits
from runner.runs.service import RunService

if TYPE_CHECKING:
    from registry.home import Home
    from registry.model import Reference
    from runner.dependencies.lock import LockedResolver
    from runner.engine.base import Endpoint, Engine
    from runner.testing.service import TestService


def run_service(session: Session, *, locked: bool | None = None, offline: bool = False) -> RunService:
    """The runner for the project that a command was started in.

    `locked` None means: when `CI` is set and there is a lock. Raises Mismatch when there has to be one and isn't.
    """
    project = session.project()
    folder = project.folder if project else session.directory
    lock = read_lock(folder / LOCK_FILE)
    if locked and lock is None:
        raise Mismatch(
            "no-lock", f"there is no {LOCK_FILE}", hint="Run `treadle lock`, and commit the result."
        )
    must_be_locked = locked if locked is not None else lock is not None and in_ci(os.environ)
    return RunService(
        home=session.home,
        directory=session.directory,
        project_file=project.file if project else None,
        resolve=_resolver(session, lock, must_be_locked),
        connect=connect_offline if offline else connect,
        default_image=default_image,
        settings=read_limits(os.environ),
        image_digests=lock.images if lock else {},
    )


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a CI job, as most services say it; people switch it off with `CI=false`."""
    return environ.get("CI", "").strip().casefold() not in ("", "0", "false", "no", "off")


def test_service(session: Session) -> TestService:
    """What `treadle test` runs with."""
    from runner.testing.service import TestService

    def files_of(reference: Reference) -> Mapping[str, bytes]:
        with session.catalog() as catalog:
            found = catalog.find(reference)
            return found.source.read_files(found.record)

    return TestService(session.home, _resolver(session), files_of, connect, default_image)


def clear_up_soon(home: Home) -> list[str]:
    """Remove the containers of dead runs, as far as their engines answer at once; tells the runs that are clear now."""
    from runner.execution.connections import Connections
    from runner.runs.sweep import sweep_soon

    return sweep_soon(home, Connections(connect))


def connect(endpoint: Endpoint) -> Engine:
    """A Docker engine; importing its client waits until one is needed."""
    from runner.engine.docker import DockerEngine

    return DockerEngine(endpoint)


def connect_offline(endpoint: Endpoint) -> Engine:
    """A Docker engine that makes do with the images it has."""
    from runner.engine.docker import DockerEngine

    return DockerEngine(endpoint, offline=True)


def _resolver(session: Session, lock: Lock | None = None, must_be_locked: bool = False) -> Resolve:
    """What makes references exact; loading it waits until the first one is met."""

    @cache
    def locked() -> LockedResolver:
        from runner.dependencies.lock import LockedResolver

        return LockedResolver(cache(session.catalog), lock, must_be_locked)

    def resolve(reference: Reference) -> ResolvedTemplate:
        if reference.source != LOCAL_SOURCE:
            return locked()(reference)
        from runner.dependencies.local import local_template

        project = session.project()
        return local_template(project.folder if project else session.directory, reference)

    return resolve
