"""The project file, `treadle.yaml`, as far as the runner is concerned; the registry reads `sources` and `library`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.model import Problem
from registry.validation import problem_at, validate
from registry.yamldoc import YamlDocument
from runner.documents.loading import invalid, load
from runner.documents.values import text
from runner.model import (
    Environment,
    Project,
    Scope,
    ScopedValue,
    Target,
    TargetEngine,
    Variable,
    VariableSource,
)


def read_project(path: Path | None, directory: Path) -> Project:
    """Read the runner's part of `treadle.yaml`; None gives the project of a lone process."""
    if path is None:
        return Project(name=directory.name)
    document = load(path)
    problems = validate(document.value, "project", document)
    if not problems:
        problems = _project_rules(document)
    if problems:
        raise invalid(path, problems)
    value = document.value
    return Project(
        name=value.get("name", path.parent.resolve().name),
        environments=tuple(
            Environment(name, (raw or {}).get("description", ""))
            for name, raw in (value.get("environments") or {}).items()
        ),
        targets=tuple(_target(name, raw, path.parent) for name, raw in (value.get("targets") or {}).items()),
        variables=tuple(_variable(name, raw) for name, raw in (value.get("variables") or {}).items()),
        file=str(path),
    )


def _project_rules(document: YamlDocument) -> list[Problem]:
    value = document.value
    environments = {name.casefold(): name for name in value.get("environments") or {}}
    problems: list[Problem] = []
    for name, raw in (value.get("targets") or {}).items():
        for index, environment in enumerate(raw["environments"]):
            if environment.casefold() not in environments:
                problems.append(
                    problem_at(
                        document,
                        ("targets", name, "environments", index),
                        f'target "{name}" belongs to environment "{environment}", which is not defined',
                        "unknown-environment",
                        f"environments: {', '.join(environments.values()) or 'none'}",
                    )
                )
    for name, raw in (value.get("variables") or {}).items():
        if isinstance(raw, dict):
            problems += _variable_rules(document, name, raw)
    return problems


def _variable_rules(document: YamlDocument, name: str, raw: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    places: list[tuple[tuple[str | int, ...], Mapping[str, Any]]] = [(("variables", name), raw)]
    places += [(("variables", name, "scopes", i), scoped) for i, scoped in enumerate(raw.get("scopes", ()))]
    for path, place in places:
        if "value" in place and "from" in place:
            problems.append(
                problem_at(
                    document,
                    path,
                    f'variable "{name}" has both `value` and `from`',
                    "value-twice",
                    "use one of the two",
                )
            )
        elif raw.get("sensitive") and place.get("value") is not None:
            problems.append(
                problem_at(
                    document,
                    (*path, "value"),
                    f'variable "{name}" is sensitive, but its value stands here in clear',
                    "plain-secret",
                    "use from: {env: NAME} or from: {file: PATH}",
                )
            )
    return problems


def _target(name: str, raw: Mapping[str, Any], folder: Path) -> Target:
    docker = raw.get("docker")
    engine = None
    if docker:
        tls = {key: str(folder / path) for key, path in (docker.get("tls") or {}).items()}
        engine = TargetEngine(docker["host"], tls)
    return Target(
        name=name,
        environments=tuple(raw["environments"]),
        roles=tuple(raw["roles"]),
        engine=engine,
        network=raw.get("network"),
        volumes=dict(raw.get("volumes") or {}),
    )


def _variable(name: str, raw: Any) -> Variable:
    if not isinstance(raw, dict):
        return Variable(name, (ScopedValue(text(raw)),))
    values = [_scoped(scoped) for scoped in raw.get("scopes", ())]
    if "value" in raw or "from" in raw:
        values.append(_scoped({key: raw[key] for key in ("value", "from") if key in raw}))
    return Variable(name, tuple(values), raw.get("sensitive", False))


def _scoped(raw: Mapping[str, Any]) -> ScopedValue:
    def names(key: str) -> tuple[str, ...]:
        value = raw.get(key, ())
        return (value,) if isinstance(value, str) else tuple(value)

    source = raw.get("from")
    return ScopedValue(
        value=text(raw.get("value")),
        scope=Scope(names("environment"), names("target"), names("role"), names("step")),
        source=VariableSource(source.get("env"), source.get("file")) if source else None,
    )
