"""Plans for tests: a project and a process as data in, a plan out, with templates that lie in no source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import NotFound
from registry.model import Parameter, Provenance, Reference, ResolvedTemplate, StepTemplate
from registry.template.octopus import SCRIPT_BODY, SCRIPT_SYNTAX
from registry.text.yaml_document import dump_yaml
from runner.documents import read_process, read_project
from runner.plan import Plan, PlannedAction, PlannedValue
from runner.planner import Inputs, compile_plan
from runner.project import Target, Variable, VariableSource

IMAGE = "treadle/test:1"
BLOB = "b" * 40

TWO_ENVIRONMENTS: Mapping[str, Any] = {
    "environments": {"Test": {}, "Production": {}},
    "targets": {
        "web-1": {"environments": ["test"], "roles": ["web-server"]},
        "web-2": {"environments": ["Production"], "roles": ["web-server", "primary", "mail"]},
        "web-3": {"environments": ["Production"], "roles": ["Web-Server"]},
        "db-1": {"environments": ["Test", "Production"], "roles": ["database"]},
    },
}


def template(*parameters: Parameter, body: str = "true", **changes: Any) -> StepTemplate:
    """A Bash template; `changes` are other fields of StepTemplate."""
    properties = {SCRIPT_SYNTAX: "Bash", SCRIPT_BODY: body, **changes.pop("properties", {})}
    fields: dict[str, Any] = {
        "id": "4f0f6f9e-8f5c-4f4e-9d38-1f3c7b0d9a51",
        "name": "Tool",
        "version": 3,
        "action_type": "Octopus.Script",
        "properties": properties,
        "parameters": parameters,
    }
    return StepTemplate(**{**fields, **changes})


@dataclass(frozen=True)
class Desk:
    """Where plans are made: files go below `folder`; `secrets` stand for environment variables and files."""

    folder: Path
    templates: Mapping[str, StepTemplate] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def plan(
        self,
        steps: Sequence[Mapping[str, Any]],
        project: Mapping[str, Any] | None = None,
        process: Mapping[str, Any] | None = None,
        **inputs: Any,
    ) -> Plan:
        """The plan of a process with these steps. `inputs` are fields of `Inputs`."""
        path = self.folder / "deploy.yaml"
        path.write_text(dump_yaml({"version": 1, **(process or {}), "steps": list(steps)}))
        project_file = None
        if project is not None:
            project_file = self.folder / "treadle.yaml"
            project_file.write_text(dump_yaml({"version": 1, **project}))
        return compile_plan(
            read_process(path, self.folder),
            read_project(project_file, self.folder),
            Inputs(**inputs),
            self._resolve,
            self._read,
            lambda _: IMAGE,
        )

    def _resolve(self, reference: Reference) -> ResolvedTemplate:
        found = self.templates.get(f"{reference.source}/{reference.slug}")
        if found is None:
            raise NotFound("template-not-found", f'there is no template "{reference}"', hint="Look for it.")
        where = Provenance(reference.source, reference.slug, "tool.json", found.version, BLOB)
        return ResolvedTemplate(reference, found, where)

    def _read(self, _: Variable, source: VariableSource) -> str:
        name = str(source.setting)
        if name not in self.secrets:
            raise NotFound("environment-variable", f'the environment variable "{name}" is not set')
        return self.secrets[name]


def execution(id_: str, step: str = "Deploy", target: str | None = None, **changes: Any) -> PlannedAction:
    """A step's lone action, on the worker or on a target of that name."""
    where = None if target is None else Target(target, ("Test",), ("web-server",))
    return PlannedAction(id_, step, changes.pop("name", step), where, **changes)


def only(plan: Plan) -> PlannedAction:
    """The one action of a plan."""
    (action,) = plan.actions
    return action


def value_of(action: PlannedAction, name: str) -> PlannedValue:
    """The action's parameter or variable of that name."""
    return next(value for value in (*action.parameters, *action.variables) if value.name == name)
