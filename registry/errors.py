"""The errors a user can cause or meet; one place turns them into exit codes.

Everything that is the user's to fix, or the outside world's fault, is a `UserError`. Anything else that
escapes is a defect of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from registry.model import Problem


class UserError(Exception):
    """A problem that the user reads: what is wrong, and what to do next.

    `code` is stable and machine-readable (`template-not-found`), `message` a sentence that quotes the
    offending value, `hint` the next step, `problems` every single finding where there are several.
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self, code: str, message: str, hint: str | None = None, problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)

    @property
    def findings(self) -> tuple[Problem, ...]:
        """Its problems, or itself as one: for a report that goes on to other things."""
        from registry.model import Problem  # `treadle --help` does without it

        return self.problems or (Problem(self.message, self.code, hint=self.hint),)


class NotFound(UserError):
    """A reference, source, environment, file or image that does not exist."""


class Invalid(UserError):
    """A document or value that breaks its rules; `problems` holds all of them."""

    @classmethod
    def of(cls, code: str, subject: object, problems: Sequence[Problem]) -> Self:
        """The error for these problems, of which there is at least one; its sentence is the first one's."""
        first = problems[0]
        return cls(code, f"{subject}: {first.message}", first.hint, problems)


class Conflict(UserError):
    """Two things that cannot both be: a name clash, uncommitted changes, a second writer."""


class Untrusted(UserError):
    """Content from outside that tried to leave its folder, its limits or its rights."""


class Unavailable(UserError):
    """Something we depend on does not answer: a source, the engine, the disk."""

    exit_code = 3


class Mismatch(UserError):
    """A lock or checksum that does not agree with what is there."""

    exit_code = 5


class Undecided(UserError):
    """Somebody has to decide before it goes on."""

    exit_code = 4
