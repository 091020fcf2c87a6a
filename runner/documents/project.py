"""The project file, `treadle.yaml`, as far as the runner is concerned; the registry reads `sources` and `library`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from registry.model import Problem, errors_of
from registry.paths import real_path
from registry.suggest import suggest
from registry.text.document import in_order, problem_at
from registry.text.yaml_document import YamlDocument
from registry.validation.json_schema import FORMAT_VERSION, is_sound, validate
from runner.documents.containers import container_rules, read_container
from runner.documents.expressions import project_texts, unparsable
from runner.documents.loading import invalid, label_of, load
from runner.documents.values import text
from runner.engine.address import address_complaint, shown_address
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

_DIMENSIONS = ("environment", "target", "role", "step")


def read_project(path: Path | None, directory: Path) -> Project:
    """Read the runner's part of `treadle.yaml`; None gives the project of a lone process.

    `directory` is where its user works. Raises Invalid with all problems.
    """
    if path is None:
        return Project(name=directory.name)
    label = label_of(path, directory)
    document = load(path, label)
    problems = validate(document.value, "project", document)
    problems = in_order([*problems, *project_rules(document, problems)])
    if errors_of(problems):
        raise invalid(label, problems)
    value = document.value
    return Project(
        name=value.get("name", real_path(path.parent).name),
        environments=tuple(
            Environment(name, (raw or {}).get("description", ""))
            for name, raw in (value.get("environments") or {}).items()
        ),
        targets=tuple(_target(name, raw, path.parent) for name, raw in (value.get("targets") or {}).items()),
        variables=tuple(_variable(name, raw) for name, raw in (value.get("variables") or {}).items()),
        container=read_container(value.get("container") or {}),
        ca=_path(value.get("ca"), path.parent),
        file=label,
        fail_fast=(value.get("defaults") or {}).get("fail_fast", True),
        positions=_positions(document),
        warnings=tuple(problems),
    )


def project_rules(document: YamlDocument, found: Sequence[Problem] = ()) -> list[Problem]:
    """The problems of a project that a schema cannot express. `found` are those that the schema did: of what they
    are about nothing more is told."""
    value = _sound(document.value, found)
    names = {key: list(_section(document, key)) for key in ("environments", "targets", "variables")}
    problems = [problem for key in names for problem in _same_names(document, key, names[key])]
    targets = value.get("targets") or {}
    names["roles"] = list(dict.fromkeys(role for raw in targets.values() for role in raw["roles"]))
    for name, raw in targets.items():
        at = ("targets", name, "environments")
        whose = f'target "{name}" belongs to'
        problems += _unknown(document, at, raw["environments"], "environment", names, whose)
        problems += _engine_rules(document, name, raw.get("docker") or {})
    problems += container_rules(document, ("container",), value.get("container") or {}, "the project")
    for name, raw in (value.get("variables") or {}).items():
        if isinstance(raw, dict):
            problems += _variable_rules(document, name, raw, names)
    return in_order([*problems, *unparsable(document, project_texts(document))])


def _engine_rules(document: YamlDocument, name: str, docker: Mapping[str, Any]) -> Iterator[Problem]:
    host = docker.get("host")
    if host and (complaint := address_complaint(host)):
        message = f'target "{name}": the address "{shown_address(host)}" {complaint}'
        hint = "Write unix:///path, tcp://HOST:PORT or ssh://[USER@]HOST[:PORT]."
        yield problem_at(document, ("targets", name, "docker", "host"), message, "bad-engine-address", hint)


def _section(document: YamlDocument, key: str) -> Mapping[str, Any]:
    """All that a section defines, right or wrong: a name is known either way."""
    section = document.value.get(key) if isinstance(document.value, dict) else None
    return section if isinstance(section, dict) else {}


def _sound(value: Any, found: Sequence[Problem]) -> Mapping[str, Any]:
    """The sections of a project without what the schema has something against."""
    if not isinstance(value, dict) or any(problem.code == FORMAT_VERSION for problem in found):
        return {}
    sections = {}
    for key in ("environments", "targets", "variables"):
        section = value.get(key)
        if isinstance(section, dict):
            sections[key] = {name: raw for name, raw in section.items() if is_sound((key, name), found)}
    if isinstance(value.get("container"), dict) and is_sound(("container",), found):
        sections["container"] = value["container"]
    return sections


def _same_names(document: YamlDocument, key: str, names: Iterable[str]) -> Iterator[Problem]:
    """Case does not matter in names: `Test` and `TEST` would be one."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            message = f'{key} → {name}: "{first}" is the same name, since case does not matter'
            yield problem_at(document, (key, name), message, "duplicate-name", "Keep one of the two.")


def _unknown(
    document: YamlDocument,
    at: tuple[str | int, ...],
    given: str | Sequence[str],
    kind: str,
    names: Mapping[str, Sequence[str]],
    whose: str,
) -> Iterator[Problem]:
    """The names of environments, targets or roles that nothing defines; `given` is one name or a list."""
    what = "which no target has" if kind == "role" else "which is not defined"
    where = "targets" if kind == "role" else f"{kind}s"
    known = {name.casefold() for name in names[f"{kind}s"]}
    for index, name in enumerate([given] if isinstance(given, str) else given):
        if name.casefold() not in known:
            yield problem_at(
                document,
                at if isinstance(given, str) else (*at, index),
                f'{whose} {kind} "{name}", {what}',
                f"unknown-{kind}",
                suggest(name, names[f"{kind}s"]) or f"There are no {kind}s: define them under {where}.",
            )


def _variable_rules(
    document: YamlDocument, name: str, raw: Mapping[str, Any], names: Mapping[str, Sequence[str]]
) -> Iterator[Problem]:
    at: tuple[str | int, ...] = ("variables", name)
    scopes = raw.get("scopes", ())
    if "value" in raw or "from" in raw or not scopes:
        yield from _value_rules(document, name, at, raw, raw.get("sensitive", False))
    for index, scoped in enumerate(scopes):
        place = (*at, "scopes", index)
        yield from _value_rules(document, name, place, scoped, raw.get("sensitive", False))
        if not set(_DIMENSIONS) & set(scoped):
            message = f'variable "{name}" has a value under `scopes` that says not where it applies'
            hint = f"Add one of {', '.join(_DIMENSIONS)}, or put it beside `scopes`."
            yield problem_at(document, place, message, "scope-missing", hint)
        for kind in ("environment", "target", "role"):
            whose = f'a value of variable "{name}" is for'
            yield from _unknown(document, (*place, kind), scoped.get(kind, ()), kind, names, whose)


def _value_rules(
    document: YamlDocument, name: str, at: tuple[str | int, ...], place: Mapping[str, Any], sensitive: bool
) -> Iterator[Problem]:
    whose = f'variable "{name}"'
    if "value" in place and "from" in place:
        message = f"{whose} has both `value` and `from`"
        yield problem_at(document, at, message, "value-twice", "Use one of the two.")
    elif "value" not in place and "from" not in place:
        message = f"{whose} has no value" if len(at) == 2 else f"{whose} has a scope without value"
        yield problem_at(document, at, message, "value-missing", "Add `value:` or `from:`.")
    elif sensitive and place.get("value") is not None:
        message = f"{whose} is sensitive, but its value stands here in clear"
        hint = "Use from: {env: NAME} or from: {file: PATH}."
        yield problem_at(document, (*at, "value"), message, "plain-secret", hint)


def _positions(document: YamlDocument) -> Mapping[tuple[str | int, ...], tuple[int, int]]:
    """Where the variables are: the planner may have to complain about one."""
    paths = [("variables", name) for name in document.value.get("variables") or {}]
    return {path: document.key_position(path) for path in paths}


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
        ca=_path(raw.get("ca"), folder),
    )


def _path(name: str | None, folder: Path) -> str | None:
    return None if name is None else str(folder / name)


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
