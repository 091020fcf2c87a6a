"""What a schema error says to people: the item by name, what was expected, what is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.suggest import did_you_mean_inline, is_meant_inline

_KINDS: Mapping[str, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_SHOWN = 60


@dataclass(frozen=True)
class Violation:
    """One keyword of a schema that a value breaks.

    `rule` is the keyword, `wanted` what it says, `value` what is there, `schema` the keyword's schema,
    `branches` the findings below each alternative of an anyOf,
    `cause` what a check of a format said.
    """

    rule: str
    wanted: Any
    value: Any
    schema: Mapping[str, Any]
    path: tuple[str | int, ...]
    branches: tuple[tuple[Violation, ...], ...] = ()
    cause: str = ""


def describe(finding: Violation) -> tuple[str, str]:
    """The code of the rule and the message, without the place."""
    code, wording = _WORDINGS.get(finding.rule, _ANY_OTHER)
    return code, wording(finding.wanted, finding)


def hint_for(finding: Violation) -> str | None:
    """An example from the schema, where it gives one."""
    examples = finding.schema.get("examples")
    if examples and finding.rule in ("type", "pattern", "format"):
        first = examples[0]
        if isinstance(first, str | int | float) and "\n" not in str(first):
            return f"For example: `{first}`."
    return None


def with_location(path: Sequence[str | int], root: Any, message: str) -> str:
    """The message with the place before it: `step "Smoke test" → timeout: ...`."""
    place = breadcrumbs(path, root)
    return f"{place}: {message}" if place else message


def breadcrumbs(path: Sequence[str | int], root: Any) -> str:
    """The way to a value as people speak of it; items of a list by name where they have one."""
    crumbs: list[str] = []
    value = root
    for key in path:
        value = _step_into(value, key)
        if isinstance(key, int):
            crumbs[-1:] = [_item(crumbs[-1] if crumbs else "item", key, value)]
        else:
            crumbs.append(key)
    return " → ".join(crumbs)


def shown(value: Any) -> str:
    """A value in a message: text in quotes and not too long, the kind of anything that has parts."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return f'"{short}"' if isinstance(value, str) else f"the number {short}"


def _step_into(value: Any, key: str | int) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return None


def _item(group: str, number: int, value: Any) -> str:
    singular = re.sub(r"(?<=ss)es$|s$", "", re.sub(r"ies$", "y", group.lower()))
    name = value.get("name", value.get("Name")) if isinstance(value, dict) else None
    return f'{singular} "{name}"' if isinstance(name, str) and name else f"{singular} {number + 1}"


def _type(types: Any, finding: Violation) -> str:
    wanted = [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    return f"expected {_or([_KINDS[kind] for kind in wanted])}, got {shown(finding.value)}"


def missing_key(key: str, finding: Violation) -> str:
    """What to say of a required key that is not there."""
    others = [given for given in finding.value if given not in finding.schema.get("properties", {})]
    return f'"{key}" is missing{is_meant_inline(key, others)}'


def _dependent(needs: Mapping[str, Sequence[str]], finding: Violation) -> str:
    key = next(key for key in needs if key in finding.value and not set(needs[key]) <= set(finding.value))
    missing = [f'"{other}"' for other in needs[key] if other not in finding.value]
    return f'"{key}" needs {" and ".join(missing)} beside it'


def _enum(allowed: Sequence[Any], finding: Violation) -> str:
    wanted = _or([shown(value) for value in allowed])
    meant = did_you_mean_inline(str(finding.value), [str(value) for value in allowed])
    return f"expected {wanted}, got {shown(finding.value)}{meant}"


def _pattern(pattern: str, finding: Violation) -> str:
    wanted = finding.schema.get("patternErrorMessage") or f"expected text that matches {pattern}"
    return f"{wanted}, got {shown(finding.value)}"


def _format(name: str, finding: Violation) -> str:
    if name == "regex":
        return f"the pattern {shown(finding.value)} cannot be used: {finding.cause}"
    return f"expected a valid {name}, got {shown(finding.value)}"


def _either(_: Any, finding: Violation) -> str:
    kinds: list[str] = []
    for inner in (inner for branch in finding.branches for inner in branch if inner.path == finding.path):
        if inner.rule == "type":
            types = inner.wanted
            kinds += [_KINDS[kind] for kind in ([types] if isinstance(types, str) else types)]
        elif inner.rule in ("const", "enum"):
            kinds += [shown(item) for item in (inner.wanted if inner.rule == "enum" else [inner.wanted])]
    return f"expected {_or(list(dict.fromkeys(kinds)))}, got {shown(finding.value)}"


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


_Wording = Callable[[Any, Violation], str]
_ANY_OTHER: tuple[str, _Wording] = (
    "invalid-value",
    lambda _, finding: f"{shown(finding.value)} is not allowed here",
)
_WORDINGS: Mapping[str, tuple[str, _Wording]] = {
    "type": ("wrong-type", _type),
    "anyOf": ("wrong-type", _either),
    "oneOf": ("wrong-type", _either),
    "dependentRequired": ("missing-key", _dependent),
    "enum": ("wrong-value", _enum),
    "const": ("wrong-value", lambda value, finding: f"expected {shown(value)}, got {shown(finding.value)}"),
    "pattern": ("wrong-value", _pattern),
    "format": ("wrong-value", _format),
    "minLength": ("wrong-length", lambda _, __: "expected text, got an empty one"),
    "maxLength": (
        "wrong-length",
        lambda most, finding: f"expected at most {most} characters, got {len(finding.value)}",
    ),
    "minItems": (
        "wrong-length",
        lambda least, finding: f"expected at least {_count(least, 'item')}, got {len(finding.value)}",
    ),
    "maxItems": (
        "wrong-length",
        lambda most, finding: f"expected at most {_count(most, 'item')}, got {len(finding.value)}",
    ),
    "minProperties": (
        "wrong-length",
        lambda least, finding: f"expected at least {_count(least, 'key')}, got {len(finding.value)}",
    ),
    "maxProperties": (
        "wrong-length",
        lambda most, finding: f"expected at most {_count(most, 'key')}, got {len(finding.value)}",
    ),
    "uniqueItems": ("duplicate-item", lambda _, finding: f"{_twice(finding.value)} is listed twice"),
    "minimum": ("wrong-value", lambda least, finding: f"expected {least} or more, got {finding.value}"),
    "maximum": ("wrong-value", lambda most, finding: f"expected {most} or less, got {finding.value}"),
    "exclusiveMinimum": (
        "wrong-value",
        lambda least, finding: f"expected more than {least}, got {finding.value}",
    ),
}


def _twice(items: Sequence[Any]) -> str:
    return next((shown(item) for number, item in enumerate(items) if item in items[:number]), "an item")
