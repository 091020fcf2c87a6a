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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from registry.errors import Invalid, NotFound, UserError
from registry.home import Home
from runner.documents import find_process, read_process, read_project, step_names
from runner.documents.project_files import read_files
from runner.documents.value_file import read_value_file
from runner.engine.base import EngineError
from runner.execution import events
from runner.execution.action import ActionServices, Cancellation
from runner.execution.artifacts import ArtifactStore
from runner.execution.certificates import read_certificates
from runner.execution.connections import (
    Connect,
    Connections,
    RunImages,
    endpoints,
    ensure_images,
    refuse_other_images,
)
from runner.execution.container_pool import ContainerPool, RunLabels
from runner.execution.scheduler import Scheduler
from runner.execution.state import fold, run_status
from runner.execution.substitution import ScriptContext
from runner.execution.work import ContainerWork
from runner.masking.masker import Masker
from runner.model import Process, Project, RunResult, Status, StepResult, VariableSource
from runner.plan import Plan, PlannedAction, PlannedValue
from runner.planner import Inputs, Resolve, compile_plan
from runner.planner.plan_json import plan_to_json
from runner.runs.engine_notes import forget_engines, note_engines
from runner.runs.journal import Journal
from runner.runs.limits import RunLimits
from runner.runs.prune import keep_latest
from runner.runs.sweep import home_identity, sweep
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
        path = find_process(process_name, self._folders)
        process, project = self._documents(path)
        folder = self._folders[-1] if self.project_file else path.parent

        def read(source: VariableSource) -> str:
            return read_source(source, folder)

        plan = compile_plan(
            process,
            project,
            inputs,
            self.resolve,
            read,
            self.default_image,
            self._steps_of_the_project,
            partial(read_files, folder),
        )
        read_certificates(plan)  # what would stop the run stops the plan
        return plan

    def _documents(self, path: Path) -> tuple[Process, Project]:
        """The process and the project. Raises Invalid with the problems of both."""
        try:
            project = read_project(self.project_file, self.directory)
        except Invalid as error:
            problems = list(error.problems)
            try:
                read_process(path, self.directory)
            except Invalid as other:
                problems = [*other.problems, *problems]
            raise Invalid(error.code, error.message, error.hint, problems) from None
        return read_process(path, self.directory), project

    def _steps_of_the_project(self) -> list[str] | None:
        from registry.project.project_file import read_project_settings

        if self.project_file is None:
            return []
        settings = read_project_settings(self.project_file)
        library = (settings.library,) if settings.library else ()
        return step_names(settings.folder, library, settings.ignore)

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
        engines = Connections(self.connect)
        try:
            sweep(self.home, engines)
            images = ensure_images(engines, plan.actions, tell)
            refuse_other_images(images, self.image_digests)
            certificates = read_certificates(plan)
            folder = self._folders[-1]
            result = _Run(
                self.home, plan, engines, images, certificates, cancellation, listen, self.settings, folder
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
                hint=f"Export {source.env}=...",
            )
        try:
            value.encode()
        except UnicodeEncodeError:  # Python keeps bytes that are not UTF-8 as lone surrogates
            raise Invalid(
                "variable-encoding",
                f'the environment variable "{source.env}" is not UTF-8 text',
                hint="Set it to text in UTF-8, or to the base64 of its bytes.",
            ) from None
        return value
    return read_value_file(folder / (source.file or ""))


@dataclass
class _Run:
    """One execution of a plan."""

    home: Home
    plan: Plan
    engines: Connections
    images: RunImages
    certificates: Mapping[str, bytes]
    cancellation: Cancellation
    listen: Listener
    settings: RunLimits
    folder: Path
    started: float = field(default_factory=time.monotonic)
    listener_error: Exception | None = None
    masker: Masker = field(init=False)

    def __post_init__(self) -> None:
        self.masker = Masker(_secrets(self.plan))

    def execute(self) -> RunResult:
        """Raises what the listener raised only when the run has come to its end without it."""
        plan = self.plan
        content = plan_to_json(plan)
        with Journal.create(
            self.home.runs, plan.process, plan.environment, plan.project, content, self.folder, self.masker
        ) as journal:
            follower = threading.Thread(target=self._follow, args=(journal,), name="follow")
            follower.start()
            self.cancellation.begin(at_exit=journal.close)
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
        scheduler, pool = self._schedule(journal)
        broken: UserError | None = None
        try:
            scheduler.run()
        except UserError as error:
            broken = error
        finally:
            unclean = _close(pool)
        if unclean is None:
            forget_engines(self.home, journal.run)
        broken = broken or unclean
        result = self._result(journal.run, scheduler.state.results, broken)
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

    def _schedule(self, journal: Journal) -> tuple[Scheduler, ContainerPool]:
        labels = RunLabels(home_identity(self.home), journal.run)
        pool = ContainerPool(self.engines.of, labels, self.plan.actions)
        artifacts = ArtifactStore(journal.folder, self.settings.artifacts)
        services = ActionServices(
            pool,
            self.masker,
            artifacts,
            journal.append,
            self.cancellation,
            self.settings.output,
            ScriptContext(certificates=self.certificates),
        )
        created = datetime.now(UTC).isoformat(timespec="seconds")
        user = _user()

        def run_values(results: Sequence[StepResult]) -> list[PlannedValue]:
            plan = self.plan
            return run_system_values(journal.run, plan.process, plan.environment, user, created, results)

        def environment(action: PlannedAction) -> list[PlannedValue]:
            return image_environment(self.images.of(action).environment)

        work = ContainerWork(services, run_values, environment)
        return Scheduler(fold(self.plan, ()), work, journal.append, self.cancellation), pool

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


def _close(pool: ContainerPool) -> EngineError | None:
    """Remove the run's containers; an engine that is gone leaves them to the next sweep."""
    try:
        pool.close()
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
