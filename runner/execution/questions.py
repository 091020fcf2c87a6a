"""What a person's answer means to the rest of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runner.execution import events
from runner.execution.progress import Question, QuestionKind
from runner.model import ActionResult, Choice, Status
from runner.plan import PlannedAction
from runner.project import Person
from runner.variables.binding import OutputValue


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said: `by` is their name, `notes` free text."""

    choice: Choice
    by: str
    notes: str = ""


Answerer = Callable[[Question], Answer | None]
"""Asks a person who is there; None: not now, the run waits."""


def answered(question: Question, answer: Answer) -> events.Event:
    """The event of an answer."""
    return events.question_answered(question.id, question.action.id, answer.choice, answer.by, answer.notes)


def end_of(question: Question, answer: Answer, attempt: int) -> events.Event | None:
    """How the action of a manual step, which is its question, has ended; None for a failure, whose end is told."""
    if question.kind is QuestionKind.FAILURE:
        return None
    aborted = f"aborted by {answer.by}" + (f": {answer.notes}" if answer.notes else "")
    proceeds = answer.choice is Choice.PROCEED
    result = ActionResult(
        question.action.id,
        Status.SUCCESS if proceeds else Status.FAILED,
        message="" if proceeds else aborted,
    )
    return events.action_finished(result, question.action, attempt)


def outputs_of_answer(action: PlannedAction, choice: str, by: str, notes: str) -> Iterator[OutputValue]:
    """The output variables of a manual step."""
    if not action.manual:
        return
    person = next((one for one in action.responsible if one.name.casefold() == by.casefold()), Person(by))
    target = action.target.name if action.target else None
    values = {
        "Manual.Approved": str(choice == Choice.PROCEED),
        "Manual.Notes": notes,
        "Manual.ResponsibleUser.Id": person.name,
        "Manual.ResponsibleUser.Username": person.name,
        "Manual.ResponsibleUser.DisplayName": person.display or person.name,
        "Manual.ResponsibleUser.EmailAddress": person.email,
    }
    for name, value in values.items():
        yield OutputValue(action.name, target, name, value)
