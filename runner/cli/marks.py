"""How statuses and log levels look, wherever they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.cli.columns import cell_width, fold
from registry.cli.output import is_terminal, log_line, style, terminal_width
from runner.model import Status

_STATUSES: Mapping[str, tuple[str, str]] = {
    Status.QUEUED: ("·", "white"),
    Status.RUNNING: ("●", "cyan"),
    Status.WAITING: ("●", "yellow"),
    Status.SUCCESS: ("✓", "green"),
    Status.SUCCESS_WITH_WARNINGS: ("✓", "yellow"),
    Status.FAILED: ("✗", "red"),
    Status.SKIPPED: ("-", "yellow"),
    Status.CANCELLED: ("■", "yellow"),
    Status.INTERRUPTED: ("■", "red"),
}
_LEVELS: Mapping[str, dict[str, Any]] = {
    "verbose": {"dim": True},
    "highlight": {"bold": True},
    "wait": {"fg": "cyan"},
    "warning": {"fg": "yellow"},
    "error": {"fg": "red"},
}
_GUTTERS = {"warning": "!", "error": "×"}
WORKER = "worker"


def mark_of(status: str) -> tuple[str, str]:
    """The glyph of a status, and its colour; of one that is not known, a question mark."""
    return _STATUSES.get(status, ("?", "white"))


def badge(status: str) -> str:
    """A status with its glyph, coloured."""
    glyph, colour = mark_of(status)
    return style(f"{glyph} {status}", fg=colour)


def ending(status: str, reason: str | None) -> str:
    """A status and why it is so; a reason that says the status itself stands alone."""
    if not reason:
        return status
    return reason if reason.startswith(status) else f"{status}: {reason}"


def level_line(level: str, line: str, prefix: str = "") -> str:
    """A line of a log behind its prefix and gutter: `│`, `!` for a warning, `×` for what came on stderr. On a terminal
    what goes on is below the text, not below the prefix."""
    text = f"{prefix}{_GUTTERS.get(level, '│')} {style(log_line(line), **_LEVELS.get(level, {}))}"
    if not is_terminal():
        return text
    return fold(text.expandtabs(), " " * (cell_width(prefix) + 2), terminal_width(), tear=True)
