"""Errors and problems, as text for people and as data for programs: the one place that words them."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from registry.cli.output import (
    echo,
    has_printed_json,
    indented,
    print_json,
    print_json_line,
    shorten,
    style,
    to_data,
)
from registry.errors import Invalid, Unavailable, UserError
from registry.home import Home, home_not_writable, write_private
from registry.model import Problem, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def show_problems(problems: Sequence[Problem]) -> None:
    """Each problem as `file:line:column: severity: message [code]`, with its hint below, on stderr."""
    for problem in problems:
        echo(problem_text(problem), err=True)


def show_warnings(warnings: Sequence[Problem], *, strict: bool) -> None:
    """Tell warnings on stderr. Raises Invalid under `strict` if there are any."""
    if warnings and strict:
        raise Invalid("strict", "warnings are errors with --strict", problems=warnings)
    show_problems(warnings)


def problem_text(problem: Problem) -> str:
    """A problem as one line, or two with a hint."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    label = style(f"{problem.severity.value}:", fg=_COLOURS[problem.severity], bold=True)
    text = f"{place}: " if place else ""
    text += f"{label} {indented(problem.message, '  ')} [{problem.code}]"
    return text if problem.hint is None else f"{text}\n  hint: {indented(problem.hint, '    ')}"


def error_text(error: UserError) -> str:
    """An error as `error[code]: message`, with its hint below."""
    label = f"{style('error', fg='red', bold=True)}{style(f'[{error.code}]', dim=True)}"
    text = f"{label}{style(':', fg='red', bold=True)} {indented(error.message, '  ')}"
    return text if error.hint is None else f"{text}\n  hint: {indented(error.hint, '    ')}"


def show_error(error: UserError) -> None:
    """A user error: its problems first, the error itself last, where the eye is, unless it says nothing new."""
    show_problems(error.problems)
    only = error.problems[0] if len(error.problems) == 1 else None
    if only is not None and error.message.endswith(only.message):
        if error.hint is not None and error.hint != only.hint:
            echo(f"  hint: {error.hint}", err=True)
        return
    echo(error_text(error), err=True)


def error_data(error: UserError) -> dict[str, Any]:
    """An error as JSON; `problems` has every single finding where there are several."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "problems": to_data(error.problems),
    }


def print_error_json(error: UserError, *, as_line: bool) -> None:
    """`{"error": ...}` on stdout, unless the command's own document is there already."""
    if as_line:
        print_json_line({"error": error_data(error)})
    elif not has_printed_json():
        print_json({"error": error_data(error)})


def usage_error(error: click.ClickException) -> UserError:
    """What click says of a command line, as an error of ours."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"See `{ctx.command_path} --help`." if ctx else None
    message = error.format_message().rstrip(".")
    return Invalid("usage", message[:1].lower() + message[1:], hint)


_PATH = frozenset(
    (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ENXIO)
)
"""What is wrong with a path that somebody gave, rather than with a disk or with us."""

_DISK = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENFILE, errno.EMFILE))


def _file_error(error: OSError) -> UserError | None:
    """What is wrong with a disk, a path, or with what lies in the home; None for other errors."""
    file = error.filename
    path = Path(os.fsdecode(file)) if isinstance(file, str | bytes) else None
    with suppress(UserError):
        if path is not None and path.is_relative_to(Home.locate().path):
            return home_not_writable(path, error.strerror)
    if path is not None and error.errno in _PATH:
        shown = shorten(str(path), 200)
        return Invalid(
            "file-unreadable", f'"{shown}" cannot be used: {error.strerror}', hint="Name another path."
        )
    if error.errno not in _DISK:
        return None
    where = f'"{path}"' if path else "a file"
    return Unavailable(
        "not-written", f"cannot read or write {where}: {error.strerror}", hint="Check that disk."
    )


def crash_error(error: Exception) -> UserError:
    """A defect of ours: one line, and the details in a file of their own; or what a path or a disk is to blame for."""
    if isinstance(error, OSError) and (told := _file_error(error)):
        return told
    trace = "".join(traceback.format_exception(error))
    line = f"Treadle itself failed: {type(error).__name__}: {error}"
    try:
        now = datetime.now(UTC)
        path = Home.locate().path / "logs" / f"crash-{now:%Y%m%d-%H%M%S-%f}-{os.getpid()}.log"
        write_private(path, trace.encode(errors="backslashreplace"))
    except (OSError, UserError):
        return UserError("internal-error", f"{line}\n{trace}")
    return UserError("internal-error", line, f'The details are in "{path}".')
