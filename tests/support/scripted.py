"""Runs whose actions do what a script says, at once and without an engine: for the rules of the scheduler."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.execution import events
from runner.execution.action import ActionEnd
from runner.execution.cancellation import Cancellation
from runner.execution.events import Event
from runner.execution.scheduler import Clock, Inbox, Scheduler, Surroundings
from runner.execution.state import RunState, fold, run_status
from runner.model import ActionResult, Status
from runner.octostache import Variables
from runner.plan import Expression, Plan, PlannedAction
from runner.variables.binding import OutputValue, output_values


@dataclass(frozen=True)
class ScriptedClock(Clock):
    """Time passes only when nothing else happens."""

    time: list[float] = field(default_factory=lambda: [1_000_000_000.0])

    def wait(self, inbox: Inbox, until: float | None) -> Any:
        if until is None or not inbox.empty():
            return inbox.get()
        self.time[0] = max(self.time[0], until)
        return None


def scripted_clock() -> ScriptedClock:
    time = [1_000_000_000.0]
    return ScriptedClock(now=lambda: time[0], time=time)


@dataclass
class Play:
    """A run of `plan`.

    failing: how many attempts of an action fail, by its id; -1: all
    outputs: what an action sets, by its id
    cancel_at: the run is cancelled when this action has started; `in_flight` is what had been started by then
    """

    plan: Plan
    failing: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cancel_at: str | None = None
    when: Callable[[PlannedAction], None] = lambda _: None
    events: list[Event] = field(default_factory=list)
    cancellation: Cancellation = field(default_factory=Cancellation)
    given_up: list[str] = field(default_factory=list)
    in_flight: set[str] = field(default_factory=set)
    state: RunState | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, state: RunState | None = None) -> RunState:
        self.state = state = state or fold(self.plan, ())
        Scheduler(state, _Work(self), self.record, self.cancellation, scripted_clock()).run()
        return state

    def record(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)
        if event["event"] == events.Kind.CANCEL_REQUESTED and self.state is not None:
            states = self.state.actions.items()
            self.in_flight = {id_ for id_, state in states if state.status is Status.RUNNING}

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def status(self) -> Status:
        return run_status(fold(self.plan, self.events).results, self.cancellation.requested)


@dataclass
class _Work:
    play: Play

    def run(self, action: PlannedAction, attempt: int, around: Surroundings) -> ActionEnd:
        play = self.play
        play.record(events.action_started(action, attempt))
        if play.cancel_at == action.id:
            play.cancellation.request()
        play.when(action)
        failing = play.failing.get(action.id, 0)
        failed = failing < 0 or attempt <= failing
        status = Status.FAILED if failed else Status.SUCCESS
        result = ActionResult(action.id, status, 1 if failed else 0, "no" if failed else "")
        event = events.action_finished(result, action, attempt)
        play.record(event)
        target = action.target.name if action.target else None
        outputs = play.outputs.get(action.id, {})
        return ActionEnd(
            result, event, tuple(OutputValue(action.name, target, *item) for item in outputs.items())
        )

    def holds(self, action: PlannedAction, expression: Expression, around: Surroundings) -> bool:
        target = action.target.name if action.target else None
        values = [*output_values(around.outputs, target), *action.variables]
        return Variables({value.name: value.text for value in values}).evaluate_truthy(expression.text)

    def text_of(self, action: PlannedAction, text: str, around: Surroundings) -> str:
        return text

    def give_up(self, action: PlannedAction) -> None:
        self.play.given_up.append(action.id)

    def abandon(self) -> None:
        raise AssertionError("nobody gave up")
