"""The option `--cool-down` of the commands that look for newer versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from registry.cli.context import Context
from registry.project.project_file import MAX_DAYS

F = TypeVar("F", bound=Callable[..., Any])

_DEFAULT_DAYS = 7.0


def cool_down_option(command: F) -> F:
    """Adds `--cool-down DAYS`, given to the command as a `timedelta`: the option, else TREADLE_COOL_DOWN, else what
    the project says, else a week."""
    return click.option(
        "--cool-down",
        metavar="DAYS",
        envvar="TREADLE_COOL_DOWN",
        type=click.FloatRange(min=0, max=MAX_DAYS),
        callback=_chosen,
        help="Hold back versions of other people's sources younger than this (7; 0: none).",
    )(command)


def _chosen(ctx: click.Context, parameter: click.Parameter, days: float | None) -> timedelta:
    context: Context = ctx.obj
    project = context.project() if days is None else None
    said = project.cool_down if project else None
    return timedelta(days=next(value for value in (days, said, _DEFAULT_DAYS) if value is not None))
