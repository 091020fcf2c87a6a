"""Runs on the fake engine: processes as data, what each script does as data, and what came of it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import UserError
from registry.home import Home
from registry.model import StepTemplate
from runner.engine.base import ACTION_LABEL, ContainerSpec, Endpoint, Engine, Stream
from runner.engine.fake import FakeContainer, FakeEngine, Script
from runner.engine.payload import Payload
from runner.execution.cancellation import Cancellation
from runner.execution.events import Event
from runner.model import RunResult
from runner.plan import Plan
from runner.runs.history import Runs
from runner.runs.intervention import Intervention
from runner.runs.limits import RunLimits
from runner.runs.service import RunService
from tests.support.plans import IMAGE, Desk

Scripts = Mapping[str, Script]
"""What the script of an action does, by the action's id; of one that isn't named: nothing, successfully."""


def said(*lines: str, code: int = 0, stream: Stream = Stream.STDOUT, **changes: Any) -> Script:
    """A script that prints lines."""
    return Script(output=[(stream, f"{line}\n".encode()) for line in lines], code=code, **changes)


def set_variable(name: str, value: str, sensitive: bool = False) -> str:
    """The line with which a script sets an output variable."""
    words = {"name": name, "value": value, **({"sensitive": "True"} if sensitive else {})}
    return f"##octopus[setVariable {_attributes(words)}]"


def create_artifact(path: str, name: str) -> str:
    """The line with which a script hands over a file."""
    return f"##octopus[createArtifact {_attributes({'path': path, 'name': name})}]"


def _attributes(words: Mapping[str, str]) -> str:
    return " ".join(f"{key}='{base64.b64encode(value.encode()).decode()}'" for key, value in words.items())


@dataclass
class Ended:
    """A run that has ended. `error` is what broke it off, then `result` is None."""

    plan: Plan
    engine: FakeEngine
    events: list[Event]
    result: RunResult | None
    error: UserError | None
    told: list[str] = field(default_factory=list)

    @property
    def statuses(self) -> dict[str, str]:
        """The steps' statuses, as the last event tells them."""
        return {step["step"]: step["status"] for step in self.events[-1]["steps"]}

    @property
    def reasons(self) -> dict[str, str]:
        return {step["step"]: step.get("reason", "") for step in self.events[-1]["steps"]}

    @property
    def log(self) -> list[str]:
        return [line for event in self.of("log") for line in event["lines"] if event["level"] != "verbose"]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["event"] == kind]

    def container(self, action: str) -> FakeContainer:
        """The container of an action that ran."""
        (found,) = (c for c in self.engine.containers if c.spec.labels[ACTION_LABEL] == action and c.payload)
        return found

    def script(self, action: str) -> str:
        """The body that an action's container was given."""
        return _content(self.container(action), "/Script.")

    def variables(self, action: str) -> dict[str, str]:
        """The variables that an action's script could read."""
        parts = _content(self.container(action), "/variables/").split("\0")[:-1]
        return {name: value.removeprefix("=") for name, value in zip(parts[::2], parts[1::2], strict=True)}


def _content(container: FakeContainer, where: str) -> str:
    assert container.payload is not None
    return b"".join(file.content for file in container.payload.files if where in file.path).decode()


@dataclass
class Stage:
    """A home and a project below `folder`; runs whose steps are data."""

    folder: Path
    templates: Mapping[str, StepTemplate] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    cancellation: Cancellation = field(default_factory=Cancellation)
    images: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {IMAGE: {"LANG": "C.UTF-8"}})
    settings: RunLimits = field(default_factory=RunLimits)

    @property
    def home(self) -> Home:
        return Home.at(self.folder / "home")

    def run(
        self,
        steps: Sequence[Mapping[str, Any]],
        scripts: Scripts | None = None,
        project: Mapping[str, Any] | None = None,
        when: Callable[[Event], None] = lambda _: None,
        connect: Callable[[Endpoint], Engine] | None = None,
        **choices: Any,
    ) -> Ended:
        """Plan and run. `when` is called with every event as it comes; `choices` go to `Desk.plan`."""
        self.folder.mkdir(exist_ok=True)
        plan = Desk(self.folder, self.templates, self.secrets).plan(steps, project, **choices)
        engine = FakeEngine(_behaviour(scripts or {}), self.images)
        return self.execute(plan, engine, when, connect)

    def execute(
        self,
        plan: Plan,
        engine: FakeEngine,
        when: Callable[[Event], None] = lambda _: None,
        connect: Callable[[Endpoint], Engine] | None = None,
    ) -> Ended:
        return self.carry_out(
            plan,
            engine,
            lambda service, listen, tell: service.run(plan, listen, self.cancellation, tell),
            when,
            connect,
        )

    def resume(
        self,
        run: str,
        scripts: Scripts | None = None,
        restart: bool | None = None,
        answer: Intervention | None = None,
    ) -> Ended:
        """Go on with a run; the plan is that of the record."""
        return self._again(
            run,
            scripts,
            lambda service, record, *rest: service.resume(record, restart, *rest, answer=answer),
        )

    def retry(self, run: str, scripts: Scripts | None = None, failed_only: bool = False) -> Ended:
        """Run once more what a run has run."""
        return self._again(
            run, scripts, lambda service, record, *rest: service.retry(record, failed_only, *rest)
        )

    def _again(self, run: str, scripts: Scripts | None, do: Callable[..., RunResult]) -> Ended:
        record = Runs(self.home.runs).record(run)
        engine = FakeEngine(_behaviour(scripts or {}), self.images)
        plan = self._service(engine).plan_of(record)
        return self.carry_out(
            plan,
            engine,
            lambda service, listen, tell: do(service, record, listen, self.cancellation, tell),
        )

    def _service(self, engine: Engine, connect: Callable[[Endpoint], Engine] | None = None) -> RunService:
        return RunService(
            self.home,
            self.folder,
            None,
            _no_template,
            connect or (lambda _: engine),
            lambda _: IMAGE,
            self.settings,
        )

    def carry_out(
        self,
        plan: Plan,
        engine: FakeEngine,
        do: Callable[..., RunResult],
        when: Callable[[Event], None] = lambda _: None,
        connect: Callable[[Endpoint], Engine] | None = None,
    ) -> Ended:
        events: list[Event] = []

        def listen(event: Event) -> None:
            events.append(event)
            when(event)

        told: list[str] = []
        result, error = None, None
        try:
            result = do(self._service(engine, connect), listen, told.append)
        except UserError as caught:
            error = caught
        return Ended(plan, engine, events, result, error, told)


def _behaviour(scripts: Scripts) -> Callable[[ContainerSpec, Payload], Script]:
    def behave(spec: ContainerSpec, _: Payload) -> Script:
        return scripts.get(spec.labels[ACTION_LABEL], Script())

    return behave


def _no_template(reference: object) -> Any:
    raise AssertionError(f"{reference} is resolved while planning, never later")
