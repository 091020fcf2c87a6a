"""The runner's use-cases: plan a process, run a plan. What the command line and a web page call.

A run, from outside in: images are looked up and engines reached before anything begins (a mistake there is the
user's, not a failed run); the journal opens; the plan is walked; whatever happens, containers are removed, the
journal gets its last event, and the result is written.
"""

from __future__ import annotations

import getpass
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from registry.errors import NotFound, UserError
from registry.home import Home
from runner.documents import find_process, read_process, read_project
from runner.documents.value_file import read_value_file
from runner.engine.base import EngineError
from runner.execution import events
from runner.execution.action import ActionServices, Cancellation
from runner.execution.artifacts import ArtifactStore
from runner.execution.engines import (
    Connect,
    Engines,
    Images,
    endpoints,
    ensure_images,
    refuse_other_images,
)
from runner.execution.masking import Masker
from runner.execution.preparing import Preparer, RunLabels
from runner.execution.scheduler import Walk, run_status
from runner.model import Plan, PlannedAction, PlannedValue, RunResult, Status, StepResult, VariableSource
from runner.planner import Inputs, Resolve, compile_plan
from runner.planner.plan_json import plan_to_json
from runner.runs.journal import Journal
from runner.runs.limits import RunLimits
from runner.runs.prune import keep_latest
from runner.runs.sweep import forget_engines, home_identity, note_engines, sweep
from runner.variables.system import image_environment, run_system_values

Listener = Callable[[events.Event], None]


@dataclass(frozen=True, slots=True)
class RunService:
    """`directory` is where process files are looked for; `project_file` the nearest `treadle.yaml`, if any."""

    home: Home
    directory: Path
    project_file: Path | None
    resolve: Resolve
    connect: Connect
    default_image: str
    settings: RunLimits = field(default_factory=RunLimits)
    image_digests: Mapping[str, str] = field(default_factory=dict)

    def plan(self, process_name: str, inputs: Inputs) -> Plan:
        """Compile a process. Creates nothing. Raises UserError with every problem found."""
        process = read_process(find_process(process_name, self._folders), self.directory)
        project = read_project(self.project_file, self.directory)
        folder = self._folders[-1]

        def read(source: VariableSource) -> str:
            return read_source(source, folder)

        return compile_plan(process, project, inputs, self.resolve, read, self.default_image)

    @property
    def _folders(self) -> list[Path]:
        """Where a process may lie: where the user works, else beside the project file."""
        return [self.directory, *([self.project_file.parent] if self.project_file else [])]

    def run(
        self,
        plan: Plan,
        listen: Listener,
        cancellation: Cancellation,
        tell: Callable[[str], None],
    ) -> RunResult:
        """Run a plan to its end. `listen` gets every event, `tell` a line about long preparations.

        A `listen` that raises gets no more events; the run goes on. Raises ImageNotFound, EngineError before the
        run began; EngineError, Unavailable when it broke off, with the journal closed and the containers removed
        as far as the engine still answers.
        """
        engines = Engines(self.connect)
        try:
            sweep(self.home, engines)
            images = ensure_images(engines, plan.actions, tell)
            refuse_other_images(images, self.image_digests)
            folder = self._folders[-1]
            result = _Run(
                self.home, plan, engines, images, cancellation, listen, self.settings, folder
            ).execute()
            if self.settings.keep_runs is not None:
                keep_latest(self.home.runs, folder, self.settings.keep_runs)
            return result
        finally:
            engines.close()


def read_source(source: VariableSource, folder: Path) -> str:
    """The text behind a variable's `from`. Raises NotFound, Invalid."""
    if source.env is not None:
        value = os.environ.get(source.env)
        if value is None:
            raise NotFound(
                "environment-variable",
                f'the environment variable "{source.env}" is not set',
                hint=f"export {source.env}=...",
            )
        return value
    return read_value_file(folder / (source.file or ""))


@dataclass
class _Run:
    """One execution of a plan."""

    home: Home
    plan: Plan
    engines: Engines
    images: Images
    cancellation: Cancellation
    listen: Listener
    settings: RunLimits
    folder: Path
    started: float = field(default_factory=time.monotonic)
    listener_error: Exception | None = None

    def execute(self) -> RunResult:
        """Raises what the listener raised only when the run has come to its end without it."""
        plan = self.plan
        with Journal.create(
            self.home.runs, plan.process, plan.environment, plan.project, plan_to_json(plan), self.folder
        ) as journal:
            follower = threading.Thread(target=self._follow, args=(journal,), name="follow")
            follower.start()
            try:
                result = self._execute(journal)
            finally:
                journal.close()
                follower.join()
        if self.listener_error is not None:
            raise self.listener_error
        return result

    def _execute(self, journal: Journal) -> RunResult:
        plan = self.plan
        note_engines(self.home, journal.run, endpoints(plan))
        journal.append(events.run_started(journal.run, plan.process, plan.environment, plan.project))
        walk, preparer = self._walk(journal)
        broken: UserError | None = None
        try:
            walk.run()
        except UserError as error:
            broken = error
        finally:
            unclean = _close(preparer)
        if unclean is None:
            forget_engines(self.home, journal.run)
        broken = broken or unclean
        result = self._result(journal.run, walk.results, broken, walk.services.masker)
        journal.finish(result)
        if broken is not None:
            raise broken
        return result

    def _follow(self, journal: Journal) -> None:
        """Tell the listener, until it fails: whoever watches a run must not end it."""
        try:
            for event in journal.follow():
                self.listen(event)
        except BrokenPipeError:
            """The reader went away, as that of `treadle run ... | head` does: nobody is left to tell."""
        except Exception as error:
            self.listener_error = error

    def _walk(self, journal: Journal) -> tuple[Walk, Preparer]:
        labels = RunLabels(home_identity(self.home), journal.run)
        preparer = Preparer(self.engines.of, labels, self.plan.actions)
        masker = Masker()
        for secret in _secrets(self.plan):
            masker.add(secret)
        artifacts = ArtifactStore(journal.folder, self.settings.artifacts)
        services = ActionServices(
            preparer, masker, artifacts, journal.append, self.cancellation, self.settings.output
        )
        created = datetime.now(UTC).isoformat(timespec="seconds")
        user = _user()

        def run_values(results: list[StepResult]) -> list[PlannedValue]:
            plan = self.plan
            return run_system_values(journal.run, plan.process, plan.environment, user, created, results)

        def environment(action: PlannedAction) -> list[PlannedValue]:
            return image_environment(self.images.of(action).environment)

        return Walk(self.plan, services, run_values, environment), preparer

    def _result(
        self, run: str, results: list[StepResult], broken: UserError | None, masker: Masker
    ) -> RunResult:
        status = run_status(results, self.cancellation.requested)
        message = "cancelled" if status is Status.CANCELLED else ""
        if status is Status.FAILED:
            failed = next(result for result in results if result.status is Status.FAILED)
            message = f'step "{failed.step}" failed: {failed.reason}'
        if broken is not None:
            status, message = Status.FAILED, masker.mask_text(broken.message)
        return RunResult(run, status, time.monotonic() - self.started, tuple(results), message)


def _close(preparer: Preparer) -> EngineError | None:
    """Remove the run's containers; an engine that is gone leaves them to the next sweep."""
    try:
        preparer.close()
    except EngineError as error:
        return error
    return None


def _secrets(plan: Plan) -> Iterable[str]:
    """Every secret that is known before the run, as written and as evaluated."""
    for action in plan.actions:
        for value in (*action.variables, *action.parameters):
            if value.sensitive:
                yield from (text for text in (value.text, value.value) if text is not None)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
