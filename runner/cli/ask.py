"""Asking a person on the terminal what a run waits for."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING

from registry.cli.output import echo, one_line, style
from registry.errors import UserError
from runner.execution.questions import Answer
from runner.model import Choice

if TYPE_CHECKING:
    from runner.cli.run_view import RunView
    from runner.execution.cancellation import Cancellation
    from runner.execution.progress import Question
    from runner.execution.questions import Answerer

LATER = "later"
"""The answer that leaves the question open: the run waits without a process."""

_PATIENCE = 0.2
"""Seconds between two looks at whether the run was cancelled."""


def terminal_answerer(view: RunView, cancellation: Cancellation) -> Answerer | None:
    """Asks on the terminal; None where there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None

    def ask(question: Question) -> Answer | None:
        with view.quiet():
            return _ask(question, cancellation)

    return ask


def _ask(question: Question, cancellation: Cancellation) -> Answer | None:
    from runner.runs.intervention import check_person, user_name

    by = user_name()
    try:
        check_person(question, by)
    except UserError as error:
        echo(f"{error.message}: the run waits.")
        return None
    where = f" on {question.action.target.name}" if question.action.target else ""
    echo(style(f"{one_line(question.action.name)}{where}", bold=True))
    echo(question.text)
    words = [str(choice) for choice in question.choices]
    while True:
        said = _line(f"{', '.join(words)} or {LATER}? ", cancellation)
        if said is None or said == LATER:
            return None
        meant = [word for word in words if said and word.startswith(said)]
        if len(meant) == 1:
            notes = _line("Notes (may be empty): ", cancellation)
            return None if notes is None else Answer(Choice(meant[0]), by, notes)


def _line(prompt: str, cancellation: Cancellation) -> str | None:
    """What somebody types; None at the end of the input, and when the run is cancelled."""
    sys.stdout.write(prompt)
    sys.stdout.flush()
    while not cancellation.requested:
        if select.select([sys.stdin], [], [], _PATIENCE)[0]:
            line = sys.stdin.readline()
            return line.strip() if line else None
    return None
