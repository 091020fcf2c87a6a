"""The `variables` of a project or of a variable set: read, and checked beyond what a schema can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from registry.model import ControlType, Parameter, Problem
from registry.suggest import suggest
from registry.text.document import KeyPath, problem_at
from registry.text.yaml_document import YamlDocument
from runner.documents.values import text
from runner.project import Place, Scope, ScopedValue, Variable
from runner.variables.sources.kinds import complaints, source_of

DIMENSIONS = ("environment", "target", "role", "step", "process")
"""What a scope may name."""

_OF_A_PROJECT = ("step", "process")
"""Of these, what the variables of a set cannot know."""


# --- reading


def read_variables(document: YamlDocument, folder: str = "", set_name: str = "") -> tuple[Variable, ...]:
    """The variables of a document without errors. `folder` is where the paths of a variable set start, `set_name` its
    name."""
    raw = document.value.get("variables") or {}
    return tuple(_variable(document, name, value, folder, set_name) for name, value in raw.items())


def merged(own: Sequence[Variable], *sets: Sequence[Variable]) -> tuple[Variable, ...]:
    """One variable a name: the project's values first, then those of the sets in their order. It is sensitive if any of
    them says so, and asked for as the first of them says."""
    found: dict[str, Variable] = {}
    for variable in (variable for one in (own, *sets) for variable in one):
        first = found.setdefault(variable.name.casefold(), variable)
        if first is not variable:
            found[variable.name.casefold()] = Variable(
                first.name,
                (*first.values, *variable.values),
                first.sensitive or variable.sensitive,
                first.prompt or variable.prompt,
                first.place,
            )
    return tuple(found.values())


def _variable(document: YamlDocument, name: str, raw: Any, folder: str, set_name: str) -> Variable:
    at: KeyPath = ("variables", name)
    place = _place(document, document.key_position(at))
    if not isinstance(raw, dict):
        return Variable(name, (ScopedValue(text(raw), from_set=set_name, place=place),), place=place)
    places = [((*at, "scopes", number), scoped) for number, scoped in enumerate(raw.get("scopes", ()))]
    if "value" in raw or "from" in raw:
        places.append((at, {key: raw[key] for key in ("value", "from") if key in raw}))
    values = tuple(_scoped(document, path, scoped, folder, set_name) for path, scoped in places)
    prompt = _prompt(name, raw["prompt"] or {}) if "prompt" in raw else None
    sensitive = raw.get("sensitive", False) or (prompt is not None and prompt.sensitive)
    return Variable(name, values, sensitive, prompt, place)


def _scoped(
    document: YamlDocument, at: KeyPath, raw: Mapping[str, Any], folder: str, set_name: str
) -> ScopedValue:
    def names(key: str) -> tuple[str, ...]:
        value = raw.get(key, ())
        return (value,) if isinstance(value, str) else tuple(value)

    source = raw.get("from")
    return ScopedValue(
        value=text(raw.get("value")),
        scope=Scope(
            environments=names("environment"),
            targets=names("target"),
            roles=names("role"),
            steps=names("step"),
            processes=names("process"),
        ),
        source=source_of(source, folder) if source else None,
        from_set=set_name,
        place=_place(document, document.position((*at, "from" if source else "value"))),
    )


def _prompt(name: str, raw: Mapping[str, Any]) -> Parameter:
    options = tuple(_option(text(option) or "") for option in raw.get("options", ()))
    control = ControlType.SELECT if options else ControlType.SINGLE_LINE
    return Parameter(
        name,
        label=raw.get("label"),
        help=raw.get("help"),
        control=raw.get("control", control),
        options=options,
        required=raw.get("required", False),
        pattern=raw.get("pattern"),
        minimum=raw.get("minimum"),
        maximum=raw.get("maximum"),
    )


def _option(written: str) -> tuple[str, str]:
    value, bar, label = written.partition("|")
    return value, label if bar else value


def _place(document: YamlDocument, position: tuple[int, int]) -> Place:
    return Place(str(PurePath(document.file)), *position)


# --- rules


def variable_rules(
    document: YamlDocument, variables: Mapping[str, Any], names: Mapping[str, Sequence[str]] | None
) -> Iterator[Problem]:
    """What is wrong with variables that keep to the schema. `names` are those that scopes may name, by `environments`,
    `targets` and `roles`; None in a variable set, which is for projects that it does not know."""
    for name, raw in variables.items():
        if isinstance(raw, dict):
            yield from _variable_rules(document, name, raw, names)


def unknown_name(
    document: YamlDocument,
    at: KeyPath,
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
    document: YamlDocument, name: str, raw: Mapping[str, Any], names: Mapping[str, Sequence[str]] | None
) -> Iterator[Problem]:
    at: KeyPath = ("variables", name)
    scopes = raw.get("scopes", ())
    prompt = raw.get("prompt") if "prompt" in raw else None
    if "prompt" in raw:
        yield from _prompt_rules(document, name, prompt or {})
    sensitive = raw.get("sensitive", False) or (prompt or {}).get("control") == ControlType.SENSITIVE
    if "value" in raw or "from" in raw or not (scopes or "prompt" in raw):
        yield from _value_rules(document, name, at, raw, sensitive)
    for index, scoped in enumerate(scopes):
        place = (*at, "scopes", index)
        yield from _value_rules(document, name, place, scoped, sensitive)
        yield from _scope_rules(document, name, place, scoped, names)


def _scope_rules(
    document: YamlDocument,
    name: str,
    at: KeyPath,
    scoped: Mapping[str, Any],
    names: Mapping[str, Sequence[str]] | None,
) -> Iterator[Problem]:
    known = DIMENSIONS if names is not None else tuple(set(DIMENSIONS) - set(_OF_A_PROJECT))
    if not set(DIMENSIONS) & set(scoped):
        message = f'variable "{name}" has a value under `scopes` that says not where it applies'
        hint = (
            f"Add one of {', '.join(one for one in DIMENSIONS if one in known)}, or put it beside `scopes`."
        )
        yield problem_at(document, at, message, "scope-missing", hint)
    for kind in ("environment", "target", "role") if names is not None else ():
        whose = f'a value of variable "{name}" is for'
        yield from unknown_name(document, (*at, kind), scoped.get(kind, ()), kind, names or {}, whose)
    for key in _OF_A_PROJECT if names is None else ():
        if key in scoped:
            message = f'variable "{name}" of a variable set is for a {key}, which only a project has'
            hint = "Define that value in the project's own variables."
            yield problem_at(document, (*at, key), message, "scope-of-a-set", hint)


def _value_rules(
    document: YamlDocument, name: str, at: KeyPath, place: Mapping[str, Any], sensitive: bool
) -> Iterator[Problem]:
    whose = f'variable "{name}"'
    if "value" in place and "from" in place:
        message = f"{whose} has both `value` and `from`"
        yield problem_at(document, at, message, "value-twice", "Use one of the two.")
    elif "value" not in place and "from" not in place:
        message = f"{whose} has no value" if len(at) == 2 else f"{whose} has a scope without value"
        yield problem_at(document, at, message, "value-missing", "Add `value:` or `from:`.")
    elif "from" in place:
        for complaint in complaints(place["from"]):
            where = (*at, "from") if complaint.key is None else (*at, "from", complaint.key)
            message = f"{whose}: {complaint.message}"
            yield problem_at(document, where, message, complaint.code, complaint.hint)
    elif sensitive and place.get("value") is not None:
        message = f"{whose} is sensitive, but its value stands here in clear"
        hint = "Seal it with `treadle vars encrypt`, or use from: {env: NAME}."
        yield problem_at(document, (*at, "value"), message, "plain-secret", hint)


def _prompt_rules(document: YamlDocument, name: str, prompt: Mapping[str, Any]) -> Iterator[Problem]:
    at: KeyPath = ("variables", name, "prompt")
    control = prompt.get("control")
    if "options" in prompt and control not in (None, ControlType.SELECT):
        message = f'variable "{name}" has options, which a {control} does not offer'
        yield problem_at(document, (*at, "options"), message, "prompt-options", "Write control: Select.")
    if control == ControlType.SELECT and not prompt.get("options"):
        message = f'variable "{name}" is chosen from options, and there are none'
        hint = "Write options: [first, second|Label of the second]."
        yield problem_at(document, (*at, "control"), message, "prompt-options", hint)
