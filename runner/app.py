"""The composition root: where the runner's parts are put together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from registry.cli.context import Context
from registry.model import Reference, ResolvedTemplate
from runner.engine.worker_image import worker_reference
from runner.service import RunService
from runner.settings import read_settings

if TYPE_CHECKING:
    from runner.engine.base import Endpoint, Engine
    from runner.testing.service import TestService


def run_service(context: Context) -> RunService:
    """The runner for the project that a command was started in."""
    project = context.project()
    return RunService(
        home=context.home,
        directory=context.directory,
        project_file=project.file if project else None,
        resolve=_Resolver(context),
        connect=connect,
        default_image=worker_reference(),
        settings=read_settings(os.environ),
    )


def test_service(context: Context) -> TestService:
    """What `treadle test` runs with."""
    from runner.testing.service import TestService

    return TestService(context.home, _Resolver(context), connect, worker_reference())


def connect(endpoint: Endpoint) -> Engine:
    """A Docker engine; importing its client waits until one is needed."""
    from runner.engine.docker import DockerEngine

    return DockerEngine(endpoint)


class _Resolver:
    """Resolves references, each once; the catalog is opened when the first one is met."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._found: dict[Reference, ResolvedTemplate] = {}

    def __call__(self, reference: Reference) -> ResolvedTemplate:
        if reference not in self._found:
            self._found[reference] = self._context.catalog().resolve(reference)
        return self._found[reference]
