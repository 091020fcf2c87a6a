"""What JSON and YAML documents have in common: a file, problems, and a place for every value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from registry.model import Problem, Severity, path_text


class Document(Protocol):
    """What knows where a value stands: a `YamlDocument` or a `JsonDocument`."""

    @property
    def file(self) -> str: ...

    @property
    def problems(self) -> Sequence[Problem]: ...

    def position(self, path: Sequence[str | int]) -> tuple[int, int]: ...

    def key_position(self, path: Sequence[str | int]) -> tuple[int, int]: ...


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
) -> Problem:
    """A problem at the value of `path`; for rules that a schema can't say."""
    line, column = document.position(path)
    return Problem(message, code, path_text(path), hint, severity, document.file, line, column)
