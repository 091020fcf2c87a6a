"""The nouns of a project: environments, targets, variables, people; frozen data, nothing that acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from registry.model import Parameter, Problem


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """What a step asks of its container; None means the default.

    `memory`, `tmp` and `disk` in bytes, `cpus` in cores. `shared_network` False: the action gets a network namespace of
    its own instead of joining the one of its target's run. `given`: the fields that somebody wrote.
    """

    image: str | None = None
    user: str | None = None
    network: str | None = None
    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None
    tmp: int | None = None
    disk: int | None = None
    read_only: bool = False
    capabilities: tuple[str, ...] = ()
    shared_network: bool = True
    given: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    def over(self, defaults: ContainerSettings) -> ContainerSettings:
        """These settings where they were given, the defaults elsewhere."""
        own = {name: getattr(self, name) for name in self.given}
        return replace(defaults, **own, given=defaults.given | self.given)

    @property
    def reads_everything(self) -> bool:
        """Whether root in the container may read files whatever their modes."""
        return not {"ALL", "DAC_OVERRIDE", "DAC_READ_SEARCH"}.isdisjoint(self.capabilities)

    def network_on(self, target: Target | None) -> str:
        """The step's own wish, else the target's network, else bridge."""
        return self.network or (target.network if target else None) or "bridge"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be asked; `name` is what the operating system calls them, `display` their full name."""

    name: str
    display: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class TargetEngine:
    """A target's Docker endpoint; `tls` maps `ca`, `cert` and `key` to file paths."""

    host: str
    tls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A place where actions run. `volumes` maps volume names or absolute paths to absolute container paths;
    they and the `network` belong to the target: Treadle never removes them. `ca` is the path of a PEM file."""

    name: str
    environments: tuple[str, ...]
    roles: tuple[str, ...]
    engine: TargetEngine | None = None
    network: str | None = None
    volumes: Mapping[str, str] = field(default_factory=dict)
    ca: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a variable's value applies; each dimension empty = everywhere."""

    environments: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    tenant_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariableSource:
    """Where a value comes from when it is not written down.

    kind: a key of `from`, as `runner.variables.sources` knows them
    setting: what stands behind that key
    options: the keys beside it
    folder: where relative paths start, itself relative to the project's folder; empty for that one
    """

    kind: str
    setting: str | tuple[str, ...]
    options: tuple[tuple[str, str | float | bool], ...] = ()
    folder: str = ""

    def option(self, name: str) -> str | float | bool | None:
        return dict(self.options).get(name)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file: line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class ScopedValue:
    """One value of a variable.

    value: None when `source` says where to get it
    from_set: the name of the variable set that has it, empty for the project's own
    """

    value: str | None
    scope: Scope = Scope()
    source: VariableSource | None = None
    from_set: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """A project variable with all its values, those of variable sets last.

    prompt: how a person is asked for it, as for a template's parameter of that name; None: nobody is
    """

    name: str
    values: tuple[ScopedValue, ...]
    sensitive: bool = False
    prompt: Parameter | None = None
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Environment:
    """`guided_failure`: a failure in it asks a person."""

    name: str
    description: str = ""
    guided_failure: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """The runner's part of `treadle.yaml`; with no file, `environments` is empty and any name will do.

    `guided_failure` beats what its environments say; `people` may be asked.
    `fail_fast` holds for the scripts of its processes that do not say otherwise. `container` holds defaults for all
    steps, `ca` is the path of a PEM file.

    `positions` maps paths in the document (`("variables", "Site.Host")`) to (line, column). `warnings` were found
    while reading.
    """

    name: str
    environments: tuple[Environment, ...] = ()
    targets: tuple[Target, ...] = ()
    variables: tuple[Variable, ...] = ()
    container: ContainerSettings = ContainerSettings()
    ca: str | None = None
    file: str | None = None
    fail_fast: bool = True
    guided_failure: bool | None = None
    people: tuple[Person, ...] = ()
    positions: Mapping[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict, repr=False)
    warnings: tuple[Problem, ...] = ()
