"""The project file, `treadle.yaml`, as far as the runner is concerned; the registry reads `sources` and `library`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from registry.home import real_path
from registry.model import Problem, errors_of
from registry.text.document import in_order, problem_at
from registry.text.yaml_document import YamlDocument
from registry.validation.json_schema import FORMAT_VERSION, is_sound, validate
from runner.documents.containers import container_rules, read_container
from runner.documents.expressions import project_texts, unparsable
from runner.documents.loading import invalid, label_of, load
from runner.documents.names import same_names
from runner.documents.variable_sets import clear_secrets, read_variable_sets
from runner.documents.variables import merged, read_variables, unknown_name, variable_rules
from runner.engine.address import address_complaint, shown_address
from runner.project import Environment, Person, Project, Target, TargetEngine


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
    own = value.get("variables") or {}
    sets, found = read_variable_sets(document, value.get("variable_sets") or (), path.parent, directory)
    problems += [*found, *clear_secrets(document, own, sets)]
    if errors_of(problems):
        raise invalid(label, problems)
    return Project(
        name=value.get("name", real_path(path.parent).name),
        environments=tuple(
            Environment(name, (raw or {}).get("description", ""), (raw or {}).get("guided_failure", False))
            for name, raw in (value.get("environments") or {}).items()
        ),
        targets=tuple(_target(name, raw, path.parent) for name, raw in (value.get("targets") or {}).items()),
        variables=merged(read_variables(document), *sets),
        container=read_container(value.get("container") or {}),
        ca=_path(value.get("ca"), path.parent),
        file=label,
        fail_fast=(value.get("defaults") or {}).get("fail_fast", True),
        guided_failure=(value.get("defaults") or {}).get("guided_failure"),
        people=tuple(
            Person(name, (raw or {}).get("name", ""), (raw or {}).get("email", ""))
            for name, raw in (value.get("people") or {}).items()
        ),
        positions=_positions(document),
        warnings=tuple(problems),
    )


def project_rules(document: YamlDocument, found: Sequence[Problem] = ()) -> list[Problem]:
    """The problems of a project that a schema cannot express. `found` are those that the schema did: of what they
    are about nothing more is told."""
    value = _sound(document.value, found)
    names = {key: list(_section(document, key)) for key in ("environments", "targets", "variables")}
    problems = [problem for key in names for problem in same_names(document, key, names[key])]
    targets = value.get("targets") or {}
    names["roles"] = list(dict.fromkeys(role for raw in targets.values() for role in raw["roles"]))
    for name, raw in targets.items():
        at = ("targets", name, "environments")
        whose = f'target "{name}" belongs to'
        problems += unknown_name(document, at, raw["environments"], "environment", names, whose)
        problems += _engine_rules(document, name, raw.get("docker") or {})
    problems += container_rules(document, ("container",), value.get("container") or {}, "the project")
    problems += variable_rules(document, value.get("variables") or {}, names)
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
