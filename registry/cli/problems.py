"""Errors and problems as text for people, on stderr: the one place that words them."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from registry.errors import UserError
from registry.home import Home, write_atomically
from registry.model import Problem, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def show_problems(problems: Sequence[Problem]) -> None:
    """Each problem as `file:line:column: severity: message [code]`, with its hint below."""
    for problem in problems:
        click.echo(problem_text(problem), err=True)


def problem_text(problem: Problem) -> str:
    """A problem as one line, or two with a hint."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    label = click.style(f"{problem.severity.value}:", fg=_COLOURS[problem.severity], bold=True)
    text = f"{place}: " if place else ""
    text += f"{label} {problem.message} [{problem.code}]"
    return text if problem.hint is None else f"{text}\n  hint: {problem.hint}"


def show_error(error: UserError) -> None:
    """A user error: its problems first, the error itself last, where the eye is, unless it says nothing new."""
    show_problems(error.problems)
    only = error.problems[0] if len(error.problems) == 1 else None
    said = only is not None and error.message.endswith(only.message)
    if not said:
        click.echo(click.style("error: ", fg="red", bold=True) + error.message, err=True)
    if error.hint is not None and not (said and only is not None and error.hint == only.hint):
        click.echo(f"  hint: {error.hint}", err=True)


def show_crash(error: Exception) -> None:
    """A defect of ours: one line, and the details in a file."""
    name = f"crash-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    path = Home.locate().path / "logs" / name
    trace = "".join(traceback.format_exception(error))
    line = f"Treadle itself failed: {type(error).__name__}: {error}"
    try:
        write_atomically(path, trace.encode())
        line += f"\n  details: {path}"
    except (OSError, UserError):
        line += f"\n{trace}"
    click.echo(click.style("error: ", fg="red", bold=True) + line, err=True)
