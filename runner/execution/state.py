"""The state of a run, folded from its events, and the rules for what may happen next. Nothing here acts.

    state = fold(plan, events)        what has happened
    state.moves(now)                  what may happen now: start, skip, decide, retry, begin or end a step

A run is a loop: make the moves, append what happened to the journal, fold it in, ask again. A first run, one that is
resumed and one that is cancelled differ in their events only.

The rules:

- Groups of steps run one after another. The steps of a group begin together; their conditions look at what had failed
  before the group. A group ends when all of its steps have ended.
- The actions of a step on one target are a *lane*: they run in order. At most `at_once` lanes of a step are open; the
  next one opens when one has ended.
- A failure, after its last retry, skips what follows on its lane, unless that asks for failures. In a rolling step (one
  with a `window`) no further lane opens; open ones go on to their ends.
- One failed step fails the run for good. `continue_on_error` makes of a failure a warning.
- An attempt that was cut off with its process is `interrupted`: it counts as a failure, unless it may be repeated.
- A manual action, and with guided failures one that failed for good, asks a person; its lane waits for the answer.
- After a cancellation only what is marked `on_cancel` starts.
- The first rule that excludes an action is its one reason, see `SkipReason`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from runner.execution.events import Event, Kind
from runner.execution.moves import Ask, BeginStep, Decide, EndStep, Move, Retry, Skip, Start
from runner.execution.progress import (
    ActionState,
    LaneState,
    Question,
    QuestionKind,
    StepState,
    choices_for,
    place_in,
)
from runner.model import ActionResult, Choice, Condition, SkipReason, Status, StepResult
from runner.plan import Plan, PlannedAction, PlannedStep

_FAILURES = (Status.FAILED, Status.INTERRUPTED)

Why = tuple[SkipReason, str]
"""A reason not to run, and the sentence about it."""


@dataclass(slots=True)
class RunState:
    """The state of a run: a fold over its events. Use `fold` to make one.

    group: the number of the group that runs
    failed: a step of an earlier group has failed
    cancelled: somebody asked for the end of the run
    questions: those that wait for an answer, by their ids
    excluded: targets that a person has taken out
    decided: what the expressions of actions came to, by the actions' ids
    """

    plan: Plan
    steps: dict[str, StepState]
    actions: dict[str, ActionState]
    group: int = 0
    failed: bool = False
    cancelled: bool = False
    decided: dict[str, bool] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    excluded: set[str] = field(default_factory=set)
    _groups: list[list[StepState]] = field(default_factory=list)
    _places: dict[str, tuple[StepState, int]] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether every step has ended."""
        return self.group == len(self._groups)

    @property
    def results(self) -> list[StepResult]:
        """The steps that have ended, in the order of the plan."""
        return [step.result for step in self.steps.values() if step.result is not None]

    @property
    def earlier(self) -> list[StepResult]:
        """The ends of the steps of earlier groups."""
        steps = (step for step in self.steps.values() if step.step.group < self.group)
        return [step.result for step in steps if step.result is not None]

    @property
    def running(self) -> list[PlannedAction]:
        """The actions that are in flight: of a run whose process has died, those that it was at."""
        return [one for one in self._at_it() if self.actions[one.id].status is Status.RUNNING]

    @property
    def wake(self) -> float | None:
        """When something may start that waits for its time only."""
        due = [self.actions[action.id].due for action in self._at_it()]
        return min((time for time in due if time is not None), default=None)

    def moves(self, now: float) -> list[Move]:
        """What may happen now, in any order; empty: only time, an end or a person brings the run on."""
        if self.ended:
            return []
        return [move for step in self._groups[self.group] for move in self._step_moves(step, now)]

    # --- the rules

    def _step_moves(self, state: StepState, now: float) -> Iterator[Move]:
        step = state.step
        if state.result is not None:
            return
        if not state.begun:
            if why := self._why_no_step(step):
                status = Status.CANCELLED if why[0] is SkipReason.CANCELLED else Status.SKIPPED
                yield EndStep(step, status, why[1], why[0])
            else:
                yield BeginStep(step)
            return
        for lane in state.open.values():
            yield from self._lane_moves(state, lane, now)
        if why := self._why_no_more(state):
            for lane in state.waiting():
                yield from (Skip(action, *why) for action in lane.actions)
            if state.opened < len(state.lanes):
                return
        for lane in islice(state.waiting(), step.at_once - len(state.open)):
            yield from self._lane_moves(state, lane, now)
        if state.opened == len(state.lanes) and not state.open:
            yield self._ending(state)

    def _why_no_step(self, step: PlannedStep) -> Why | None:
        if step.skip is not None:
            return step.skip, step.skip_detail
        if self.cancelled:
            return None if step.on_cancel else (SkipReason.CANCELLED, "the run was cancelled")
        if step.condition is Condition.SUCCESS and self.failed:
            return SkipReason.CONDITION, "an earlier step failed"
        if step.condition is Condition.FAILURE and not self.failed:
            return SkipReason.CONDITION, "no earlier step failed"
        return None

    def _why_no_more(self, state: StepState) -> Why | None:
        """Why no further lane of a step opens."""
        if self.cancelled and not state.step.on_cancel:
            return SkipReason.CANCELLED, "the run was cancelled"
        if state.stopped:
            return SkipReason.WINDOW_STOPPED, "it failed on an earlier target"
        return None

    def _lane_moves(self, state: StepState, lane: LaneState, now: float) -> Iterator[Move]:
        """What may happen to the next action of a lane."""
        action = lane.actions[lane.position]
        past = self.actions[action.id]
        if past.status in (Status.RUNNING, Status.WAITING):
            return
        if past.attempts:
            if past.due is None and past.failures <= action.retries:
                yield Retry(action, past.attempts + 1)
            elif past.due is None:
                yield Ask(action, QuestionKind.FAILURE, choices_for(action, past))
            elif now >= past.due:
                yield Start(action, past.attempts + 1)
            return
        if why := self._why_not(lane, action):
            yield Skip(action, *why)
        elif action.gate is not None and lane.gate is None:
            yield Decide(action, action.gate, of_step=True)
        elif action.when is not None and action.id not in self.decided:
            yield Decide(action, action.when, of_step=False)
        elif action.manual:
            yield Ask(action, QuestionKind.MANUAL, (Choice.PROCEED, Choice.ABORT))
        else:
            yield Start(action, 1)

    def _why_not(self, lane: LaneState, action: PlannedAction) -> Why | None:
        if action.skip is not None:
            return action.skip, action.skip_detail
        if self.cancelled and not action.on_cancel:
            return SkipReason.CANCELLED, "the run was cancelled"
        if action.target is not None and action.target.name in self.excluded:
            return SkipReason.TARGET_EXCLUDED, "the target was excluded after a failure"
        if not self.cancelled and action.condition is Condition.SUCCESS and lane.failed:
            return SkipReason.CONDITION, "an earlier action failed here"
        if not self.cancelled and action.condition is Condition.FAILURE and not lane.failed:
            return SkipReason.CONDITION, "no earlier action failed here"
        for expression, holds in ((action.gate, lane.gate), (action.when, self.decided.get(action.id))):
            if expression is not None and holds is False:
                return SkipReason.VARIABLE, f"{expression.text} does not hold"
        return None

    def _ending(self, state: StepState) -> EndStep:
        """How a step ends whose actions have: the worst of their ends, with its reason."""
        step = state.step
        ends = [(action, self.actions[action.id]) for lane in state.lanes for action in lane.actions]
        warned = None
        for action, end in ends:
            if end.status is Status.CANCELLED or end.skip is SkipReason.CANCELLED:
                return EndStep(step, Status.CANCELLED, place_in(step, action) + end.message)
            if end.status in _FAILURES and warned is None:
                warned = place_in(step, action) + end.message
        for action, end in ends:
            if end.status in _FAILURES and not (
                end.ignored or step.continue_on_error or action.continue_on_error
            ):
                return EndStep(step, Status.FAILED, place_in(step, action) + end.message)
        if warned is not None:
            return EndStep(step, Status.SUCCESS_WITH_WARNINGS, warned)
        if ends and all(end.status is Status.SKIPPED for _, end in ends):
            first = ends[0][1]
            return EndStep(step, Status.SKIPPED, first.message, first.skip)
        return EndStep(step, Status.SUCCESS)

    # --- the fold

    def apply(self, event: Event) -> None:
        """Fold an event in; those that change nothing here are passed over."""
        match event["event"]:
            case Kind.STEP_STARTED:
                self.steps[event["step"]].begun = True
            case Kind.ACTION_STARTED:
                self._open(event["action"])
                past = self.actions[event["action"]]
                past.status, past.due = Status.RUNNING, None
                past.attempts += 1
            case Kind.ACTION_FINISHED:
                self._finish(event)
            case Kind.ACTION_REUSED:
                self._open(event["action"])
                self.actions[event["action"]].reused = True
                self._settle(event["action"], Status.SUCCESS)
            case Kind.ACTION_SKIPPED:
                self._open(event["action"])
                past = self.actions[event["action"]]
                past.skip, past.message = SkipReason(event["skip"]), event["reason"]
                self._settle(event["action"], Status.SKIPPED)
            case Kind.CONDITION_DECIDED:
                self._decide(event)
            case Kind.QUESTION_ASKED:
                self._ask(event)
            case Kind.QUESTION_TAKEN:
                asked = self.questions[event["question"]]
                self.questions[asked.id] = replace(asked, taken_by=event["by"])
            case Kind.QUESTION_ANSWERED:
                self._answer(event)
            case Kind.RETRY_SCHEDULED:
                self.actions[event["action"]].due = datetime.fromisoformat(event["due"]).timestamp()
            case Kind.CANCEL_REQUESTED:
                self.cancelled = True
                for action in self._at_it():
                    past = self.actions[action.id]
                    if past.status is Status.FAILED or (past.status is Status.WAITING and past.failures):
                        self._settle(action.id, Status.FAILED)
                    elif past.status is Status.WAITING:
                        past.message = "cancelled"
                        self._settle(action.id, Status.CANCELLED)
                self.questions.clear()
            case Kind.STEP_FINISHED:
                self._end_step(event)

    def _open(self, action: str) -> None:
        state, number = self._places[action]
        state.begin(number)

    def _finish(self, event: Event) -> None:
        past, status = self.actions[event["action"]], Status(event["status"])
        if past.settled:
            return  # the end of a question, which its answer has told
        past.status, past.exit_code, past.message = status, event["exit_code"], event["message"]
        past.seconds = event["seconds"]
        if status is Status.FAILED:
            past.failures += 1
        if event.get("restart"):
            past.due = 0.0
        elif status is not Status.FAILED or self.cancelled or not self._has_hope(past, event):
            self._settle(event["action"], status)

    def _has_hope(self, past: ActionState, event: Event) -> bool:
        """Whether a failed action may be tried again, unasked or because a person says so."""
        return self.plan.guided_failure or past.failures <= self._action(event).retries

    def _ask(self, event: Event) -> None:
        self._open(event["action"])
        kind, choices = QuestionKind(event["kind"]), tuple(Choice(one) for one in event["choices"])
        asked = Question(event["question"], kind, self._action(event), choices, event["text"])
        self.questions[asked.id] = asked
        self.actions[event["action"]].status = Status.WAITING

    def _answer(self, event: Event) -> None:
        asked = self.questions.pop(event["question"])
        past, choice = self.actions[asked.action.id], Choice(event["choice"])
        match choice:
            case Choice.PROCEED:
                self._settle(asked.action.id, Status.SUCCESS)
            case Choice.RETRY:
                past.status, past.due = Status.FAILED, 0.0
                past.guided += 1
            case Choice.ABORT:
                past.message = f"aborted by {event['by']}" + (f": {event['notes']}" if event["notes"] else "")
                self._settle(asked.action.id, Status.FAILED)
            case Choice.FAIL:
                self._settle(asked.action.id, Status.FAILED)
            case Choice.IGNORE | Choice.EXCLUDE:
                past.ignored = True
                if choice is Choice.EXCLUDE and asked.action.target is not None:
                    self.excluded.add(asked.action.target.name)
                self._settle(asked.action.id, Status.FAILED)

    def _decide(self, event: Event) -> None:
        self._open(event["action"])
        state, number = self._places[event["action"]]
        if event["of_step"]:
            state.lanes[number].gate = event["holds"]
        else:
            self.decided[event["action"]] = event["holds"]
        if "error" in event:
            self.actions[event["action"]].message = event["error"]
            self._settle(event["action"], Status.FAILED)

    def _settle(self, action: str, status: Status) -> None:
        """Nothing more happens to an action: its lane goes on."""
        past = self.actions[action]
        past.status, past.settled, past.due = status, True, None
        state, number = self._places[action]
        lane, planned = state.lanes[number], state.lanes[number].actions[state.lanes[number].position]
        lane.position += 1
        if status in _FAILURES and not (past.ignored or planned.continue_on_error):
            lane.failed = True
            state.stopped |= state.step.window is not None and not state.step.continue_on_error
        if lane.ended:
            state.open.pop(number, None)

    def _end_step(self, event: Event) -> None:
        state = self.steps[event["step"]]
        state.result = StepResult(
            event["step"],
            Status(event["status"]),
            event.get("reason", ""),
            event["seconds"],
            tuple(self._results(state)),
            SkipReason(event["skip"]) if "skip" in event else None,
        )
        while not self.ended and all(step.result is not None for step in self._groups[self.group]):
            ends = [step.result.status for step in self._groups[self.group] if step.result is not None]
            self.failed |= Status.FAILED in ends
            self.group += 1

    def _results(self, state: StepState) -> Iterator[ActionResult]:
        """The ends of a step's actions that ran."""
        for lane in state.lanes:
            for action in lane.actions:
                past = self.actions[action.id]
                if past.attempts or past.reused or (action.manual and past.skip is None):
                    yield ActionResult(action.id, past.status, past.exit_code, past.message, past.seconds)

    def _action(self, event: Event) -> PlannedAction:
        state, number = self._places[event["action"]]
        lane = state.lanes[number]
        return lane.actions[lane.position]

    def _at_it(self) -> list[PlannedAction]:
        """The next action of each open lane."""
        group = [] if self.ended else self._groups[self.group]
        return [lane.actions[lane.position] for step in group for lane in step.open.values()]


def fold(plan: Plan, events: Iterable[Event]) -> RunState:
    """The state of a run of `plan` after `events`."""
    steps = {step.name: StepState(step, tuple(map(LaneState, step.lanes))) for step in plan.steps}
    state = RunState(
        plan, steps, {action.id: ActionState() for step in plan.steps for action in step.actions}
    )
    for one in steps.values():
        while len(state._groups) <= one.step.group:
            state._groups.append([])
        state._groups[one.step.group].append(one)
        for number, lane in enumerate(one.lanes):
            state._places.update((action.id, (one, number)) for action in lane.actions)
    for event in events:
        state.apply(event)
    return state


def run_status(results: Iterable[StepResult], cancelled: bool) -> Status:
    """A run's status: one failed step makes it failed for good, whatever ran afterwards; one whose steps were all
    skipped did nothing, which is not a success."""
    if cancelled:
        return Status.CANCELLED
    ends = [result.status for result in results]
    for worst in (Status.FAILED, Status.SUCCESS_WITH_WARNINGS):
        if worst in ends:
            return worst
    return Status.SKIPPED if ends and all(end is Status.SKIPPED for end in ends) else Status.SUCCESS
