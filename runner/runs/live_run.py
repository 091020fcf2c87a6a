"""One run as a process works on it: its journal, its containers, its end. New, or taken up again."""

from __future__ import annotations

import getpass
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from registry.errors import UserError
from registry.home import Home
from runner.engine.base import EngineError
from runner.execution import events
from runner.execution.action import ActionServices
from runner.execution.artifacts import ArtifactStore
from runner.execution.cancellation import Cancellation
from runner.execution.connections import Connections, RunImages, endpoints
from runner.execution.container_pool import ContainerPool, RunLabels
from runner.execution.outputs import Outputs
from runner.execution.questions import Answerer
from runner.execution.scheduler import Scheduler
from runner.execution.state import RunState, fold, run_status
from runner.execution.substitution import ScriptContext
from runner.execution.work import ContainerWork
from runner.masking.masker import Masker
from runner.model import RunResult, Status, StepResult
from runner.plan import Plan, PlannedAction, PlannedValue
from runner.planner.plan_json import plan_to_json
from runner.runs.engine_notes import forget_engines, note_engines
from runner.runs.journal import Journal
from runner.runs.limits import RunLimits
from runner.runs.queue import Withdrawn, queue_folder, turn
from runner.runs.snapshot import Vault
from runner.runs.sweep import home_identity
from runner.variables.keys import ensure_key
from runner.variables.states import RunStates
from runner.variables.system import image_environment, run_system_values, system_values

Listener = Callable[[events.Event], None]


@dataclass(frozen=True, slots=True)
class Supplies:
    """What a run works with: engines, images and certificates are there before it begins."""

    home: Home
    engines: Connections
    images: RunImages
    certificates: Mapping[str, bytes]
    settings: RunLimits
    folder: Path


@dataclass
class LiveRun:
    """A run at work.

    state: how far it had come
    outputs: what it had set
    ask: asks a person who is there
    news: the events that its beginning, or its being taken up again, is told with
    """

    plan: Plan
    supplies: Supplies
    cancellation: Cancellation
    listen: Listener
    masker: Masker
    state: RunState
    outputs: Outputs = field(default_factory=Outputs)
    news: Sequence[events.Event] = ()
    ask: Answerer | None = None
    started: float = field(default_factory=time.monotonic)
    listener_error: Exception | None = None

    @classmethod
    def new(cls, plan: Plan, supplies: Supplies, cancellation: Cancellation, listen: Listener) -> LiveRun:
        """A run that has not begun."""
        return cls(plan, supplies, cancellation, listen, Masker(secrets_of(plan)), fold(plan, ()))

    def begin(self) -> RunResult:
        """Raises what the listener raised only when the run has come to its end without it."""
        plan, home = self.plan, self.supplies.home
        content = plan_to_json(plan)
        journal = Journal.create(
            home.runs,
            plan.process,
            plan.environment,
            plan.project,
            content,
            self.supplies.folder,
            self.masker,
        )
        started = events.run_started(journal.run, plan.process, plan.environment, plan.project)
        return self.carry_out(journal, [started, *self.news], 0)

    def carry_out(self, journal: Journal, news: Sequence[events.Event], after: int) -> RunResult:
        """Work on the run to its end; the listener gets the events after `after`. Closes the journal."""
        with journal:
            follower = threading.Thread(target=self._follow, args=(journal, after), name="follow")
            follower.start()
            self.cancellation.begin(at_exit=journal.close)
            try:
                result = self._execute(journal, news)
            finally:
                journal.close()
                follower.join()
        if self.listener_error is not None:
            raise self.listener_error
        return result

    def _execute(self, journal: Journal, news: Sequence[events.Event]) -> RunResult:
        note_engines(self.supplies.home, journal.run, endpoints(self.plan))
        for event in news:
            journal.append(event)
            self.state.apply(event)
        scheduler, pool = self._schedule(journal)
        broken: UserError | None = None
        try:
            scheduler.run()
        except UserError as error:
            broken = error
        finally:
            unclean = _close(pool)
        if unclean is None:
            forget_engines(self.supplies.home, journal.run)
        broken = broken or unclean
        if broken is None and self.state.questions:
            return self._leave(journal)
        result = self._result(journal.run, self.state.results, broken)
        journal.finish(result)
        if broken is not None:
            raise broken
        return result

    def _leave(self, journal: Journal) -> RunResult:
        """The run waits for a person, without this process."""
        questions = list(self.state.questions.values())
        journal.append(events.run_waiting(journal.run, len(questions)))
        names = ", ".join(f'"{question.action.name}"' for question in questions)
        seconds = time.monotonic() - self.started
        return RunResult(
            journal.run, Status.WAITING, seconds, tuple(self.state.results), f"{names} waits for an answer"
        )

    def _follow(self, journal: Journal, after: int) -> None:
        """Tell the listener, until it fails: whoever watches a run must not end it."""
        try:
            for event in journal.follow(after):
                self.listen(event)
        except BrokenPipeError:
            """The reader went away, as that of `treadle run ... | head` does: nobody is left to tell."""
        except Exception as error:
            self.listener_error = error

    def _schedule(self, journal: Journal) -> tuple[Scheduler, ContainerPool]:
        supplies = self.supplies
        labels = RunLabels(home_identity(supplies.home), journal.run)
        pool = ContainerPool(supplies.engines.of, labels, remaining(self.state))
        services = ActionServices(
            pool,
            self.masker,
            ArtifactStore(journal.folder, supplies.settings.artifacts),
            journal.append,
            self.cancellation,
            supplies.settings.output,
            ScriptContext(certificates=supplies.certificates),
            keep_output=self._vault(journal),
        )
        created = datetime.now(UTC).isoformat(timespec="seconds")
        plan, states = self.plan, RunStates(self.plan.steps)
        targets = (action.target.name for action in plan.actions if action.target)
        fixed = run_system_values(journal.run, plan.process, plan.environment, _user(), created, targets)

        def run_values(results: Sequence[StepResult]) -> list[PlannedValue]:
            return system_values({**fixed, **states.of(results)})

        def environment(action: PlannedAction) -> list[PlannedValue]:
            return image_environment(supplies.images.of(action).environment)

        work = ContainerWork(services, run_values, environment, turn=partial(self._turn, journal))
        scheduler = Scheduler(
            self.state, work, journal.append, self.cancellation, outputs=self.outputs, ask=self.ask
        )
        return scheduler, pool

    @contextmanager
    def _turn(self, journal: Journal, action: PlannedAction, cancellation: Cancellation) -> Iterator[bool]:
        """One action at a time on a target, whichever runs they belong to."""
        target = action.host
        assert target is not None, "what runs on the worker waits for nobody"
        endpoint = target.engine.host if target.engine else ""
        folder = queue_folder(self.supplies.home.path / "queues", "target", endpoint, target.name.casefold())
        about = f'"{action.name}" of run {journal.run}'

        def tell(other: str) -> None:
            if other.endswith(journal.run):
                return  # a step beside it, which the run itself shows
            message = f"it waits for {other}, which is on {target.name}"
            journal.append(events.warning("target-busy", message, action.id))

        with ExitStack() as stack:
            try:
                stack.enter_context(turn(folder, about, tell, lambda: cancellation.requested))
            except Withdrawn:
                yield False
            else:
                yield True

    def _vault(self, journal: Journal) -> Callable[..., object]:
        """Where outputs are kept for a run that has to be taken up again, its plan too; a home without a key keeps
        none, which is a warning."""
        try:
            vault = Vault(journal.folder, ensure_key(self.supplies.home, os.environ))
            vault.keep_plan(self.plan)
        except UserError as error:
            message = f"the run cannot be taken up again if it is interrupted: {error.message}"
            journal.append(events.warning("not-resumable", message))
            return lambda _: None
        return vault.keep_output

    def _result(self, run: str, results: Sequence[StepResult], broken: UserError | None) -> RunResult:
        status = run_status(results, self.cancellation.requested)
        message = "cancelled" if status is Status.CANCELLED else ""
        if status is Status.FAILED:
            failed = next(result for result in results if result.status is Status.FAILED)
            message = f'step "{failed.step}" failed: {failed.reason}'
        if status is Status.SKIPPED:
            message = "nothing ran: every step was skipped"
        if broken is not None:
            status, message = Status.FAILED, self.masker.mask_text(broken.message)
        return RunResult(run, status, time.monotonic() - self.started, tuple(results), message)


def remaining(state: RunState) -> list[PlannedAction]:
    """The actions that may still run, in the order of the plan."""
    return [action for action in state.plan.scripts if not state.actions[action.id].settled]


def secrets_of(plan: Plan) -> Iterable[str]:
    """Every secret that is known before the run, as written and as evaluated."""
    for action in plan.actions:
        for value in (*action.variables, *action.parameters):
            if value.sensitive:
                yield from (text for text in (value.text, value.value) if text is not None)


def _close(pool: ContainerPool) -> EngineError | None:
    """Remove the run's containers; an engine that is gone leaves them to the next sweep."""
    try:
        pool.close()
    except EngineError as error:
        return error
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
