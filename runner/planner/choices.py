"""What a user chose beside the process: environment, targets, steps to skip, variables; and whether it is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from registry.errors import Invalid, NotFound
from registry.suggest import suggest
from runner.model import Action, Manual, Process, Rules, SkipReason
from runner.planner.order import all_names
from runner.project import Environment, Project, Target


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a user says beside the process.

    `variables` (name -> text) come from `--var` and `--var-file`, `origins` tells for each which. `targets` empty
    means all. `plain` holds the names whose values stood on the command line, where process lists show them.
    `allow_revoked`: a template that was revoked is warned of, not refused. `allow_unset`: so is a variable whose source
    is not there. `reads` are texts beside the process that read variables. `ask`: a person will be asked for prompted
    variables, so that none has to be there.
    `channel` and `tenant_tags` (`Set/Tag`) are what the run is for. `exclude_targets` are left out.
    `guided_failure` None leaves it to the project.
    """

    environment: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    plain: frozenset[str] = frozenset()
    allow_revoked: bool = False
    allow_unset: bool = False
    reads: tuple[str, ...] = field(default=(), repr=False)
    ask: bool = False
    channel: str | None = None
    tenant_tags: tuple[str, ...] = ()
    exclude_targets: tuple[str, ...] = ()
    guided_failure: bool | None = None


def check_inputs(inputs: Inputs, process: Process, project: Project) -> None:
    """Raises NotFound for a step that isn't there, Invalid for what must not be asked."""
    known = {name.casefold(): name for name in all_names(process)}
    for name in inputs.skip:
        if name.casefold() not in known:
            raise unknown("step", name, all_names(process))
        if _is_required(name, process):
            raise Invalid(
                "required-step", f'step "{known[name.casefold()]}" is required and cannot be skipped'
            )
    plain = folded(inputs.plain)
    for variable in project.variables:
        if variable.sensitive and variable.name.casefold() in plain:
            raise Invalid(
                "secret-on-command-line",
                f'the variable "{variable.name}" is sensitive; a plain value would show in process lists',
                hint=f"Use --var {variable.name}=@FILE or --var {variable.name}=- (standard input).",
            )


def _is_required(name: str, process: Process) -> bool:
    """Whether a step of that name is required, or one of its actions, or an action of that name or its step."""
    return any(
        name.casefold() in (step.name.casefold(), action.name.casefold())
        and (step.rules.required or action.rules.required or _responsible(action))
        for step in process.steps
        for action in step.actions
    )


def choose_environment(project: Project, name: str | None) -> Environment | None:
    """The environment of that name, or the only one. Raises NotFound, Invalid."""
    names = [environment.name for environment in project.environments]
    if name is None:
        if len(names) > 1:
            raise Invalid(
                "environment-missing",
                "no environment was given",
                hint=f"Add -e with one of: {', '.join(names)}.",
            )
        return project.environments[0] if names else None
    if not name.strip():
        raise Invalid(
            "environment-missing", "the name of the environment is empty", hint=suggest(name, names)
        )
    if not names:
        return Environment(name)
    for environment in project.environments:
        if environment.name.casefold() == name.casefold():
            return environment
    raise unknown("environment", name, names)


def choose_targets(project: Project, environment: Environment | None, inputs: Inputs) -> list[Target]:
    """The environment's targets, or those of them that the user chose, in the project's order.

    Raises NotFound for a target that isn't there, Invalid for one that belongs to other environments only.
    """
    there = [
        target
        for target in project.targets
        if environment is None or environment.name.casefold() in folded(target.environments)
    ]
    names = {target.name.casefold(): target for target in project.targets}
    for name in inputs.exclude_targets:
        if name.casefold() not in names:
            raise unknown("target", name, [target.name for target in project.targets])
    there = [target for target in there if target.name.casefold() not in folded(inputs.exclude_targets)]
    if not inputs.targets:
        return there
    for name in inputs.targets:
        target = names.get(name.casefold())
        if target is None:
            raise unknown("target", name, [target.name for target in project.targets])
        if target not in there and name.casefold() not in folded(inputs.exclude_targets):
            raise Invalid(
                "target-elsewhere",
                f'target "{target.name}" is not in {environment.name if environment else "this environment"}',
                hint=f"It belongs to {', '.join(target.environments)}.",
            )
    chosen = folded(inputs.targets)
    return [target for target in there if target.name.casefold() in chosen]


def guides_failures(project: Project, environment: Environment | None, inputs: Inputs) -> bool:
    """Whether a failure asks a person: what the run says, else the project, else the environment."""
    if inputs.guided_failure is not None:
        return inputs.guided_failure
    if project.guided_failure is not None:
        return project.guided_failure
    return environment is not None and environment.guided_failure


def _responsible(action: Action) -> tuple[str, ...]:
    return action.does.responsible if isinstance(action.does, Manual) else ()


def why_skipped(
    name: str, rules: Rules, environment: Environment | None, inputs: Inputs, kind: str = "step"
) -> tuple[SkipReason, str] | None:
    """The first rule that excludes a step, or an action of one, from a whole run: disabled, environment, channel,
    tenant tags, chosen by the user."""
    filters = rules.filters
    where = environment.name.casefold() if environment else None
    if rules.disabled:
        return SkipReason.DISABLED, f"the {kind} is disabled"
    if filters.environments and where not in folded(filters.environments):
        return SkipReason.ENVIRONMENT, f"only in {either(filters.environments)}"
    if environment is not None and where in folded(filters.exclude_environments):
        return SkipReason.ENVIRONMENT, f"not in {environment.name}"
    if filters.channels and (inputs.channel or "").casefold() not in folded(filters.channels):
        return SkipReason.CHANNEL, f"only in channel {either(filters.channels)}"
    if filters.tenant_tags and not _has_tags(filters.tenant_tags, inputs.tenant_tags):
        return SkipReason.TENANT_TAG, f"only for tenants with {_and(filters.tenant_tags)}"
    if name.casefold() in folded(inputs.skip):
        return SkipReason.SKIPPED_BY_USER, "skipped by --skip"
    return None


def _has_tags(wanted: Iterable[str], given: Iterable[str]) -> bool:
    """Whether one of each set of tags that is wanted is there."""
    there = folded(given)
    sets: dict[str, set[str]] = {}
    for tag in folded(wanted):
        sets.setdefault(tag.partition("/")[0], set()).add(tag)
    return all(tags & there for tags in sets.values())


def _and(tags: Iterable[str]) -> str:
    """Tags of one set are alternatives; every set has to match."""
    sets: dict[str, list[str]] = {}
    for tag in tags:
        sets.setdefault(tag.partition("/")[0].casefold(), []).append(tag)
    return " and ".join(either(names) for names in sets.values())


def unknown(kind: str, name: str, names: list[str]) -> NotFound:
    """The error for a name that isn't there, with the nearest one that is."""
    return NotFound(f"unknown-{kind}", f'there is no {kind} "{name}"', hint=suggest(name, names))


def either(names: Iterable[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)


def folded(names: Iterable[str]) -> set[str]:
    """Names for comparing: case does not matter in any of them."""
    return {name.casefold() for name in names}
