"""The loop of a run: asks the state what may happen, makes it happen, records it, folds it in, and asks again.

The rules stand in `runner.execution.state`. Here are their effects: threads, the clock, the journal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Protocol

from runner.execution import events
from runner.execution.action import ActionEnd, Record
from runner.execution.cancellation import Cancellation
from runner.execution.moves import Ask, BeginStep, Decide, EndStep, Move, Retry, Skip, Start
from runner.execution.outputs import Outputs
from runner.execution.progress import Question, QuestionKind
from runner.execution.questions import Answerer, answered, end_of, outputs_of_answer
from runner.execution.state import RunState
from runner.model import Choice, StepResult
from runner.octostache import OctostacheError
from runner.plan import Expression, PlannedAction
from runner.variables.binding import OutputValue, explain_error


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an action finds of the run: the steps that had ended when its group began, and the outputs it sees.

    after_cancel: it cleans up
    """

    results: Sequence[StepResult] = ()
    outputs: Sequence[OutputValue] = ()
    after_cancel: bool = False


class Work(Protocol):
    """What actions do: `runner.execution.work.ContainerWork`, or a test's own."""

    def run(self, action: PlannedAction, attempt: int, around: Surroundings) -> ActionEnd:
        """Run an attempt to its end, recording it. From many threads at once. Raises Unavailable."""

    def holds(self, action: PlannedAction, expression: Expression, around: Surroundings) -> bool:
        """What an expression comes to where the action would run. Raises OctostacheError."""

    def text_of(self, action: PlannedAction, text: str, around: Surroundings) -> str:
        """A text evaluated where the action would run; as it is where that cannot be done."""

    def give_up(self, action: PlannedAction) -> None:
        """The action won't run."""

    def abandon(self) -> None:
        """Whatever runs has to end at once."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """What a thread has to say of an attempt: its end, or what kept it from having one."""

    action: PlannedAction
    end: ActionEnd | None
    error: BaseException | None = None


Inbox = SimpleQueue[_Ended | None]
"""What the loop waits for; None only wakes it."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, in seconds since the epoch, and waiting for what comes first: a message, or `until`."""

    now: Callable[[], float] = time.time

    def wait(self, inbox: Inbox, until: float | None) -> _Ended | None:
        try:
            return inbox.get(timeout=None if until is None else max(0.0, until - self.now()))
        except Empty:
            return None


@dataclass
class Scheduler:
    """Runs what is left of a run: all of it, where `state` is that of its beginning."""

    state: RunState
    work: Work
    record: Record
    cancellation: Cancellation
    clock: Clock = Clock()
    outputs: Outputs = field(default_factory=Outputs)
    ask: Answerer | None = None
    _left: bool = False
    _running: int = 0
    _inbox: Inbox = field(default_factory=SimpleQueue)
    _before: tuple[list[StepResult], list[OutputValue]] = ([], [])
    _group: int = -1
    _begun: dict[str, float] = field(default_factory=dict)

    def run(self) -> list[StepResult]:
        """Run to the end, or until only a person could bring it on (`waits`).

        Raises EngineError and Unavailable; then the state holds what had ended before.
        """
        self._begun = {step.step.name: time.monotonic() for step in self.state.steps.values() if step.begun}
        self.cancellation.tell(lambda: self._inbox.put(None))
        with ThreadPoolExecutor(self._most_at_once(), "action") as threads:
            try:
                while not self.state.ended and not self._left:
                    self._next(threads)
            except BaseException as error:
                self._leave(error)
                raise
        return self.state.results

    @property
    def waits(self) -> bool:
        """Whether nothing goes on until a person has answered."""
        return bool(self.state.questions) and not self._running and self.state.wake is None

    def _next(self, threads: ThreadPoolExecutor) -> None:
        """Make the moves that there are, or wait for something to happen."""
        if self.cancellation.requested and not self.state.cancelled:
            self._append(events.cancel_requested())
        moves = self.state.moves(self.clock.now())
        for move in moves:
            self._make(move, threads)
            if isinstance(move, Decide) or self.cancellation.requested != self.state.cancelled:
                return  # the other moves may not be right any more
        if not moves and self.waits:
            self._answer(next(iter(self.state.questions.values())))
        elif not moves:
            assert self._running or self.state.wake is not None, "nothing runs, and nothing may start"
            ended = self.clock.wait(self._inbox, self.state.wake)
            if ended is not None:
                self._take(ended)

    def _make(self, move: Move, threads: ThreadPoolExecutor) -> None:
        match move:
            case BeginStep(step):
                self._begun[step.name] = time.monotonic()
                self._append(events.step_started(step.name))
            case EndStep(step):
                self._end_step(move)
            case Start(action, attempt):
                around = self._around(action)
                self.state.apply(events.action_started(action, attempt))
                self._running += 1
                threads.submit(self._run, action, attempt, around)
            case Skip(action, reason, detail):
                self._append(events.action_skipped(action, reason, detail))
                self.work.give_up(action)
            case Decide():
                self._decide(move)
            case Ask(action, kind, choices):
                self._ask(action, kind, choices)
            case Retry(action, attempt):
                due = datetime.fromtimestamp(self.clock.now() + action.retry_delay, UTC)
                self._append(events.retry_scheduled(action, attempt, due))

    def _end_step(self, move: EndStep) -> None:
        step = move.step
        if not self.state.steps[step.name].begun:
            for action in step.actions:
                self.work.give_up(action)
        seconds = time.monotonic() - self._begun[step.name] if step.name in self._begun else 0.0
        result = StepResult(step.name, move.status, move.reason, seconds, skip=move.skip)
        self._append(events.step_finished(result))
        self.outputs.end_step(step)

    def _ask(self, action: PlannedAction, kind: QuestionKind, choices: tuple[Choice, ...]) -> None:
        past = self.state.actions[action.id]
        text, number = past.message, past.guided + 1
        if kind is QuestionKind.MANUAL:
            text = self.work.text_of(action, action.script, self._around(action))
        self._append(events.question_asked(f"{action.id}#{number}", kind, action, choices, text))

    def _answer(self, question: Question) -> None:
        """Ask whoever is there; if nobody is, or nobody answers, the run waits without a process."""
        answer = self.ask(question) if self.ask else None
        if self.cancellation.requested:
            return
        if answer is None:
            self._left = True
            return
        attempt = self.state.actions[question.action.id].attempts + 1
        self._append(answered(question, answer))
        outputs = outputs_of_answer(question.action, answer.choice, answer.by, answer.notes)
        self.outputs.add(question.action, outputs)
        if (end := end_of(question, answer, attempt)) is not None:
            self._append(end)

    def _decide(self, move: Decide) -> None:
        action, expression, holds, error = move.action, move.expression, False, None
        try:
            holds = self.work.holds(action, expression, self._around(action))
        except OctostacheError as problem:
            error = f"its condition cannot be evaluated: {explain_error(problem)}"
            self.work.give_up(action)
        self._append(events.condition_decided(action, expression.text, move.of_step, holds, error))

    def _run(self, action: PlannedAction, attempt: int, around: Surroundings) -> None:
        """In a thread of its own."""
        try:
            self._inbox.put(_Ended(action, self.work.run(action, attempt, around)))
        except BaseException as error:
            self._inbox.put(_Ended(action, None, error))

    def _take(self, ended: _Ended) -> None:
        """An attempt has ended. Raises what broke it, unless it is tried again."""
        self._running -= 1
        if ended.end is None:
            assert ended.error is not None, "an attempt without an end has an error"
            raise ended.error
        self.outputs.add(ended.action, ended.end.outputs)
        self.state.apply(ended.end.event)
        if ended.end.broken is not None and self.state.actions[ended.action.id].settled:
            raise ended.end.broken

    def _leave(self, error: BaseException) -> None:
        """Nothing more starts. A person who gives up, and a defect, do not wait for what runs."""
        if not isinstance(error, Exception):
            self.work.abandon()

    def _append(self, event: events.Event) -> None:
        self.record(event)
        self.state.apply(event)

    def _see_group(self) -> None:
        """What the steps of a group see of the run is what there was when it began."""
        if self._group != self.state.group:
            self._group = self.state.group
            self._before = self.state.earlier, list(self.outputs.earlier.values())

    def _around(self, action: PlannedAction) -> Surroundings:
        self._see_group()
        results, outputs = self._before
        return Surroundings(results, self.outputs.seen_by(action, outputs), self.state.cancelled)

    def _most_at_once(self) -> int:
        """How many actions may run at the same time."""
        groups: dict[int, int] = {}
        for step in self.state.plan.steps:
            lanes = len({action.target.name if action.target else None for action in step.actions})
            groups[step.group] = groups.get(step.group, 0) + min(step.at_once, lanes)
        return max(groups.values(), default=1) or 1
