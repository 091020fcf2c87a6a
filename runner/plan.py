"""The nouns of a plan: what will run, where, and with which value from where.

Frozen data, made by `runner.planner`, printed by `treadle plan`, walked by `runner.execution`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from registry.model import Parameter, Problem, Provenance
from runner.model import MASK, Condition, ContainerSettings, SkipReason, Target

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
class PlannedAction:
    """One execution: an action on a target, or once on the worker (`target` None).

    `id` is unique in the plan and stable for the same process. `script` is the body as written (octostache
    inside), `preview` the body as it will run as far as the plan can know, secrets masked. `extras` is what it asks of
    its container beyond the default isolation, in words; `ca` the path of a PEM file with certificates that it trusts.
    `environment` are values by the names of environment variables, which only the script sees.
    """

    id: str
    step: str
    name: str
    target: Target | None
    syntax: str
    script: str = field(repr=False)
    preview: str = field(repr=False)
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


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of the plan; `skip` tells why it won't run, when that is known already."""

    number: int
    name: str
    condition: Condition
    actions: tuple[PlannedAction, ...]
    max_parallel: int = 10
    timeout: float | None = None
    skip: SkipReason | None = None
    skip_detail: str = ""
    notes: str = ""


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
    prompts: tuple[PlannedPrompt, ...] = field(default=(), repr=False)

    @property
    def actions(self) -> tuple[PlannedAction, ...]:
        return tuple(action for step in self.steps for action in step.actions)
