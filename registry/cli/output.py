"""How results look: JSON for programs, aligned lines for pipes, colours for people."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from registry.cli.context import Context

_WIDEST = 100


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def is_terminal() -> bool:
    """Whether stdout is read by a person."""
    return sys.stdout.isatty()


def width() -> int:
    """Columns to use for text."""
    return min(shutil.get_terminal_size().columns, _WIDEST)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Aligned columns under bold heads; `right` are the columns of numbers. The last column is never padded."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    widths[-1] = 0
    for row in (heads, *rows):
        cells = [
            cell.rjust(size) if column in right else cell.ljust(size)
            for column, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        click.echo(click.style(line, bold=True) if row is heads else line)


def paragraphs(text: str, indent: str = "") -> str:
    """`text` wrapped to the terminal, its own line breaks kept."""
    wrapped = (
        textwrap.wrap(line, width(), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        for line in text.strip().splitlines()
    )
    return "\n".join("\n".join(lines) for lines in wrapped)


def counted(number: int, noun: str) -> str:
    """`1 template`, `2 templates`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shorten(text: str, length: int) -> str:
    """The first `length` characters of a single line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: max(length - 1, 0)] + "…"


@contextmanager
def working(context: Context, what: str) -> Iterator[None]:
    """Show on a terminal that something takes its time."""
    if not context.interactive:
        yield
        return
    from rich.console import Console

    with Console(stderr=True, no_color=not context.color).status(what):
        yield
