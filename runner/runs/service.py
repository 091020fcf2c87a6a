"""The runner's use-cases: plan a process, run a plan. What the command line and a web page call.

A run, from outside in: images are looked up and engines reached before anything begins (a mistake there is the
user's, not a failed run); the journal opens; the plan is walked; whatever happens, containers are removed, the
journal gets its last event, and the result is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from registry.errors import Conflict, Invalid, NotFound, UserError
from registry.home import Home
from runner.documents import (
    find_process,
    process_names,
    process_paths,
    read_process,
    read_project,
    step_names,
)
from runner.documents.project_files import read_files
from runner.execution.cancellation import Cancellation
from runner.execution.certificates import read_certificates
from runner.execution.connections import Connect, Connections, ensure_images, refuse_other_images
from runner.execution.events import run_waiting
from runner.execution.outputs import Outputs
from runner.execution.questions import Answerer
from runner.execution.state import fold
from runner.masking.masker import Masker
from runner.model import Process, RunResult, Status
from runner.plan import Plan, PlannedAction
from runner.planner import DefaultImage, Inputs, Resolve, compile_plan
from runner.project import Project
from runner.runs.history import RunFilter, RunRecord, Runs
from runner.runs.intervention import Intervention
from runner.runs.journal import Journal, read_result
from runner.runs.limits import RunLimits
from runner.runs.live_run import Listener, LiveRun, Supplies, secrets_of
from runner.runs.prune import keep_latest
from runner.runs.queue import queue_folder, turn
from runner.runs.recovery import Resumption, beginning_at, refuse_finished, refuse_live, retried, reusable
from runner.runs.snapshot import Past, read_past
from runner.runs.sweep import sweep
from runner.variables.keys import read_keys
from runner.variables.sources.reader import SourceReader

T = TypeVar("T")
Find = Callable[[Path, Collection[Path], Sequence[str]], list[T] | None]
"""Finds something in the processes below a folder, but for those that are left out and ignored."""


@dataclass(frozen=True, slots=True)
class RunService:
    """`directory` is where process files are looked for; `project_file` the nearest `treadle.yaml`, if any.

    `queued`: a run waits for others of its project in its environment.
    """

    home: Home
    directory: Path
    project_file: Path | None
    resolve: Resolve
    connect: Connect
    default_image: DefaultImage
    settings: RunLimits = field(default_factory=RunLimits)
    image_digests: Mapping[str, str] = field(default_factory=dict)
    queued: bool = True

    def plan(self, process_name: str, inputs: Inputs, sources: SourceReader | None = None) -> Plan:
        """Compile a process. Creates nothing. `sources`, from `sources()`, reads the values behind `from`: who plans
        twice reads each once. Raises UserError with every problem found."""
        path = find_process(process_name, self._folders)
        process, project = self._documents(path)
        folder = self._folders[-1] if self.project_file else path.parent
        return self._compiled(process, project, inputs, folder, sources)

    def plan_process(self, process: Process, inputs: Inputs) -> Plan:
        """Compile a process that stands in no file. Raises as `plan`."""
        return self._compiled(process, self.project(), inputs, self._folders[-1])

    def project(self) -> Project:
        """The project, or that of a lone process. Raises Invalid."""
        return read_project(self.project_file, self.directory)

    def _compiled(
        self,
        process: Process,
        project: Project,
        inputs: Inputs,
        folder: Path,
        sources: SourceReader | None = None,
    ) -> Plan:
        plan = compile_plan(
            process,
            project,
            inputs,
            self.resolve,
            sources or self.sources(),
            self.default_image,
            partial(self._names_of_the_project, step_names),
            partial(read_files, folder),
            partial(self._names_of_the_project, process_names),
        )
        read_certificates(plan)  # what would stop the run stops the plan
        return plan

    def sources(self) -> SourceReader:
        """What reads the values behind `from`, each once."""
        return SourceReader(self._folders[-1], os.environ, lambda: read_keys(self.home, os.environ))

    def processes(self, name: str | None = None) -> list[Process]:
        """The process of that name, or all of the project that can be read. Raises NotFound, Invalid."""
        if name is not None:
            return [read_process(find_process(name, self._folders), self.directory)]
        found = self._names_of_the_project(process_paths) or []
        processes = []
        for path in found:
            with suppress(UserError):  # told when it is planned or validated
                processes.append(read_process(path, self.directory))
        return processes

    def _documents(self, path: Path) -> tuple[Process, Project]:
        """The process and the project. Raises Invalid with the problems of both."""
        try:
            project = self.project()
        except Invalid as error:
            problems = list(error.problems)
            try:
                read_process(path, self.directory)
            except Invalid as other:
                problems = [*other.problems, *problems]
            raise Invalid(error.code, error.message, error.hint, problems) from None
        return read_process(path, self.directory), project

    def _names_of_the_project(self, find: Find[T]) -> list[T] | None:
        from registry.project.project_file import read_project_settings

        if self.project_file is None:
            return []
        settings = read_project_settings(self.project_file)
        library = (settings.library,) if settings.library else ()
        return find(settings.folder, library, settings.ignore)

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
        ask: Answerer | None = None,
        from_step: str | None = None,
    ) -> RunResult:
        """Run a plan to its end, or until somebody has to decide whom `ask` does not reach.

        `listen` gets every event, `tell` a line about long preparations. `from_step`: without the steps before that
        one, whose outputs are those of the latest run of the process in the environment.

        A `listen` that raises gets no more events; the run goes on. Raises ImageNotFound, EngineError before the
        run began; EngineError, Unavailable when it broke off, with the journal closed and the containers removed
        as far as the engine still answers.
        """
        past, outputs = None, Outputs()
        if from_step is not None:
            past = self._latest(plan)
            plan, outputs = beginning_at(plan, from_step, past)
        with self._turn(plan, tell), self._engines() as engines:
            supplies = self._supplies(engines, plan, plan.scripts, tell)
            run = LiveRun.new(plan, supplies, cancellation, listen)
            run.ask, run.outputs = ask, outputs
            if past is not None:
                run.masker.add(*(one.value for one in past.outputs if one.sensitive))
            result = run.begin()
            if self.settings.keep_runs is not None:
                keep_latest(self.home.runs, supplies.folder, self.settings.keep_runs)
            return result

    def plan_of(self, record: RunRecord) -> Plan:
        """The plan of an earlier run. Raises as `read_past`."""
        return self._past(record).plan

    def left_of(
        self, record: RunRecord, *, retry: bool = False, failed_only: bool = False
    ) -> list[PlannedAction]:
        """The actions that would run, or ask: of a run that goes on, or of another run of its plan. As `read_past`."""
        past = self._past(record)
        events = past.events
        if retry:
            events = tuple(reusable(past)) if failed_only else ()
        state = fold(past.plan, events)
        return [action for action in past.plan.actions if not state.actions[action.id].settled]

    def check_answer(self, record: RunRecord, answer: Intervention) -> None:
        """Whether it is one that a run asks for. Raises as `Intervention.events`."""
        past = self._past(record)
        answer.events(fold(past.plan, past.events))

    def resume(
        self,
        record: RunRecord,
        restart: bool | None,
        listen: Listener,
        cancellation: Cancellation,
        tell: Callable[[str], None],
        ask: Answerer | None = None,
        answer: Intervention | None = None,
    ) -> RunResult:
        """Go on with a run whose process has died, or that waits; `restart` as in `Resumption`, `answer` to one of its
        questions. Raises as that and as `run`."""
        refuse_live(record.folder)
        read = partial(self._past, record)
        plan = read().plan
        with self._turn(plan, tell), self._engines() as engines:
            supply = partial(self._supplies, engines, plan, tell=tell)
            answers = answer.events if answer else lambda _: []
            resumption = Resumption(record.folder, read, restart, answers)
            return resumption.carry_out(supply, cancellation, listen, ask)

    def retry(
        self,
        record: RunRecord,
        failed_only: bool,
        listen: Listener,
        cancellation: Cancellation,
        tell: Callable[[str], None],
        ask: Answerer | None = None,
    ) -> RunResult:
        """Another run of the plan of one that has ended. Raises Conflict for one that has not; as `run`."""
        refuse_live(record.folder)
        if read_result(record.folder) is None:
            message = f"run {record.run} has not ended"
            raise Conflict("run-unfinished", message, f"Go on with it: `treadle runs resume {record.run}`.")
        past = self._past(record)
        with self._turn(past.plan, tell), self._engines() as engines:
            supply = partial(self._supplies, engines, past.plan, tell=tell)
            return retried(past, supply, cancellation, listen, failed_only=failed_only, ask=ask)

    def take(self, record: RunRecord, answer: Intervention) -> None:
        """Take responsibility for a question of a run that waits. Raises Conflict for one that is live or has ended; as
        `Intervention.events`."""
        refuse_finished(record.folder)
        past = self._past(record)
        with Journal.reopen(record.folder, Masker(secrets_of(past.plan))) as journal:
            state = fold(past.plan, past.events)
            for event in answer.events(state):
                journal.append(event)
            journal.append(run_waiting(record.run, len(state.questions)))

    def _latest(self, plan: Plan) -> Past:
        """The latest run of a plan's process in its environment that has ended. Raises NotFound; as `read_past`."""
        chosen = RunFilter(self._folders[-1], process=plan.process, environment=plan.environment)
        for record in Runs(self.home.runs).latest(None, chosen)[0]:
            if record.status not in (Status.RUNNING, Status.WAITING):
                return self._past(record)
        where = f" in {plan.environment}" if plan.environment else ""
        message = f'there is no earlier run of "{plan.process}"{where} that has ended'
        raise NotFound("no-earlier-run", message, "Run all of it, or leave steps out with --skip.")

    def _past(self, record: RunRecord) -> Past:
        return read_past(record.folder, read_keys(self.home, os.environ))

    def _turn(self, plan: Plan, tell: Callable[[str], None]) -> AbstractContextManager[None]:
        """One run at a time in an environment of a project; a lone process, and one without an environment, waits for
        nobody."""
        if self.project_file is None or plan.environment is None or not self.queued:
            return nullcontext()
        key = str(self.project_file.resolve()), plan.environment.casefold()
        folder = queue_folder(self.home.path / "queues", "run", *key)
        about = f"{plan.process} in {plan.environment} (process {os.getpid()})"
        return turn(folder, about, lambda other: tell(f"Waiting for {other} to end ..."))

    @contextmanager
    def _engines(self) -> Iterator[Connections]:
        """The engines of a run, after what dead runs left there has been removed."""
        engines = Connections(self.connect)
        try:
            sweep(self.home, engines)
            yield engines
        finally:
            engines.close()

    def _supplies(
        self,
        engines: Connections,
        plan: Plan,
        actions: Sequence[PlannedAction],
        tell: Callable[[str], None],
    ) -> Supplies:
        """What these actions of a plan need, got ready. Raises as `run` before it begins."""
        images = ensure_images(engines, actions, tell)
        refuse_other_images(images, self.image_digests)
        certificates = read_certificates(plan)
        return Supplies(self.home, engines, images, certificates, self.settings, self._folders[-1])
