"""What may happen next in a run: what `runner.execution.state` decides and the scheduler does."""

from __future__ import annotations

from dataclasses import dataclass

from runner.execution.progress import QuestionKind
from runner.model import Choice, SkipReason, Status
from runner.plan import Expression, PlannedAction, PlannedStep


@dataclass(frozen=True, slots=True)
class BeginStep:
    step: PlannedStep


@dataclass(frozen=True, slots=True)
class EndStep:
    """All actions of the step have ended, or it is skipped."""

    step: PlannedStep
    status: Status
    reason: str = ""
    skip: SkipReason | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """The next attempt of an action; 1 is the first."""

    action: PlannedAction
    attempt: int


@dataclass(frozen=True, slots=True)
class Skip:
    action: PlannedAction
    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True)
class Decide:
    """Evaluate an expression where its action would run; `of_step`: it is that of the step's condition."""

    action: PlannedAction
    expression: Expression
    of_step: bool


@dataclass(frozen=True, slots=True)
class Retry:
    """Try a failed action again after a pause; `attempt` is the number of the next attempt."""

    action: PlannedAction
    attempt: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a person about an action."""

    action: PlannedAction
    kind: QuestionKind
    choices: tuple[Choice, ...]


Move = Ask | BeginStep | EndStep | Start | Skip | Decide | Retry
