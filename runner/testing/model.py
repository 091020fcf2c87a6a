"""The nouns of a template test, as its file describes them (`schemas/template-test.schema.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CommandStub:
    """A program that stands in for a real one."""

    name: str
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """A line that the log must hold: a part or a pattern of it, at a level; or a text that no line may hold."""

    text: str | None = None
    pattern: str | None = None
    absent: str | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True)
class ExpectedRequest:
    """A request that a service must have seen; None is not compared. `count` None: at least once."""

    path: str
    port: int | None = None
    method: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A call of a stand-in; `arguments` None are not compared."""

    name: str
    arguments: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Expectations:
    """What must come of the run; what is None or empty is not looked at."""

    exit_code: int | None = None
    message: str | None = None
    outputs: Mapping[str, str | None] = field(default_factory=dict)
    log: tuple[ExpectedLine, ...] = ()
    artifacts: tuple[str, ...] = ()
    files: Mapping[str, str | None] = field(default_factory=dict)
    requests: tuple[ExpectedRequest, ...] = ()
    calls: tuple[ExpectedCall, ...] | None = None


@dataclass(frozen=True, slots=True)
class TemplateTest:
    """One test file. `services` is the list of HTTP services as the stub server takes it; `timeout` in seconds."""

    name: str
    file: str
    expect: Expectations
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    services: tuple[Mapping[str, Any], ...] = ()
    commands: tuple[CommandStub, ...] = ()
    network: str = "none"
    image: str | None = None
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request as a service saw it; header names in lower case."""

    port: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of the run: `log` holds (level, line), `files` the texts of the files asked for (None: not there)."""

    exit_code: int | None
    message: str
    outputs: Mapping[str, str]
    log: tuple[tuple[str, str], ...]
    artifacts: tuple[str, ...]
    files: Mapping[str, str | None]
    requests: tuple[SeenRequest, ...]
    calls: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that wasn't met."""

    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class TestResult:
    """How a test ended. `error` tells why it could not run at all."""

    template: str
    test: TemplateTest
    failures: tuple[Failure, ...]
    seconds: float
    log: tuple[tuple[str, str], ...] = ()
    error: str | None = None

    @property
    def passed(self) -> bool:
        return self.error is None and not self.failures
