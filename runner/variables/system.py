"""The `Octopus.*` variables that templates read, as far as they mean something here.

Names are Octopus's. What has no counterpart (`Octopus.Web.*`, `Octopus.Release.*`) is not made up: a project or
`--var` may define it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from runner.model import Action, Process, Step
from runner.plan import OriginKind, PlannedValue, TemplatePin, ValueOrigin
from runner.project import Environment, Project, Target

# What a run adds to every action's variables; a plan that misses one of these has no reason to complain.
_RUN_TIME = re.compile(
    r"env:.*|Octopus\.(Task\.(Id|Name)|Deployment\.(Id|Name|Machines|Created|CreatedBy\.(Id|Username|DisplayName))"
    r"|Deployment\.(Error|ErrorDetail)|Template\.Each\..*)",
    re.IGNORECASE,
)
_INDEXED = re.compile(r"Octopus\.(?:Action|Step)\[(?P<name>.*?)\]\.", re.IGNORECASE)


def planned_system_values(
    process: Process,
    project: Project,
    environment: Environment | None,
    step: Step,
    action: Action,
    target: Target | None,
    pin: TemplatePin | None,
    machines: Mapping[str, str],
) -> list[PlannedValue]:
    """What is known when the plan is made; `machines` are those of the environment, as `machines_in_roles` has them."""
    number = str(action.at[1] + 1 if len(action.at) > 1 and isinstance(action.at[1], int) else 1)
    own = ".".join(str(part + 1) for part in action.at if isinstance(part, int))
    values = {
        "Octopus.Project.Name": project.name,
        "Octopus.Project.Id": f"Projects-{project.name}",
        "Octopus.Space.Id": "Spaces-1",
        "Octopus.Space.Name": "Default",
        "Octopus.Process.Name": process.name,
        "Octopus.Step.Id": f"Steps-{number}",
        "Octopus.Step.Name": step.name,
        "Octopus.Step.Number": number,
        "Octopus.Action.Id": f"Actions-{own}",
        "Octopus.Action.Name": action.name,
        "Octopus.Action.StepName": step.name,
        "Octopus.Action.Number": own,
        "Octopus.Action.TargetRoles": ",".join(step.roles),
        "Octopus.Action.MaxParallelism": str(step.max_parallel),
    }
    if pin is not None:
        values |= {
            "Octopus.Action.Template.Id": pin.id,
            "Octopus.Action.Template.Version": str(pin.version),
        }
    if environment is not None:
        values |= {
            "Octopus.Environment.Id": f"Environments-{environment.name}",
            "Octopus.Environment.Name": environment.name,
            "Octopus.Environment.SortOrder": str(_sort_order(project, environment)),
        }
        values |= machines
    if target is not None:
        values |= name_values(target.name)
        values["Octopus.Machine.Roles"] = ",".join(target.roles)
    return system_values(values)


def name_values(target: str) -> dict[str, str]:
    """What tells a target by its name."""
    return {
        "Octopus.Machine.Id": f"Machines-{target}",
        "Octopus.Machine.Name": target,
        "Octopus.Machine.Hostname": target,
    }


def machines_in_roles(environment: Environment, targets: Iterable[Target]) -> Mapping[str, str]:
    """The names of an environment's targets, by role."""
    by_role: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    for target in targets:
        if environment.name.casefold() in {name.casefold() for name in target.environments}:
            for role in target.roles:
                first = spelling.setdefault(role.casefold(), role)
                by_role.setdefault(first, []).append(target.name)
    return {f"Octopus.Environment.MachinesInRole[{role}]": ",".join(names) for role, names in by_role.items()}


def run_system_values(
    run: str,
    process: str,
    environment: str | None,
    user: str,
    created: str,
    targets: Iterable[str] = (),
) -> dict[str, str]:
    """What only the run knows, whatever its steps do: its id, who started it when (ISO 8601), on which targets."""
    values = {
        "Octopus.Task.Id": run,
        "Octopus.Deployment.Id": run,
        "Octopus.Deployment.Name": f"{process} to {environment}" if environment else process,
        "Octopus.Deployment.Created": created,
        "Octopus.Deployment.CreatedBy.Id": user,
        "Octopus.Deployment.CreatedBy.Username": user,
        "Octopus.Deployment.CreatedBy.DisplayName": user,
    }
    machines = ",".join(f"Machines-{name}" for name in dict.fromkeys(targets))
    if machines:
        values["Octopus.Deployment.Machines"] = machines
    values["Octopus.Task.Name"] = f"Deploy {values['Octopus.Deployment.Name']}"
    return values


def image_environment(environment: Mapping[str, str]) -> list[PlannedValue]:
    """`env:NAME` for what the image defines; never the runner's own environment."""
    return system_values({f"env:{name}": value for name, value in environment.items()})


def known_at_run_time(name: str, earlier_steps: Collection[str]) -> bool:
    """Whether a name that the plan cannot resolve will, or may, be there when its step runs.

    `earlier_steps` are names as `str.casefold` makes them.
    """
    if _RUN_TIME.fullmatch(name):
        return True
    indexed = _INDEXED.match(name)
    return indexed is not None and ("#{" in name or indexed["name"].casefold() in earlier_steps)


def of_the_run(name: str) -> bool:
    """Whether a variable is one that a run defines, whatever its steps do."""
    return _RUN_TIME.fullmatch(name) is not None


def is_of_a_step(name: str) -> bool:
    """Whether a variable is an output or the state of a step that it names."""
    return _INDEXED.match(name) is not None


def _sort_order(project: Project, environment: Environment) -> int:
    """The place of an environment in the project's list, from 0."""
    names = [one.name for one in project.environments]
    return names.index(environment.name) if environment.name in names else 0


def system_values(values: Mapping[str, str]) -> list[PlannedValue]:
    """Values that the system itself defines, by their names."""
    origin = ValueOrigin(OriginKind.SYSTEM)
    return [PlannedValue(name, value, origin, value=value) for name, value in values.items()]
