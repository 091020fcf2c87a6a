"""The option `--cool-down` of the commands that look for newer versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_DEFAULT_DAYS = 7.0


def cool_down_option(command: F) -> F:
    """Adds `--cool-down DAYS`, given to the command as a `timedelta`."""
    return click.option(
        "--cool-down",
        metavar="DAYS",
        envvar="TREADLE_COOL_DOWN",
        type=click.FloatRange(min=0, max=36500),
        default=_DEFAULT_DAYS,
        callback=lambda context, parameter, days: timedelta(days=days),
        help="Hold back versions of other people's sources younger than this (7; 0: none).",
    )(command)
