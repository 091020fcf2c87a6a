"""The nouns of the runner: frozen data, nothing that acts.

Words as in the field: a *process* is an ordered list of *steps*; a step's *action* is a template reference or an
inline script; *targets* have *roles* and belong to *environments*; a *plan* is the frozen result of compiling a
process for one environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from registry.model import Problem, Reference, TextPlace
from runner.project import ContainerSettings

MASK = "********"
"""What is shown in place of a secret: always eight characters, whatever its length."""


class Status(StrEnum):
    """What a run, a step or an action can be; the first three are still moving."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCESS = "success"
    SUCCESS_WITH_WARNINGS = "success-with-warnings"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Level(StrEnum):
    """How a log line is meant; `IGNORE` lines are dropped."""

    VERBOSE = "verbose"
    INFO = "info"
    HIGHLIGHT = "highlight"
    WAIT = "wait"
    WARNING = "warning"
    ERROR = "error"
    IGNORE = "ignore"


class Condition(StrEnum):
    """When a step runs: what it asks of the steps before it; an action asks it of those before it on its target.

    VARIABLE: an expression decides, whatever happened before.
    """

    SUCCESS = "success"
    FAILURE = "failure"
    ALWAYS = "always"
    VARIABLE = "variable"


class SkipReason(StrEnum):
    """Why a step or an action did not run: the first rule that excludes it, in this order."""

    DISABLED = "disabled"
    ENVIRONMENT = "environment"
    CHANNEL = "channel"
    TENANT_TAG = "tenant-tag"
    SKIPPED_BY_USER = "skipped-by-user"
    NO_TARGETS = "no-targets"
    CANCELLED = "cancelled"
    TARGET_EXCLUDED = "target-excluded"
    WINDOW_STOPPED = "window-stopped"
    CONDITION = "condition"
    VARIABLE = "variable"

    @property
    def asked_for(self) -> bool:
        """Whether somebody wanted this step left out, and said so of this very step."""
        return self in (SkipReason.DISABLED, SkipReason.SKIPPED_BY_USER)


class RunOn(StrEnum):
    """Where an action runs: on its targets, once on the worker, or on the worker once for each target."""

    TARGETS = "targets"
    WORKER = "worker"
    WORKER_PER_TARGET = "worker-per-target"


@dataclass(frozen=True, slots=True)
class InlineScript:
    """A script written into the process. `shell` is `bash`, `python` or `sh`.

    `fail_fast`: its first command that fails ends it; None leaves that to the project.
    """

    body: str
    shell: str = "bash"
    fail_fast: bool | None = None


@dataclass(frozen=True, slots=True)
class Manual:
    """A question to a person: the run waits for the answer.

    instructions: Markdown, with expressions
    responsible: names of people of the project; empty: anybody may answer
    """

    instructions: str
    responsible: tuple[str, ...] = ()


class Choice(StrEnum):
    """What a person may answer: PROCEED and ABORT to a manual step, the others to a failure."""

    PROCEED = "proceed"
    ABORT = "abort"
    FAIL = "fail"
    RETRY = "retry"
    IGNORE = "ignore"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """A template with the values given to its parameters; a None value means: leave the parameter absent."""

    reference: Reference
    values: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileCopy:
    """A file or folder of the project that a step finds in its work directory; both paths are relative."""

    source: str
    to: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Where and for whom a step or an action is part of a run; each dimension empty = everywhere.

    `tenant_tags` are `Set/Tag`: one of each set that is named must match.
    """

    environments: tuple[str, ...] = ()
    exclude_environments: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tenant_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """When a step or an action runs, and what its failure means.

    when: the expression of a variable condition
    continue_on_error: its failure is a warning
    on_cancel: it runs after a cancellation, too
    """

    filters: Filters = Filters()
    condition: Condition = Condition.SUCCESS
    when: str = ""
    disabled: bool = False
    required: bool = False
    continue_on_error: bool = False
    on_cancel: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What a step does: a script or a template, with its surroundings.

    at: where it stands in its process document
    rules: of an action among others; those of a lone one are its step's
    retries: how often it is tried again after a failure, each time after `retry_delay` seconds
    timeout: seconds for each attempt; None is not a limit
    restartable: an attempt that was cut off may be repeated
    env: texts by the names of environment variables
    aliases: the system whose aliases a PowerShell script finds; None for those of Linux
    """

    name: str
    does: InlineScript | TemplateUse | Manual
    at: tuple[str | int, ...] = field(default=("steps", 0), compare=False)
    rules: Rules = Rules()
    run_on: RunOn = RunOn.TARGETS
    retries: int = 0
    retry_delay: float = 15.0
    timeout: float | None = None
    restartable: bool = False
    container: ContainerSettings = field(default_factory=ContainerSettings)
    properties: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    files: tuple[FileCopy, ...] = ()
    aliases: str | None = None
    notes: str = ""

    @property
    def label(self) -> str:
        """What a sentence calls it."""
        return f'{"action" if len(self.at) > 2 else "step"} "{self.name}"'


@dataclass(frozen=True, slots=True)
class Step:
    """One or more actions, run in order on each target; a lone action has the name of its step.

    roles: empty: it runs once, on the worker
    with_previous: it runs beside the step before it
    window: of a rolling step: on how many targets at once; a target that fails stops the rest
    """

    name: str
    actions: tuple[Action, ...]
    roles: tuple[str, ...] = ()
    rules: Rules = Rules()
    with_previous: bool = False
    fail_without_targets: bool = False
    max_parallel: int = 10
    window: int | None = None
    notes: str = ""

    @property
    def is_lone(self) -> bool:
        """Whether the step is its one action."""
        return len(self.actions) == 1 and len(self.actions[0].at) == 2


@dataclass(frozen=True, slots=True)
class Process:
    """An ordered list of steps.

    `blank_parameters_empty`: a parameter with neither value nor default is defined as empty text, instead of
    being absent. `file` is where it was read from; `positions` maps document paths to (line, column), `places` those
    of texts with `#{...}` in them to where they stand. `warnings` were found while reading.
    """

    name: str
    steps: tuple[Step, ...]
    file: str
    blank_parameters_empty: bool = False
    positions: Mapping[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict, repr=False)
    places: Mapping[tuple[str | int, ...], TextPlace] = field(default_factory=dict, repr=False)
    warnings: tuple[Problem, ...] = ()

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(action for step in self.steps for action in step.actions)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """How an attempt of an action ended. `seconds` is the time from being ready to having its result."""

    action: str
    status: Status
    exit_code: int | None = None
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended; `skip` is set if it was skipped."""

    step: str
    status: Status
    reason: str = ""
    seconds: float = 0.0
    actions: tuple[ActionResult, ...] = ()
    skip: SkipReason | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended; `message` is set when it wasn't simply all steps succeeding."""

    run: str
    status: Status
    seconds: float
    steps: tuple[StepResult, ...]
    message: str = ""

    @property
    def as_asked(self) -> bool:
        """Whether a run that skipped every step did what it was asked to."""
        return all(step.skip is not None and step.skip.asked_for for step in self.steps)
