"""Answers to the questions of runs that wait: who may give which, and what they mean."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass

from registry.errors import Conflict, Invalid, NotFound, Untrusted
from runner.execution import events
from runner.execution.events import Event
from runner.execution.progress import Question
from runner.execution.questions import Answer, answered, end_of
from runner.execution.state import RunState
from runner.model import Choice

USER_VARIABLE = "TREADLE_USER"


def user_name(environ: Mapping[str, str] = os.environ) -> str:
    """Who gives an answer: `TREADLE_USER`, else whom the operating system has logged in."""
    if environ.get(USER_VARIABLE, "").strip():
        return environ[USER_VARIABLE].strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


@dataclass(frozen=True, slots=True)
class Intervention:
    """What somebody says to the questions of a run.

    choice: None only takes responsibility
    step, target: which question is meant, where there are several
    """

    choice: Choice | None
    by: str
    notes: str = ""
    step: str | None = None
    target: str | None = None

    def events(self, state: RunState) -> list[Event]:
        """What the journal says of it.

        Raises NotFound where nothing is asked, Invalid where several questions are or the choice is none of the
        question's, Untrusted where others have to answer.
        """
        question = self._question(state)
        check_person(question, self.by)
        if self.choice is None:
            return [events.question_taken(question.id, self.by)]
        if self.choice not in question.choices:
            names = ", ".join(f"--{choice}" for choice in question.choices)
            message = f'"{self.choice}" is not an answer to what "{question.action.name}" asks'
            raise Invalid("answer-unknown", message, f"Give one of {names}.")
        answer = Answer(self.choice, self.by, self.notes)
        end = end_of(question, answer, 1)
        return [answered(question, answer), *([] if end is None else [end])]

    def _question(self, state: RunState) -> Question:
        found = [question for question in state.questions.values() if self._is_meant(question)]
        if not found:
            names = ", ".join(_name(question) for question in state.questions.values())
            hint = f"Open questions: {names}." if names else "See how it went: `treadle runs show`."
            raise NotFound("nothing-asked", "the run asks no such question", hint)
        if len(found) > 1:
            names = ", ".join(map(_name, found))
            raise Invalid(
                "answer-ambiguous", f"the run asks several questions: {names}", "Add --step or --target."
            )
        return found[0]

    def _is_meant(self, question: Question) -> bool:
        action = question.action
        names = {action.step.casefold(), action.name.casefold()}
        target = action.target.name.casefold() if action.target else ""
        return (self.step is None or self.step.casefold() in names) and (
            self.target is None or self.target.casefold() == target
        )


def check_person(question: Question, by: str) -> None:
    """Raises Untrusted for somebody who may not answer, Conflict where somebody else has taken the question."""
    names = [person.name for person in question.action.responsible]
    if names and by.casefold() not in {name.casefold() for name in names}:
        message = f'{by} may not answer for "{question.action.name}"'
        raise Untrusted("not-responsible", message, f"Ask {' or '.join(names)}.")
    if question.taken_by is not None and question.taken_by.casefold() != by.casefold():
        message = f'{question.taken_by} has taken responsibility for "{question.action.name}"'
        raise Conflict("question-taken", message, f"Ask {question.taken_by}.")


def _name(question: Question) -> str:
    where = f" on {question.action.target.name}" if question.action.target else ""
    return f'"{question.action.name}"{where}'
