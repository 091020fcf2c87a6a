"""What happened in a run, step by step, gathered from its events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from registry.errors import UserError
from runner.execution.events import Event, Kind
from runner.model import Status
from runner.runs import journal
from runner.runs.history import (
    ActionRecord,
    ArtifactRecord,
    OutputRecord,
    QuestionRecord,
    RunDetails,
    RunRecord,
    StepRecord,
)


def details(record: RunRecord) -> RunDetails:
    """What happened in a run so far, from its events. Raises NotFound, Invalid."""
    story = _Story(record)
    for event in journal.read(record.folder, logs=False):
        story.add(event)
    return RunDetails(
        record,
        tuple(story.told_steps()),
        tuple(story.outputs.values()),
        tuple(story.artifacts),
        tuple(story.warnings),
        tuple(_question(event) for event in story.questions.values() if record.status is Status.WAITING),
    )


class _Story:
    """Events, gathered into what they tell about steps and actions."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self._steps: dict[str, StepRecord] = {}
        self._actions: dict[str, ActionRecord] = {}
        self.outputs: dict[tuple[str, str], OutputRecord] = {}
        self.artifacts: list[ArtifactRecord] = []
        self.warnings: list[str] = []
        self.questions: dict[str, Event] = {}
        # What has begun and not ended is still at it, or died with the run.
        moving = (Status.RUNNING, Status.WAITING)
        self._unfinished = record.status if record.status in moving else Status.INTERRUPTED

    def add(self, event: Event) -> None:
        match event["event"]:
            case Kind.STEP_STARTED:
                self._steps[event["step"]] = StepRecord(event["step"], self._unfinished)
            case Kind.STEP_FINISHED:
                self._steps[event["step"]] = StepRecord(
                    event["step"],
                    Status(event["status"]),
                    event.get("reason", ""),
                    event["seconds"],
                    skip=event.get("skip"),
                )
            case Kind.ACTION_STARTED:
                self._actions[event["action"]] = _action(event, self._unfinished)
            case Kind.ACTION_FINISHED:
                self._actions[event["action"]] = replace(
                    _action(event, Status(event["status"])),
                    seconds=event["seconds"],
                    exit_code=event["exit_code"],
                    message=event["message"],
                )
            case Kind.QUESTION_ASKED:
                asked = replace(_action(event, Status.WAITING), message=event["text"])
                self._actions[event["action"]] = asked
                self.questions[event["question"]] = event
            case Kind.QUESTION_ANSWERED:
                self.questions.pop(event["question"], None)
            case Kind.ACTION_REUSED:
                self._actions[event["action"]] = replace(
                    _action(event, Status.SUCCESS), message=f"done in run {event['of']}"
                )
            case Kind.ACTION_SKIPPED:
                self._actions[event["action"]] = replace(
                    _action(event, Status.SKIPPED), message=event["reason"], skip=event["skip"]
                )
            case Kind.OUTPUT:
                self.outputs[event["action"], event["name"]] = OutputRecord(
                    self._action_of(event), event["name"], event["value"], event["sensitive"]
                )
            case Kind.ARTIFACT:
                path = self._record.folder / event["path"]
                self.artifacts.append(
                    ArtifactRecord(self._action_of(event), event["name"], path, event["size"])
                )
            case Kind.WARNING:
                self.warnings.append(event["message"])

    def told_steps(self) -> Iterator[StepRecord]:
        """The steps with their actions, in the order of the plan."""
        planned = self._planned_actions()
        order = [action for actions in planned.values() for action in actions]
        places = {action: place for place, action in enumerate(order)}
        actions = sorted(self._actions.values(), key=lambda one: places.get(one.action, len(places)))
        for name in dict.fromkeys((*planned, *self._steps)):
            step = self._steps.get(name) or self._not_begun(name)
            yield replace(step, actions=tuple(action for action in actions if action.step == name))

    def _action_of(self, event: Event) -> ActionRecord:
        action = event["action"]  # its start may be on a line that cannot be read any more
        return self._actions.get(action) or ActionRecord(action, "", action, None, self._unfinished)

    def _planned_actions(self) -> dict[str, list[str]]:
        """The names of the plan's steps, with the ids of their actions; none of a plan that cannot be read, which is a
        warning."""
        try:
            steps = journal.read_plan(self._record.folder).get("steps") or []
            return {str(step["name"]): [one["id"] for one in step.get("actions", ())] for step in steps}
        except UserError as error:
            self.warnings.append(f"The plan cannot be shown: {error.message}")
        except (KeyError, TypeError):
            self.warnings.append("The plan cannot be shown: its steps are not as a run writes them.")
        return {}

    def _not_begun(self, name: str) -> StepRecord:
        if self._unfinished in (Status.RUNNING, Status.WAITING):
            return StepRecord(name, Status.QUEUED)
        return StepRecord(name, Status.SKIPPED, "the run ended before it")


def _question(event: Event) -> QuestionRecord:
    return QuestionRecord(
        event["question"],
        event["kind"],
        event["step"],
        event["name"],
        event["target"],
        tuple(event["choices"]),
        event["text"],
        tuple(event.get("responsible", ())),
    )


def _action(event: Event, status: Status) -> ActionRecord:
    return ActionRecord(
        event["action"],
        event["step"],
        event["name"],
        event["target"],
        status,
        attempt=event.get("attempt", 1),  # older journals know of one only
    )
