"""Reading the files of a run's folder, whatever lies there: typed data, or `journal-damaged`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from registry.errors import Invalid, NotFound
from registry.home import open_regular
from runner.execution.events import Kind
from runner.model import Choice, Level, SkipReason, Status

MOST_BYTES = 64 << 20
"""A record's file that is larger was not written by a run."""

_TEXTS = (
    "action",
    "step",
    "name",
    "code",
    "message",
    "reason",
    "error",
    "of",
    "question",
    "text",
    "by",
    "notes",
    "value",
    "path",
    "project",
    "process",
)
_STATUSES = frozenset(status.value for status in Status)
_CHOICES = frozenset(choice.value for choice in Choice)
_SKIPS = frozenset(reason.value for reason in SkipReason)
_LEVELS = frozenset(level.value for level in Level)
_NEEDED: dict[str, tuple[str, ...]] = {
    Kind.RUN_STARTED: (),
    Kind.STEP_STARTED: ("step",),
    Kind.RUN_RESUMED: ("run",),
    Kind.ACTION_REUSED: ("action", "step", "name", "target", "of"),
    Kind.CONDITION_DECIDED: ("action", "of_step", "holds"),
    Kind.ACTION_SKIPPED: ("action", "step", "name", "target", "skip", "reason"),
    Kind.ACTION_STARTED: ("action", "step", "name", "target"),
    Kind.LOG: ("action", "level", "lines"),
    Kind.PROGRESS: ("action",),
    Kind.OUTPUT: ("action", "name", "value", "sensitive"),
    Kind.MESSAGE: ("action", "name"),
    Kind.ARTIFACT: ("action", "name", "path", "size"),
    Kind.WARNING: ("message",),
    Kind.ACTION_FINISHED: ("action", "step", "name", "target", "status", "exit_code", "message", "seconds"),
    Kind.QUESTION_ASKED: ("question", "kind", "action", "step", "name", "target", "choices", "text"),
    Kind.QUESTION_TAKEN: ("question", "by"),
    Kind.QUESTION_ANSWERED: ("question", "action", "choice", "by", "notes"),
    Kind.RUN_WAITING: ("run",),
    Kind.RETRY_SCHEDULED: ("action", "attempt", "due"),
    Kind.CANCEL_REQUESTED: (),
    Kind.STEP_FINISHED: ("step", "status", "seconds"),
    Kind.RUN_FINISHED: ("status", "seconds"),
}

_HINT = "Remove the run's folder by hand if nobody needs it."


def open_record(path: Path) -> BinaryIO:
    """Open a regular file; whatever else lies there (a pipe, say) is not waited for. Raises NotFound, Invalid."""
    try:
        return open_regular(path)
    except FileNotFoundError:
        raise NotFound("run-not-found", f'there is no "{path}"') from None
    except OSError as error:
        raise damaged(path, f"cannot be read: {error.strerror}") from error


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises NotFound, Invalid."""
    with open_record(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise damaged(path, f"is larger than {MOST_BYTES >> 20} MiB")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise damaged(path, "holds no JSON object")
    return document


def is_event(value: object) -> bool:
    """Whether this is an event as a run writes it: what its kind needs is there, and of the right types."""
    if not isinstance(value, dict) or not _is_whole(value.get("seq")):
        return False
    kind = value.get("event")
    if not isinstance(kind, str) or not all(key in value for key in _NEEDED.get(kind, ("no such kind",))):
        return False
    return all(_fits(key, field) for key, field in value.items())


def _fits(key: str, field: object) -> bool:
    if key in _TEXTS:
        return isinstance(field, str)
    match key:
        case "status":
            return isinstance(field, str) and field in _STATUSES
        case "level":
            return isinstance(field, str) and field in _LEVELS
        case "lines":
            return isinstance(field, list) and all(isinstance(line, str) for line in field)
        case "target" | "time" | "environment":
            return field is None or isinstance(field, str)
        case "exit_code":
            return field is None or _is_whole(field)
        case "size" | "attempt":
            return _is_whole(field)
        case "seconds":
            return _is_number(field)
        case "sensitive" | "holds" | "of_step" | "restart":
            return isinstance(field, bool)
        case "choice":
            return isinstance(field, str) and field in _CHOICES
        case "choices":
            return isinstance(field, list) and all(one in _CHOICES for one in field)
        case "kind":
            return field in ("manual", "failure")
        case "skip":
            return isinstance(field, str) and field in _SKIPS
        case "due":
            return isinstance(field, str) and _is_instant(field)
    return True


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def text_of(document: dict[str, Any], key: str, path: Path) -> str:
    """The text under `key`. Raises Invalid."""
    value = document.get(key)
    if not isinstance(value, str):
        raise damaged(path, f'has no text under "{key}"')
    return value


def optional_text_of(document: dict[str, Any], key: str, path: Path) -> str | None:
    """The text under `key`, None where that is null or missing. Raises Invalid."""
    return None if document.get(key) is None else text_of(document, key, path)


def seconds_of(document: dict[str, Any], key: str, path: Path) -> float:
    """The number of seconds under `key`. Raises Invalid."""
    value = document.get(key)
    if not _is_number(value):
        raise damaged(path, f'has no number of seconds under "{key}"')
    return float(value)  # type: ignore[arg-type]


def damaged(path: Path, what: str) -> Invalid:
    """The error for a record that a run did not write like this."""
    return Invalid("journal-damaged", f'"{path}" {what}', hint=_HINT)
