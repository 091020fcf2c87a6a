"""The nouns of a plan: what will run, where, and with which value from where.

Frozen data, made by `runner.planner`, printed by `treadle plan`, walked by `runner.execution`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from registry.model import Parameter, Problem, Provenance
from runner.model import MASK, Condition, SkipReason
from runner.project import ContainerSettings, Person, Target

NOT_READ = "nothing that runs here reads it"
"""Why a value was not asked for: `PlannedValue.unset`."""


class OriginKind(StrEnum):
    """Who said what a value is, weakest first; NONE: nobody did."""

    NONE = "none"
    SYSTEM = "system"
    PROPERTY = "property"
    PROJECT = "project"
    INPUT = "input"
    DEFAULT = "default"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class ValueOrigin:
    """Where a value comes from, for people: `detail` is a place (`deploy.yaml:12:7`, `--var`, a scope)."""

    kind: OriginKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlannedValue:
    """A variable of an action, before the run.

    text: as written, with `#{...}`; None for a null, a parameter without a value, and what is unset
    value: what it comes to as far as the plan can know
    reads: the names that the text read
    missing: the expressions that came to nothing (outputs of earlier steps, mostly)
    undefined: those of them that nothing will define
    unset: why its source could not be read, where nothing that runs needs it or a plan may go on without
    """

    name: str
    text: str | None = field(repr=False)
    origin: ValueOrigin
    sensitive: bool = False
    value: str | None = field(default=None, repr=False)
    reads: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    unset: str = ""

    def as_written(self) -> PlannedValue:
        """The value with its text as what it comes to. Plans make many: `dataclasses.replace` takes ten times as
        long."""
        return PlannedValue(
            self.name,
            self.text,
            self.origin,
            self.sensitive,
            self.text,
            self.reads,
            self.missing,
            self.undefined,
            self.unset,
        )

    @property
    def shown(self) -> str | None:
        """The value as people may see it."""
        return MASK if self.sensitive and self.value else self.value


@dataclass(frozen=True, slots=True)
class TemplatePin:
    """The template version that an action uses, made exact; `patches` as in `ResolvedTemplate`."""

    reference: str
    id: str
    name: str
    version: int
    action_type: str
    provenance: Provenance
    parameters: tuple[Parameter, ...] = ()
    patches: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that an action finds at `path` below its work directory; a folder, without content, ends in a slash."""

    path: str
    content: bytes = field(repr=False)
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Expression:
    """The condition of a step or an action.

    reads: the variables that it reads, by way of others too
    holds: what it comes to; None: that is decided at run time, since it reads what only the run knows
    """

    text: str
    reads: tuple[str, ...] = ()
    holds: bool | None = None


class Outcome(StrEnum):
    """What a plan says of an action: that it runs if nothing before it fails, that it does not, or that the run
    decides."""

    RUN = "run"
    SKIP = "skip"
    DECIDED_AT_RUN_TIME = "decided-at-run-time"


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One execution: an action on or for a target, or once on the worker (`target` None).

    id: unique in the plan, and stable for the same process
    for_target: it runs on the worker, with the variables of its target
    condition: what it asks of the actions before it on its target
    gate: the expression of its step's condition, `when` that of its own
    retries, retry_delay, timeout: as in `runner.model.Action`
    skip: why it does not run, where that is known already
    script: the body as written, with its expressions
    preview: the body as it will run as far as the plan can know, secrets masked
    extras: what it asks of its container beyond the default isolation, in words
    ca: the path of a PEM file with certificates that it trusts
    environment: values by the names of environment variables, which only the script sees
    manual: it asks a person; `script` is what it says, `responsible` who may answer (empty: anybody)
    aliases: the system whose aliases a PowerShell script finds
    """

    id: str
    step: str
    name: str
    target: Target | None
    syntax: str = ""
    script: str = field(default="", repr=False)
    preview: str = field(default="", repr=False)
    image: str = ""
    container: ContainerSettings = field(default_factory=ContainerSettings)
    template: TemplatePin | None = None
    parameters: tuple[PlannedValue, ...] = ()
    variables: tuple[PlannedValue, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    ca: str | None = None
    environment: tuple[PlannedValue, ...] = ()
    files: tuple[PlannedFile, ...] = ()
    fail_fast: bool = False
    aliases: str | None = None
    for_target: bool = False
    condition: Condition = Condition.SUCCESS
    gate: Expression | None = None
    when: Expression | None = None
    retries: int = 0
    retry_delay: float = 15.0
    timeout: float | None = None
    required: bool = False
    continue_on_error: bool = False
    on_cancel: bool = False
    restartable: bool = False
    skip: SkipReason | None = None
    skip_detail: str = ""
    notes: str = ""
    manual: bool = False
    responsible: tuple[Person, ...] = ()

    @property
    def host(self) -> Target | None:
        """The target whose engine, network and volumes it gets; None: the worker's."""
        return None if self.for_target else self.target

    @property
    def outcome(self) -> Outcome:
        """What the plan says of it."""
        if self.skip is not None:
            return Outcome.SKIP
        open_ends = [one for one in (self.gate, self.when) if one is not None and one.holds is None]
        if open_ends or self.condition is Condition.FAILURE:
            return Outcome.DECIDED_AT_RUN_TIME
        return Outcome.RUN


Lane = tuple[PlannedAction, ...]
"""The actions of a step on one target, in order."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of the plan: its actions in order, for one target after the other.

    group: steps of one group run beside each other, the groups one after another
    window: as in `runner.model.Step`
    skip: why it does not run, where that is known already
    """

    number: int
    name: str
    condition: Condition
    actions: tuple[PlannedAction, ...]
    group: int = 0
    max_parallel: int = 10
    window: int | None = None
    continue_on_error: bool = False
    on_cancel: bool = False
    skip: SkipReason | None = None
    skip_detail: str = ""
    notes: str = ""

    @property
    def at_once(self) -> int:
        """On how many targets at the same time."""
        return self.max_parallel if self.window is None else min(self.window, self.max_parallel)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The actions of each target, in order."""
        lanes: dict[str | None, list[PlannedAction]] = {}
        for action in self.actions:
            lanes.setdefault(action.target.name if action.target else None, []).append(action)
        return tuple(tuple(lane) for lane in lanes.values())

    def outcome_of(self, action: PlannedAction) -> Outcome:
        """What the plan says of one of its actions, its own condition considered."""
        if self.condition is Condition.FAILURE and action.skip is None:
            return Outcome.DECIDED_AT_RUN_TIME
        return action.outcome


@dataclass(frozen=True, slots=True)
class PlannedPrompt:
    """A variable that a person may be asked for; `proposed` is the value that it has otherwise."""

    parameter: Parameter
    proposed: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do: steps × targets, frozen. Serialised, it holds no secret (see `runner.planner.plan_json`).

    `prompts` are the prompted variables that something reads and nobody gave, by their labels.
    """

    process: str
    file: str
    project: str
    environment: str | None
    steps: tuple[PlannedStep, ...]
    warnings: tuple[Problem, ...] = ()
    guided_failure: bool = False
    prompts: tuple[PlannedPrompt, ...] = field(default=(), repr=False)

    @property
    def scripts(self) -> tuple[PlannedAction, ...]:
        """The actions that may run in containers."""
        return tuple(action for action in self.actions if not action.manual)

    @property
    def actions(self) -> tuple[PlannedAction, ...]:
        """Those that may run."""
        return tuple(action for step in self.steps for action in step.actions if action.skip is None)
