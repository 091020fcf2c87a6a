"""What a plan has to complain about: problems that stop it, warnings that don't, each at its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from registry.errors import Invalid, Mismatch
from registry.model import Problem, Severity, path_text
from registry.text.document import KeyPath
from runner.model import Process
from runner.project import Project


@dataclass
class Findings:
    """Collects; the same finding for several targets counts once."""

    process: Process
    project: Project
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    mismatched: bool = False
    """Whether one of the problems is that something is not what the lock says."""
    lenient: bool = False
    """Whether problems are warnings for now: of a step that will not run."""

    def refuse(self) -> None:
        """Raise Invalid with all problems, Mismatch if the lock is among them, where there are any."""
        if self.problems:
            kind = Mismatch if self.mismatched else Invalid
            message = f'"{self.process.file}" cannot be planned'
            raise kind("invalid-process", message, problems=[*self.problems, *self.warnings])

    @contextmanager
    def only_warnings(self, lenient: bool) -> Iterator[None]:
        """Inside, problems are warnings, but for mismatches, if `lenient`."""
        self.lenient = lenient
        try:
            yield
        finally:
            self.lenient = False

    def problem(self, at: KeyPath, code: str, message: str, hint: str | None = None) -> None:
        """Something in the process that stops the plan."""
        severity = Severity.WARNING if self.lenient else Severity.ERROR
        self._add(self._at(at, code, message, hint, severity))

    def mismatch(self, at: KeyPath, code: str, message: str, hint: str | None = None) -> None:
        """Something that is not what the lock says, which always stops the plan."""
        self.mismatched = True
        self._add(self._at(at, code, message, hint, Severity.ERROR))

    def warning(self, at: KeyPath, code: str, message: str, hint: str | None = None) -> None:
        """Something in the process that is probably not meant."""
        self._add(self._at(at, code, message, hint, Severity.WARNING))

    def expression(
        self,
        at: KeyPath,
        text: str,
        offset: int,
        code: str,
        message: str,
        hint: str | None,
        severity: Severity = Severity.WARNING,
    ) -> None:
        """Something about the character at `offset` of the text at `at`."""
        place = self.process.places.get(at)
        line, column = place.of(text, offset) if place else self._position(at)
        self._add(Problem(message, code, path_text(at), hint, severity, self.process.file, line, column))

    def variable(
        self, name: str, code: str, message: str, hint: str | None, severity: Severity = Severity.ERROR
    ) -> None:
        """Something about a variable of the project."""
        at = path_text(("variables", name))
        place = next((one.place for one in self.project.variables if one.name == name), None)
        if place is None:
            self._add(Problem(message, code, at, hint, severity, self.project.file))
        else:
            self._add(Problem(message, code, at, hint, severity, place.file, place.line, place.column))

    def _add(self, finding: Problem) -> None:
        found = self.problems if finding.severity is Severity.ERROR else self.warnings
        if finding not in found:
            found.append(finding)

    def place(self, at: KeyPath) -> str:
        """Where something stands, for people: `deploy.yaml:12:7`."""
        line, column = self._position(at)
        return f"{self.process.file}:{line}:{column}" if line else self.process.file

    def _at(self, at: KeyPath, code: str, message: str, hint: str | None, severity: Severity) -> Problem:
        line, column = self._position(at)
        return Problem(message, code, path_text(at), hint, severity, self.process.file, line, column)

    def _position(self, at: KeyPath) -> tuple[int | None, int | None]:
        """The place of `at`, or of its nearest parent that has one."""
        while at:
            if at in self.process.positions:
                return self.process.positions[at]
            at = at[:-1]
        return None, None
