"""A plan as JSON: for `plan --json` and for the run's folder. Secrets are left out, not encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from registry.model import Problem
from runner.model import MASK, RunOn
from runner.plan import Expression, Plan, PlannedAction, PlannedFile, PlannedStep, PlannedValue, TemplatePin
from runner.project import ContainerSettings, Target

PLAN_FORMAT = 1


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The whole plan as plain data; every sensitive value reads `********`."""
    return {
        "format": PLAN_FORMAT,
        "process": plan.process,
        "file": plan.file,
        "project": plan.project,
        "environment": plan.environment,
        "guided_failure": plan.guided_failure,
        "steps": [_step(step) for step in plan.steps],
        "warnings": [_problem(problem) for problem in plan.warnings],
    }


def _step(step: PlannedStep) -> dict[str, Any]:
    return {
        "number": step.number,
        "name": step.name,
        "condition": step.condition.value,
        "group": step.group + 1,
        "max_parallel": step.max_parallel,
        "window": step.window,
        "continue_on_error": step.continue_on_error,
        "on_cancel": step.on_cancel,
        "skip": step.skip.value if step.skip else None,
        "skip_detail": step.skip_detail or None,
        "notes": step.notes or None,
        "actions": [_action(step, action) for action in step.actions],
    }


def _action(step: PlannedStep, action: PlannedAction) -> dict[str, Any]:
    return {
        "id": action.id,
        "name": action.name,
        "target": _target(action.target) if action.target else None,
        "run_on": _run_on(action),
        "outcome": step.outcome_of(action).value,
        "skip": action.skip.value if action.skip else None,
        "skip_detail": action.skip_detail or None,
        "condition": action.condition.value,
        "when": [_expression(one) for one in (action.gate, action.when) if one is not None],
        "required": action.required,
        "timeout": action.timeout,
        "retries": action.retries,
        "retry_delay": action.retry_delay if action.retries else None,
        "continue_on_error": action.continue_on_error,
        "on_cancel": action.on_cancel,
        "restartable": action.restartable,
        "notes": action.notes or None,
        "template": _template(action.template) if action.template else None,
        "image": action.image,
        "container": _container(action.container),
        "asks_for": list(action.extras),
        "manual": action.manual,
        "responsible": [person.name for person in action.responsible],
        "syntax": action.syntax,
        "script": action.preview,
        "parameters": _values(action.parameters),
        "variables": _values(action.variables),
        "environment": _values(action.environment),
        "files": [_file(file) for file in action.files],
        "fail_fast": action.fail_fast,
        "aliases": action.aliases,
    }


def _run_on(action: PlannedAction) -> str:
    if action.target is None:
        return RunOn.WORKER.value
    return (RunOn.WORKER_PER_TARGET if action.for_target else RunOn.TARGETS).value


def _expression(expression: Expression) -> dict[str, Any]:
    return {"expression": expression.text, "reads": list(expression.reads), "holds": expression.holds}


def _file(file: PlannedFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "size": len(file.content),
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "executable": file.executable,
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "roles": list(target.roles),
        "docker": target.engine.host if target.engine else None,
        "network": target.network,
        "volumes": dict(target.volumes),
    }


def _template(pin: TemplatePin) -> dict[str, Any]:
    return {
        "reference": pin.reference,
        "id": pin.id,
        "name": pin.name,
        "version": pin.version,
        "action_type": pin.action_type,
        "patches": pin.patches,
        **{key: value for key, value in asdict(pin.provenance).items() if key != "version"},
    }


def _container(settings: ContainerSettings) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(settings).items()
        if key != "given"
    }


def _values(values: Iterable[PlannedValue]) -> list[dict[str, Any]]:
    return [_value(value) for value in values]


def _value(value: PlannedValue) -> dict[str, Any]:
    written = MASK if value.sensitive and value.text else value.text
    return {
        "name": value.name,
        "value": value.shown,
        "written": written if written != value.shown else None,
        "sensitive": value.sensitive,
        "origin": value.origin.kind.value,
        "detail": value.origin.detail or None,
        "reads": list(value.reads),
        "missing": list(value.missing),
        **({"undefined": list(value.undefined)} if value.undefined else {}),
        **({"unset": value.unset} if value.unset else {}),
    }


def _problem(problem: Problem) -> Mapping[str, Any]:
    return {key: value for key, value in asdict(problem).items() if value is not None}
