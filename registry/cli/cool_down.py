"""The option `--cool-down` of the commands that look for newer versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from registry.cli.context import Context
from registry.project.cool_down import CoolDown
from registry.project.source_definition import MAX_DAYS

F = TypeVar("F", bound=Callable[..., Any])


def cool_down_option(command: F) -> F:
    """Adds `--cool-down DAYS`, given to the command as a `CoolDown`: the option, else TREADLE_COOL_DOWN, else what
    the source says, else what the project says, else a week."""
    return click.option(
        "--cool-down",
        metavar="DAYS",
        envvar="TREADLE_COOL_DOWN",
        type=click.FloatRange(min=0, max=MAX_DAYS),
        callback=_chosen,
        help="Hold back versions of other people's sources younger than this (7; 0: none).",
    )(command)


def _chosen(ctx: click.Context, parameter: click.Parameter, days: float | None) -> CoolDown:
    if days is not None:
        return CoolDown(days, asked=True)
    context: Context = ctx.obj
    project = context.project()
    said = project.cool_down if project else None
    return CoolDown() if said is None else CoolDown(said)
