"""A rule of good templates: its id, why it is one, and how to keep to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from registry.lint.subject import DocumentPath, Script, Subject
from registry.model import Problem, Severity, path_text


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule broken at a path of the Octopus value, or at a line (from 1) of a script."""

    message: str
    path: DocumentPath = ()
    script: Script | None = None
    line: int | None = None


LintCheck = Callable[[Subject], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`fix` is the next step in words; `fixable` says that `--fix` can do it."""

    id: str
    severity: Severity
    why: str
    fix: str
    check: LintCheck
    fixable: bool = False

    def problems(self, subject: Subject) -> Iterator[Problem]:
        """All breaches in a template, but where the script's line, or the one above, says `lint: allow ID`."""
        for hit in self.check(subject):
            if not self._allowed(hit):
                yield self._problem(hit, subject)

    def _allowed(self, hit: Hit) -> bool:
        if hit.script is None or hit.line is None:
            return False
        around = hit.script.lines[max(0, hit.line - 2) : hit.line]
        return any(re.search(rf"\blint: allow {self.id}\b", text) for text in around)

    def _problem(self, hit: Hit, subject: Subject) -> Problem:
        path = hit.script.path if hit.script else hit.path
        file, (line, column) = subject.document.file, subject.position(path)
        message = hit.message
        if hit.script and hit.script.file:
            file, line, column = hit.script.file, hit.line or 1, 1
        elif hit.script and hit.line:
            message = f"line {hit.line} of the script: {message}"
        return Problem(message, self.id, path_text(path), self.fix, self.severity, file, line, column)


RULES: dict[str, Rule] = {}
"""All rules by id, in the order of the documentation."""


def rule(
    name: str, severity: Severity, *, why: str, fix: str, fixable: bool = False
) -> Callable[[LintCheck], LintCheck]:
    """Makes a check a rule."""

    def register(check: LintCheck) -> LintCheck:
        RULES[name] = Rule(name, severity, why, fix, check, fixable)
        return check

    return register
