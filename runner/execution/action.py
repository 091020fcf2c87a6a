"""One action's life: container, payload, output, exit, artifacts, result.

A script that fails is a result. What raises is a broken engine, a full disk, or a defect.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from registry.errors import Unavailable, UserError
from registry.template import octopus as properties
from runner.bootstrap import build_payload
from runner.bootstrap.dictionary import is_true
from runner.engine.base import KILLED, Container, ContainerLimits, EngineError, Exit
from runner.execution import events
from runner.execution.artifacts import ArtifactStore
from runner.execution.cancellation import Cancellation, stop_soon
from runner.execution.container_files import ArtifactMissing, ArtifactRefused, CollectionEnded, ContainerFiles
from runner.execution.pump import OutputPump, PumpLimits, PumpSummary
from runner.execution.service_messages import ArtifactRequest, OutputVariable, Progress, ServiceMessage
from runner.execution.substitution import ScriptContext, prepare_request
from runner.masking.masker import Masker
from runner.masking.patterns import not_hidden
from runner.model import ActionResult, Level, Status
from runner.octostache import OctostacheError
from runner.plan import PlannedAction, PlannedValue
from runner.variables.binding import OutputValue, bind, bind_environment, explain_error, strongest

Record = Callable[[events.Event], object]

DISK_INTERVAL = 3.0
"""Seconds between two looks at what an action has written: what is over before costs nothing."""

_HANDLED_BY_PUMP = frozenset({"mask", "resultMessage"})


class ContainerSource(Protocol):
    """Where started containers come from and go to: `container_pool.ContainerPool`, or a test's own."""

    def take(self, action: PlannedAction) -> Container:
        """The action's container, waiting for its payload. Raises what `Engine.prepare` raises."""

    def skip(self, action: PlannedAction) -> None:
        """The action won't run: give its container up."""

    def remove(self, container: Container) -> None:
        """Remove a taken container."""


@dataclass(frozen=True, slots=True)
class ActionServices:
    """What every action of a run shares."""

    pool: ContainerSource
    masker: Masker
    artifacts: ArtifactStore
    record: Record
    cancellation: Cancellation
    limits: PumpLimits = field(default_factory=PumpLimits)
    script_context: ScriptContext = field(default_factory=ScriptContext)
    keep_output: Callable[[OutputValue], object] = lambda _: None
    """Keeps an output as it is, for a run that may have to be taken up again; before the journal has it."""
    warned: set[str] = field(default_factory=set)
    """What was warned of already, where once is enough."""


@dataclass(frozen=True, slots=True)
class ActionEnd:
    """How an attempt of an action ended.

    event: what the journal says of it
    outputs: in the order in which it set them; the last of a name counts
    broken: what the engine said that broke in the middle of it
    """

    result: ActionResult
    event: events.Event
    outputs: tuple[OutputValue, ...] = ()
    broken: EngineError | None = None


def run_action(
    action: PlannedAction, run_values: list[PlannedValue], services: ActionServices, attempt: int = 1
) -> ActionEnd:
    """Run one action to its end. `run_values` are what only the run knows: outputs, the image's environment.

    Raises Unavailable where the journal or an artifact cannot be written.
    """
    started = time.monotonic()
    services.record(events.action_started(action, attempt))
    sink = _Sink(action, services)
    broken: EngineError | None = None
    exit_code: int | None = None
    try:
        status, exit_code, message = _run(action, run_values, action.timeout, services, sink)
    except Unavailable as error:  # the engine, or the disk under the journal
        if services.cancellation.requested:
            # A container that was stopped before its payload came looks like a broken connection.
            status, message = Status.CANCELLED, "cancelled"
        elif isinstance(error, EngineError):
            status, message, broken = Status.FAILED, error.message, error
        else:
            raise
    except UserError as error:
        # The engine refused the container as the user described it: the script never ran.
        status = Status.FAILED
        message = error.message if error.hint is None else f"{error.message} ({error.hint})"
    except OctostacheError as error:
        status, message = Status.FAILED, explain_error(error)
    result = ActionResult(
        action.id, status, exit_code, services.masker.mask_text(message), time.monotonic() - started
    )
    event = events.action_finished(result, action, attempt)
    services.record(event)
    return ActionEnd(result, event, tuple(sink.outputs.values()), broken)


def end_before_start(action: PlannedAction, attempt: int, services: ActionServices) -> ActionEnd:
    """The end of an attempt that was cancelled while it waited for its turn. Raises Unavailable."""
    result = ActionResult(action.id, Status.CANCELLED, message="cancelled before it began")
    event = events.action_finished(result, action, attempt)
    services.record(event)
    return ActionEnd(result, event)


def _run(
    action: PlannedAction,
    run_values: list[PlannedValue],
    timeout: float | None,
    services: ActionServices,
    sink: _Sink,
) -> tuple[Status, int | None, str]:
    container = services.pool.take(action)
    try:
        bound = bind(strongest([*run_values, *action.variables]), action.parameters)
        environment, derived = bind_environment(bound, action.environment)
        secrets = {value.value for value in environment if value.sensitive and value.value}
        services.masker.add(*bound.secrets(), *bound.derived, *secrets, *derived)
        texts = {value.name: value.value or "" for value in environment}
        prepared = prepare_request(action, bound, services.script_context, texts)
        services.masker.add(*prepared.secrets)
        for level, note in prepared.notes:
            sink.note(level, note)
        if prepared.complaint is not None:
            return Status.FAILED, None, prepared.complaint
        deadline = _Deadline(container, timeout)
        disk = _DiskWatch(container, action.container.disk or ContainerLimits().disk)
        services.cancellation.watch(container)
        try:
            container.deliver(build_payload(prepared.request))
            summary = _pump(container, services, sink)
            ended = container.wait()
            sink.collect(container, lambda: deadline.passed or services.cancellation.requested)
        finally:
            deadline.cancel()
            disk.cancel()
            services.cancellation.forget(container)
        if services.script_context.examine is not None:
            services.script_context.examine(container)
        return _judge(action, ended, summary, deadline, disk, services.cancellation)
    finally:
        services.pool.remove(container)


def _pump(container: Container, services: ActionServices, sink: _Sink) -> PumpSummary:
    pump = OutputPump(services.masker, sink, services.limits)
    stopped = False
    try:
        for stream, chunk in container.output():
            pump.feed(stream, chunk)
            if pump.violated and not stopped:
                stopped = True
                stop_soon(container)
        return pump.close()
    except EngineError:
        pump.close()  # the last words are worth having
        raise
    finally:
        pump.abandon()


def _judge(
    action: PlannedAction,
    ended: Exit,
    summary: PumpSummary,
    deadline: _Deadline,
    disk: _DiskWatch,
    cancellation: Cancellation,
) -> tuple[Status, int | None, str]:
    """What the end of the container means, most telling reason first."""
    said = summary.result_message
    if cancellation.requested and ended.code != 0:
        return Status.CANCELLED, ended.code, "cancelled"
    if deadline.passed:
        return Status.FAILED, ended.code, f"timed out after {deadline.seconds:g} s"
    if disk.exceeded:
        what = f"it wrote more than {disk.limit:,} bytes to the disk"
        return Status.FAILED, ended.code, f"{what} (allow more with container: {{disk: ...}})"
    if summary.violations:
        return Status.FAILED, ended.code, "; ".join(summary.violations)
    if ended.out_of_memory and ended.code != 0:
        return Status.FAILED, ended.code, "out of memory (give it more with container: {memory: ...})"
    if ended.code != 0:
        return Status.FAILED, ended.code, said or _how_it_ended(ended.code)
    if is_true(action.properties.get(properties.FAIL_ON_ERROR_OUTPUT)) and summary.error_output:
        return Status.FAILED, -1, said or "the script wrote to its error output"
    return Status.SUCCESS, 0, said or ""


def _how_it_ended(code: int) -> str:
    if code == KILLED:
        return f"the script was killed (exit code {code}): by a process of its own, or from outside"
    return f"the script ended with exit code {code}"


class _Deadline:
    """Stops a container after its timeout."""

    def __init__(self, container: Container, seconds: float | None) -> None:
        self.seconds = seconds
        self.passed = False
        self._container = container
        self._timer: threading.Timer | None = None
        if seconds is not None:
            self._timer = threading.Timer(seconds, self._stop)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _stop(self) -> None:
        self.passed = True
        stop_soon(self._container)


class _DiskWatch:
    """Stops a container that writes more than `limit` bytes; an engine that does not say how much is let be."""

    def __init__(self, container: Container, limit: int) -> None:
        self.limit = limit
        self.exceeded = False
        self._container = container
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="disk", daemon=True).start()

    def cancel(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        with suppress(EngineError):
            while not self._over.wait(DISK_INTERVAL):
                if self._container.disk_usage() > self.limit and not self._over.is_set():
                    self.exceeded = True
                    stop_soon(self._container)
                    return


class _Sink:
    """Turns what the pump finds into events, outputs and artifacts."""

    def __init__(self, action: PlannedAction, services: ActionServices) -> None:
        self._action = action
        self._services = services
        self._artifacts: list[ArtifactRequest] = []
        self.outputs: dict[str, OutputValue] = {}

    def log(self, level: Level, lines: list[str]) -> None:
        self._services.record(events.log(self._action.id, level, lines))

    def note(self, level: Level, text: str) -> None:
        """A line of the runner's own."""
        self.log(level, self._services.masker.mask_text(text).splitlines())

    def message(self, message: ServiceMessage) -> None:
        services, action = self._services, self._action.id
        if output := OutputVariable.of(message):
            self._set(output)
        elif artifact := ArtifactRequest.of(message):
            self._artifacts.append(artifact)
        elif progress := Progress.of(message):
            services.record(events.progress(action, progress, services.masker))
        elif message.name not in _HANDLED_BY_PUMP:
            services.record(events.message(action, message, services.masker))

    def collect(self, container: Container, is_over: Callable[[], bool]) -> None:
        """Fetch the artifacts, until `is_over`; one that cannot be kept is a warning, not a failure."""
        privileged = self._action.container.reads_everything
        files = ContainerFiles(container.fetch, privileged=privileged, is_over=is_over)
        for number, request in enumerate(self._artifacts):
            try:
                self._collect(files, request)
            except CollectionEnded as ended:
                left = len(self._artifacts) - number
                self._warn(
                    ended.code, f"{left:,} of {len(self._artifacts):,} artifacts are not kept: {ended}"
                )
                break
        if self._artifacts:
            self._services.artifacts.settle()

    def _collect(self, files: ContainerFiles, request: ArtifactRequest) -> None:
        services, action = self._services, self._action.id
        name = services.masker.mask_text(request.name)
        try:
            artifact = services.artifacts.collect(files, request.path, name, action)
        except (ArtifactMissing, ArtifactRefused) as error:
            self._warn(error.code, error.message)
        else:
            services.record(events.artifact(action, artifact))
            for left_out in artifact.left_out:
                self._warn("artifact-part", f'artifact "{name}" is kept without {left_out}')

    def _set(self, output: OutputVariable) -> None:
        target = self._action.target.name if self._action.target else None
        unmasked = not_hidden(output.name, output.value) if output.sensitive else None
        if unmasked is not None and unmasked not in self._services.warned:
            self._services.warned.add(unmasked)
            self._warn("secret-unmasked", unmasked)
        value = OutputValue(self._action.name, target, output.name, output.value, output.sensitive)
        self.outputs[output.name.casefold()] = value
        self._services.keep_output(value)
        self._services.record(events.output(self._action.id, output, self._services.masker))

    def _warn(self, code: str, text: str) -> None:
        masked = self._services.masker.mask_text(text)
        self._services.record(events.warning(code, masked, self._action.id))
