"""Problems as people read them: one line in the form that editors and terminals jump to, and the next step."""

from __future__ import annotations

from collections.abc import Iterable

from registry.model import Problem, Severity


def render(problem: Problem) -> str:
    """`deploy.yaml:5:5: error: step "Build": unknown key "use" [unknown-key]`, the hint below it."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None)
    line = f"{place}: " if place else ""
    line += f"{problem.severity}: {problem.message} [{problem.code}]"
    return f"{line}\n    hint: {problem.hint}" if problem.hint else line


def count(problems: Iterable[Problem]) -> str:
    """`2 errors, 1 warning`; `no problems` for none."""
    severities = [problem.severity for problem in problems]
    parts = (_number(severities.count(severity), severity.value) for severity in Severity)
    return ", ".join(part for part in parts if part) or "no problems"


def _number(number: int, word: str) -> str:
    return "" if number == 0 else f"{number} {word}" if number == 1 else f"{number} {word}s"
