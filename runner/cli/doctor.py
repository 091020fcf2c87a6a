"""`treadle doctor`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, current_context, exit_with
from registry.cli.options import json_option
from registry.cli.output import print_json, style, tell

if TYPE_CHECKING:
    from runner.doctor import DoctorCheck, EngineProbe
    from runner.engine.base import Endpoint
    from runner.engine.docker import DockerEngine
    from runner.engine.worker_image import WorkerImage

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "broken": ("✗", "red")}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check that everything Treadle needs is there: git, its home, sources, engines, the images for scripts.

    Looks at the engine of the current Docker context, and at those of the project's targets. Exit code 1 if
    something is broken.
    """
    from runner.doctor import CheckResult, diagnose

    context = current_context()  # a home that cannot be used is one of the findings
    probes = _probes(_endpoints(context))
    checks = []
    for check in diagnose(context.home, context.catalog, probes):
        checks.append(check)
        if not as_json and not (context.quiet and check.finding is CheckResult.OK):
            tell(_line(check))
    ok = all(check.finding is not CheckResult.BROKEN for check in checks)
    if as_json:
        report = {"ok": ok, "checks": [asdict(check) for check in checks]}
        print_json(report)
    exit_with(0 if ok else 1)


def _endpoints(context: Context) -> dict[Endpoint, str]:
    """Every engine that the project uses, with a name for it."""
    from runner.documents import read_project
    from runner.engine.base import Endpoint
    from runner.execution.connections import endpoint_of

    project = context.project()
    names = {Endpoint(): "engine"}
    for target in read_project(project.file if project else None, context.directory).targets:
        names.setdefault(endpoint_of(target), f"engine of {target.name}")
    return names


def _probes(endpoints: Mapping[Endpoint, str]) -> Iterator[EngineProbe]:
    from runner.doctor import EngineProbe
    from runner.engine.docker import DockerEngine
    from runner.engine.powershell_archive import VARIABLE
    from runner.engine.worker_image import POWERSHELL, WORKER

    archive = os.environ.get(VARIABLE) or None
    for endpoint, name in endpoints.items():
        with DockerEngine(endpoint) as engine:
            has_worker, has_powershell = (
                partial(_is_current, engine, WORKER),
                partial(_is_current, engine, POWERSHELL),
            )
            yield EngineProbe(name, engine.check, has_worker, has_powershell, archive)


def _is_current(engine: DockerEngine, image: WorkerImage) -> bool:
    """Asked late: to reach for its images connects to an engine, and one that doesn't answer is a finding."""
    return engine.images.is_current(image)


def _line(check: DoctorCheck) -> str:
    mark, colour = _MARKS[check.finding]
    text = f"{style(mark, fg=colour)} {check.name}: {check.detail}"
    return text if check.hint is None else f"{text}\n    hint: {check.hint}"
