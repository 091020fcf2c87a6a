"""How far a run, a step, a lane, an action have come: what `runner.execution.state` folds events into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from runner.model import Choice, SkipReason, Status, StepResult
from runner.plan import Lane, PlannedAction, PlannedStep

MOST_GUIDED_RETRIES = 10
"""How often a person may have a failed action tried again."""


class QuestionKind(StrEnum):
    """What a person is asked about."""

    MANUAL = "manual"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Question:
    """A question that waits for an answer.

    id: unique in the run
    text: the instructions of a manual step, the message of a failure
    taken_by: who has taken responsibility
    """

    id: str
    kind: QuestionKind
    action: PlannedAction
    choices: tuple[Choice, ...]
    text: str = ""
    taken_by: str | None = None


@dataclass(slots=True)
class ActionState:
    """How far an action has come.

    failures: failed attempts, those aside that were cut off
    due: when the next attempt may start, in seconds since the epoch
    settled: nothing more happens to it
    reused: an earlier run has done it
    guided: how often a person had it tried again
    ignored: a person said that its failure does not matter
    """

    status: Status = Status.QUEUED
    attempts: int = 0
    failures: int = 0
    due: float | None = None
    settled: bool = False
    exit_code: int | None = None
    message: str = ""
    skip: SkipReason | None = None
    seconds: float = 0.0
    reused: bool = False
    guided: int = 0
    ignored: bool = False


@dataclass(slots=True)
class LaneState:
    """A step on one target: the action at `position` is next, or at it.

    gate: whether the step's expression holds here; None: not decided yet
    failed: an action failed, and what follows it knows
    """

    actions: Lane
    position: int = 0
    begun: bool = False
    failed: bool = False
    gate: bool | None = None

    @property
    def ended(self) -> bool:
        return self.position == len(self.actions)


@dataclass(slots=True)
class StepState:
    """A step: its lanes, of which those in `open` are at it; those before `opened` have begun."""

    step: PlannedStep
    lanes: tuple[LaneState, ...]
    opened: int = 0
    open: dict[int, LaneState] = field(default_factory=dict)
    begun: bool = False
    stopped: bool = False
    result: StepResult | None = None

    def waiting(self) -> Iterator[LaneState]:
        """The lanes that have not begun, in order."""
        return (lane for lane in islice(self.lanes, self.opened, None) if not lane.begun)

    def begin(self, number: int) -> None:
        """A lane is at it from now on; events may come in another order than the targets."""
        if not self.lanes[number].begun:
            self.lanes[number].begun = True
            self.open[number] = self.lanes[number]
            while self.opened < len(self.lanes) and self.lanes[self.opened].begun:
                self.opened += 1


def choices_for(action: PlannedAction, past: ActionState) -> tuple[Choice, ...]:
    """What a person may answer to a failure: nobody passes over what is required, or tries again for ever."""
    retry = (Choice.RETRY,) if past.guided < MOST_GUIDED_RETRIES else ()
    if action.required:
        return (Choice.FAIL, *retry)
    exclude = (Choice.EXCLUDE,) if action.target is not None else ()
    return (Choice.FAIL, *retry, Choice.IGNORE, *exclude)


def place_in(step: PlannedStep, action: PlannedAction) -> str:
    """Which of a step's actions it is about, where there are several."""
    if len(step.actions) == 1:
        return ""
    parts = [action.target.name] if action.target and len(step.lanes) > 1 else []
    parts += [action.name] if action.name != step.name else []
    return f"{', '.join(parts)}: " if parts else ""
