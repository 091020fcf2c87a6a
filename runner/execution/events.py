"""The events of a run: what happened, as plain dictionaries ready for one line of JSON each.

The journal adds `seq` (1, 2, 3 ...) and `time` (ISO 8601, UTC, milliseconds). Nothing in a recorded event is secret:
log lines come masked, sensitive values as eight asterisks, and `masked` hides what is left, in names as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from runner.execution.artifacts import Artifact
from runner.execution.service_messages import OutputVariable, Progress, ServiceMessage
from runner.masking.masker import Masker
from runner.model import MASK, ActionResult, Level, RunResult, SkipReason, Status, StepResult
from runner.plan import PlannedAction

Event = Mapping[str, Any]
"""`{"event": kind, ...}`; read from a journal, it has `seq` and `time` too."""


class Kind(StrEnum):
    """The kinds of events, in the order in which a run meets them."""

    RUN_STARTED = "run-started"
    STEP_STARTED = "step-started"
    RUN_RESUMED = "run-resumed"
    ACTION_REUSED = "action-reused"
    CONDITION_DECIDED = "condition-decided"
    ACTION_SKIPPED = "action-skipped"
    ACTION_STARTED = "action-started"
    LOG = "log"
    PROGRESS = "progress"
    OUTPUT = "output"
    MESSAGE = "message"
    ARTIFACT = "artifact"
    WARNING = "warning"
    ACTION_FINISHED = "action-finished"
    RETRY_SCHEDULED = "retry-scheduled"
    QUESTION_ASKED = "question-asked"
    QUESTION_TAKEN = "question-taken"
    QUESTION_ANSWERED = "question-answered"
    RUN_WAITING = "run-waiting"
    CANCEL_REQUESTED = "cancel-requested"
    STEP_FINISHED = "step-finished"
    RUN_FINISHED = "run-finished"


_FROM_THE_PLAN = frozenset({"run", "process", "environment", "project", "step", "action", "target", "of"})
_OUR_WORDS = frozenset(
    {"event", "status", "level", "code", "skip", "due", "kind", "choices", "choice", "question"}
)
_MASKED_ALREADY = frozenset({"path"})  # with the artifact's name, when it was stored
_OF_ACTIONS = (
    Kind.ACTION_STARTED,
    Kind.ACTION_FINISHED,
    Kind.ACTION_SKIPPED,
    Kind.ACTION_REUSED,
    Kind.QUESTION_ASKED,
)
_AS_THEY_ARE = _FROM_THE_PLAN | _OUR_WORDS | _MASKED_ALREADY


def masked(event: Event, masker: Masker) -> Event:
    """`event` without secrets in any of its texts, names of attributes included.

    What readers tell events apart by stays: Treadle's own words, and names that stand in the plan.
    """
    if event["event"] == Kind.LOG:
        return event  # masked as a stream, which finds more
    of_action = event["event"] in _OF_ACTIONS
    kept = _AS_THEY_ARE | {"name"} if of_action else _AS_THEY_ARE
    result = {key: value if key in kept else masker.mask_all(value) for key, value in event.items()}
    if "steps" in event:
        result["steps"] = [
            {key: value if key in kept else masker.mask_all(value) for key, value in step.items()}
            for step in event["steps"]
        ]
    return result


def run_started(run: str, process: str, environment: str | None, project: str) -> Event:
    return {
        "event": Kind.RUN_STARTED,
        "run": run,
        "process": process,
        "environment": environment,
        "project": project,
    }


def run_resumed(run: str) -> Event:
    """Another process goes on with a run whose own has died, or that waited."""
    return {"event": Kind.RUN_RESUMED, "run": run}


def action_reused(action: PlannedAction, run: str) -> Event:
    """An earlier run has done this; its outputs count here, too."""
    return {"event": Kind.ACTION_REUSED, **_place(action), "of": run}


def step_started(step: str) -> Event:
    return {"event": Kind.STEP_STARTED, "step": step}


def action_started(action: PlannedAction, attempt: int) -> Event:
    """`attempt` 1 is the first one."""
    return {"event": Kind.ACTION_STARTED, **_place(action), "attempt": attempt}


def action_skipped(action: PlannedAction, skip: SkipReason, reason: str) -> Event:
    """An action of a step that has begun does not run. `reason` is a sentence."""
    return {"event": Kind.ACTION_SKIPPED, **_place(action), "skip": skip, "reason": reason}


def condition_decided(
    action: PlannedAction, expression: str, of_step: bool, holds: bool, error: str | None = None
) -> Event:
    """What an expression came to where an action would run; one that cannot be evaluated does not hold."""
    return {
        "event": Kind.CONDITION_DECIDED,
        "action": action.id,
        "of_step": of_step,
        "expression": expression,
        "holds": holds,
        **({} if error is None else {"error": error}),
    }


def retry_scheduled(action: PlannedAction, attempt: int, due: datetime) -> Event:
    """An action failed and is tried again: `attempt` is the number of that attempt."""
    when = due.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"event": Kind.RETRY_SCHEDULED, "action": action.id, "attempt": attempt, "due": when}


def question_asked(
    question: str, kind: str, action: PlannedAction, choices: Iterable[str], text: str
) -> Event:
    """A person has to decide. `question` is unique in the run, `text` the instructions, or the message of a failure."""
    return {
        "event": Kind.QUESTION_ASKED,
        "question": question,
        "kind": kind,
        **_place(action),
        "choices": list(choices),
        "text": text,
        "responsible": [person.name for person in action.responsible],
    }


def question_taken(question: str, by: str) -> Event:
    """Somebody has taken responsibility: only they may answer."""
    return {"event": Kind.QUESTION_TAKEN, "question": question, "by": by}


def question_answered(question: str, action: str, choice: str, by: str, notes: str) -> Event:
    """A person has decided."""
    return {
        "event": Kind.QUESTION_ANSWERED,
        "question": question,
        "action": action,
        "choice": choice,
        "by": by,
        "notes": notes,
    }


def run_waiting(run: str, questions: int) -> Event:
    """The process ends: nothing goes on until a person has answered."""
    return {"event": Kind.RUN_WAITING, "run": run, "questions": questions}


def cancel_requested() -> Event:
    """From here on only what is for the case of a cancellation starts."""
    return {"event": Kind.CANCEL_REQUESTED}


def log(action: str, level: Level, lines: list[str]) -> Event:
    """Masked lines of one level, in order."""
    return {"event": Kind.LOG, "action": action, "level": level, "lines": lines}


def progress(action: str, value: Progress, masker: Masker) -> Event:
    return {
        "event": Kind.PROGRESS,
        "action": action,
        "percentage": value.percentage,
        "message": masker.mask_text(value.message),
    }


def output(action: str, variable: OutputVariable, masker: Masker) -> Event:
    return {
        "event": Kind.OUTPUT,
        "action": action,
        "name": masker.mask_text(variable.name),
        "value": MASK if variable.sensitive else masker.mask_text(variable.value),
        "sensitive": variable.sensitive,
    }


def message(action: str, value: ServiceMessage, masker: Masker) -> Event:
    """A service message that the runner does nothing about."""
    secrets = value.secrets
    attributes = {
        name: MASK if text in secrets else masker.mask_text(text) for name, text in value.attributes.items()
    }
    return {
        "event": Kind.MESSAGE,
        "action": action,
        "name": masker.mask_text(value.name),
        "attributes": attributes,
    }


def artifact(action: str, value: Artifact) -> Event:
    return {
        "event": Kind.ARTIFACT,
        "action": action,
        "name": value.name,
        "path": value.path,
        "size": value.size,
    }


def warning(code: str, message: str, action: str | None = None) -> Event:
    """Something worth knowing that fails nothing. `code` is stable; `action` None means: the run."""
    about = {} if action is None else {"action": action}
    return {"event": Kind.WARNING, **about, "code": code, "message": message}


def action_finished(result: ActionResult, action: PlannedAction, attempt: int) -> Event:
    return {
        "event": Kind.ACTION_FINISHED,
        **_place(action),
        "attempt": attempt,
        "status": result.status,
        "exit_code": result.exit_code,
        "message": result.message,
        "seconds": round(result.seconds, 3),
    }


def action_interrupted(action: PlannedAction, attempt: int, *, restart: bool) -> Event:
    """An attempt was cut off with its process; `restart`: it is repeated."""
    result = ActionResult(action.id, Status.INTERRUPTED, message="it was interrupted: its end is not known")
    return {**action_finished(result, action, attempt), "restart": restart}


def step_finished(result: StepResult) -> Event:
    return {"event": Kind.STEP_FINISHED, **_step(result)}


def run_finished(result: RunResult) -> Event:
    """The last event of every run that wasn't cut off."""
    return {
        "event": Kind.RUN_FINISHED,
        "run": result.run,
        "status": result.status,
        "seconds": round(result.seconds, 3),
        "steps": [_step(step) for step in result.steps],
        **_unless_empty("message", result.message),
    }


def _place(action: PlannedAction) -> dict[str, Any]:
    """Which action it is; its id is the plan's, and `target` None means: once, on the worker."""
    return {
        "action": action.id,
        "step": action.step,
        "name": action.name,
        "target": action.target.name if action.target else None,
    }


def _step(result: StepResult) -> dict[str, Any]:
    return {
        "step": result.step,
        "status": result.status,
        **_unless_empty("reason", result.reason),
        **_unless_empty("skip", result.skip or ""),
        "seconds": round(result.seconds, 3),
    }


def _unless_empty(key: str, text: str) -> dict[str, str]:
    return {key: text} if text else {}
