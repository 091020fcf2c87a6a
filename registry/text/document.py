"""What JSON and YAML documents have in common: limits, problems, and a place for every value."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol, TypeVar

from registry.errors import Invalid
from registry.model import Problem, Severity, path_text

KeyPath = tuple[str | int, ...]
"""Where a value is in a document: keys and, in lists, numbers from 0."""

Position = tuple[int, int]
"""Line and column in a text, both from 1."""

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 100_000
"""Of one document: two seconds and 300 MB with the slowest parser. The largest template of the community has 260."""

_Place = TypeVar("_Place")


class Document(Protocol):
    """What knows where a value stands: a `YamlDocument` or a `JsonDocument`."""

    @property
    def file(self) -> str: ...

    @property
    def problems(self) -> Sequence[Problem]: ...

    def position(self, path: Sequence[str | int]) -> Position: ...

    def key_position(self, path: Sequence[str | int]) -> Position: ...


class TextLines:
    """The lines of a text, found once, however many positions are asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def position(self, offset: int) -> Position:
        """Line and column of the character at `offset` (from 0)."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its line end; empty past the end."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    @cached_property
    def _starts(self) -> list[int]:
        starts, offset = [0], self._text.find("\n")
        while offset >= 0:
            starts.append(offset + 1)
            offset = self._text.find("\n", offset + 1)
        return starts

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.splitlines()


def nearest(places: Mapping[KeyPath, _Place], path: Sequence[str | int], otherwise: _Place) -> _Place:
    """The place of the value at `path`, else of its nearest parent, else `otherwise`."""
    here = tuple(path)
    while here and here not in places:
        here = here[:-1]
    return places.get(here, otherwise)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, by place in the text."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line or 0, problem.column or 0))


def problem_at(
    document: Document,
    path: Sequence[str | int],
    message: str,
    code: str,
    hint: str | None = None,
    severity: Severity = Severity.ERROR,
    *,
    at_key: bool = False,
) -> Problem:
    """A problem at the value of `path`, or at its key; for rules that a schema cannot express."""
    line, column = document.key_position(path) if at_key else document.position(path)
    return Problem(message, code, path_text(path), hint, severity, document.file, line, column)


def unreadable(
    file: str, message: str, code: str, hint: str | None = None, position: Position | None = None
) -> Invalid:
    """The error for a text that cannot be read as data; `position` where that is known."""
    line, column = position or (None, None)
    problem = Problem(message, code, hint=hint, file=file, line=line, column=column)
    return Invalid(code, f"{file}: {message}", hint, [problem])


def decode_utf8(data: bytes, file: str) -> str:
    """The text of a file, without a byte order mark. Raises Invalid where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text (byte {error.start})"
        raise unreadable(file, message, "not-utf8", "Save the file as UTF-8.") from None
