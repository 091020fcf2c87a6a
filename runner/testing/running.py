"""Running one test: the template's plan, the world that the test describes, and what came of it."""

from __future__ import annotations

import json
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from registry.errors import UserError
from registry.model import Reference, ResolvedTemplate
from runner.bootstrap import ScriptRequest, Syntax, build_payload
from runner.engine.base import Container, ContainerSpec, EngineError, Image
from runner.engine.payload import WORK_DIR
from runner.execution import events
from runner.execution.action import ActionServices, run_action
from runner.execution.artifacts import ArtifactStore
from runner.execution.container_pool import container_spec
from runner.execution.substitution import ScriptContext
from runner.masking.masker import Masker
from runner.model import Action, Process, Step, TemplateUse
from runner.plan import OriginKind, Plan, PlannedAction, PlannedValue, ValueOrigin
from runner.planner import DefaultImage, Inputs, compile_plan
from runner.project import ContainerSettings, Project, Variable, VariableSource
from runner.testing.cases import name_of
from runner.testing.checking import differences
from runner.testing.model import CommandStub, Observed, SeenRequest, TemplateTest, TestResult
from runner.testing.session import Session
from runner.variables.binding import OutputValue
from runner.variables.system import image_environment

STUBS = ".stubs"
"""A hidden folder in the work directory: the stand-ins, and the record of their calls."""

_CALLS = f"{STUBS}/calls"
_MAX_FILE = 1024 * 1024
_READY_SECONDS = 30.0


def run_test(
    session: Session, template: ResolvedTemplate, test: TemplateTest, default_image: DefaultImage
) -> TestResult:
    """Run a test to its end. Raises EngineError; everything else is part of the result."""
    started = time.monotonic()
    name = name_of(template)
    masker = Masker()
    try:
        action = _action(template, test, default_image)
        image = session.engine.ensure_image(action.image)
        with _services(session, test, default_image(Syntax.PYTHON)) as services:
            observed = _Attempt(session, test, services, image, masker).run(action)
    except EngineError:
        raise
    except UserError as error:
        told = "; ".join([error.message, *(problem.message for problem in error.problems)])
        return TestResult(name, test, (), time.monotonic() - started, error=masker.mask_text(told))
    failures = differences(test.expect, observed, masker.mask_text)
    # Once more: a secret may have been set after it was printed.
    log = tuple((level, masker.mask_text(line)) for level, line in observed.log)
    return TestResult(name, test, failures, time.monotonic() - started, log)


def _action(template: ResolvedTemplate, test: TemplateTest, default_image: DefaultImage) -> PlannedAction:
    """The template's one action, planned as in a process. Raises Invalid."""
    settings = ContainerSettings(image=test.image, network=test.network)
    action = Action(test.name, TemplateUse(template.reference, test.inputs), container=settings)
    step = Step(test.name, (action,))
    process = Process(template.template.name, (step,), test.file)
    variables = {name: value for name, value in test.variables.items() if value is not None}

    def resolve(_: Reference) -> ResolvedTemplate:
        return _unchecked(template)

    def no_source(_: Variable, __: VariableSource) -> str:
        raise AssertionError("a test has no project")

    plan: Plan = compile_plan(
        process, Project("test"), Inputs(variables=variables), resolve, no_source, default_image
    )
    return plan.actions[0]


def _unchecked(template: ResolvedTemplate) -> ResolvedTemplate:
    """The template without Treadle's typed extras: a script has to stand its ground where nobody checks them."""
    parameters = tuple(
        replace(parameter, required=False, pattern=None, minimum=None, maximum=None)
        for parameter in template.template.parameters
    )
    return replace(template, template=replace(template.template, parameters=parameters))


@dataclass
class _Services:
    """The HTTP services of a test: their namespace, and the requests they have seen."""

    namespace: str | None = None
    requests: list[SeenRequest] = field(default_factory=list)


@contextmanager
def _services(session: Session, test: TemplateTest, image: str) -> Iterator[_Services]:
    """Start the services in a container of their own, in a network namespace that the test's action joins."""
    if not test.services:
        yield _Services()
        return
    engine, labels = session.engine, session.labels.of("services")
    engine.ensure_image(image)
    namespace = engine.hold_namespace(image, test.network, labels)
    try:
        container = engine.prepare(ContainerSpec(image, labels, namespace=namespace.id))
        try:
            services = _Services(namespace.id)
            reader = _start_services(container, test, services)
            yield services
            container.stop(grace=0)
            reader.join()
        finally:
            container.remove()
    finally:
        namespace.remove()


def _start_services(container: Container, test: TemplateTest, services: _Services) -> threading.Thread:
    """Wait until all ports listen. Raises EngineError when they don't."""
    body = Path(__file__).with_name("stub_server.py").read_text(encoding="utf-8")
    variables = {"Services": json.dumps(test.services)}
    container.deliver(build_payload(ScriptRequest(Syntax.PYTHON, body, variables, log_environment=False)))
    ready = threading.Event()
    reader = threading.Thread(target=_read_requests, args=(container, services, ready), daemon=True)
    reader.start()
    if not ready.wait(_READY_SECONDS):
        raise EngineError("test-services", "the HTTP services of the test did not start")
    return reader


def _read_requests(container: Container, services: _Services, ready: threading.Event) -> None:
    rest = b""
    for _, chunk in container.output():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if not line.startswith(b"{"):
                continue
            record = json.loads(line)
            if "listening" in record:
                ready.set()
            else:
                services.requests.append(SeenRequest(**record))


@dataclass
class _Attempt:
    """The action of a test; it is its own supply of one container."""

    session: Session
    test: TemplateTest
    services: _Services
    image: Image
    masker: Masker
    log: list[tuple[str, str]] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)
    files: dict[str, str | None] = field(default_factory=dict)
    calls: tuple[tuple[str, ...], ...] = ()

    def run(self, action: PlannedAction) -> Observed:
        with tempfile.TemporaryDirectory(dir=self.session.folder) as folder:
            services = ActionServices(
                self,
                self.masker,
                ArtifactStore(Path(folder)),
                self._record,
                self.session.cancellation,
                script_context=self._script_context(),
            )
            end = run_action(replace(action, timeout=self.test.timeout), self._values(), services)
        if end.broken is not None:
            raise end.broken
        return Observed(
            exit_code=end.result.exit_code,
            message=end.result.message,
            outputs=_by_name(end.outputs),
            log=tuple(self.log),
            artifacts=tuple(self.artifacts),
            files=self.files,
            requests=tuple(self.services.requests),
            calls=self.calls,
        )

    # --- the supply of containers

    def take(self, action: PlannedAction) -> Container:
        return self.session.engine.prepare(
            container_spec(action, self.session.labels, self.services.namespace)
        )

    def skip(self, action: PlannedAction) -> None:
        return None

    def remove(self, container: Container) -> None:
        container.remove()

    # --- what is around the script

    def _values(self) -> list[PlannedValue]:
        """The variables that the test sets to null, and the image's environment."""
        nulls = (name for name, value in self.test.variables.items() if value is None)
        return [
            *(PlannedValue(name, None, ValueOrigin(OriginKind.INPUT)) for name in nulls),
            *image_environment(self.image.environment),
        ]

    def _script_context(self) -> ScriptContext:
        files = {name: content.encode() for name, content in self.test.files.items()}
        stubs = {f"{STUBS}/bin/{stub.name}": _stub(stub) for stub in self.test.commands}
        if not stubs:
            return ScriptContext(files, examine=self._examine)
        path = self.image.environment.get("PATH", "/usr/local/bin:/usr/bin:/bin")
        return ScriptContext(
            {**files, **stubs, _CALLS: b""},
            frozenset(stubs),
            {"PATH": f"{WORK_DIR}/{STUBS}/bin:{path}"},
            self._examine,
        )

    # --- what comes of it

    def _record(self, event: events.Event) -> None:
        if event["event"] == events.Kind.LOG:
            self.log += [(str(event["level"]), line) for line in event["lines"]]
        elif event["event"] == events.Kind.ARTIFACT:
            self.artifacts.append(event["name"])

    def _examine(self, container: Container) -> None:
        for name in self.test.expect.files:
            content = _read(container, name)
            self.files[name] = None if content is None else content.decode("utf-8", "replace")
        if self.test.commands:
            self.calls = _calls(_read(container, _CALLS) or b"")


def _stub(stub: CommandStub) -> bytes:
    """A program that notes its name and arguments, each ended by NUL, and answers as told."""
    import shlex

    lines = [
        "#!/bin/sh",
        f'printf \'%s\\0\' "$(($# + 1))" {shlex.quote(stub.name)} "$@" >> {WORK_DIR}/{_CALLS}',
        f"printf %s {shlex.quote(stub.stdout)}",
        f"printf %s {shlex.quote(stub.stderr)} >&2",
        f"exit {stub.exit_code}",
    ]
    return "\n".join(lines).encode() + b"\n"


def _calls(record: bytes) -> tuple[tuple[str, ...], ...]:
    words = record.decode("utf-8", "replace").split("\0")[:-1]
    calls = []
    while words:
        count = int(words[0])
        calls.append(tuple(words[1 : count + 1]))
        words = words[count + 1 :]
    return tuple(calls)


def _read(container: Container, name: str) -> bytes | None:
    """The first megabyte of a regular file below the work directory; None if there is none."""
    try:
        chunks = container.fetch(f"{WORK_DIR}/{name}")
        with tempfile.TemporaryFile() as spool:
            for chunk in chunks:
                spool.write(chunk)
                if spool.tell() > 2 * _MAX_FILE:
                    break
            spool.seek(0)
            with tarfile.open(fileobj=spool) as tar:
                entry = tar.next()
                file = tar.extractfile(entry) if entry is not None and entry.isreg() else None
                return file.read(_MAX_FILE) if file is not None else None
    except FileNotFoundError:
        return None


def _by_name(outputs: tuple[OutputValue, ...]) -> dict[str, str]:
    return {output.name: output.value for output in outputs}
