"""The kinds of sources there are. A new one is a module beside this, its line here, and its key in the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.project import VariableSource
from runner.variables.sources.command import COMMAND
from runner.variables.sources.dotenv import DOTENV
from runner.variables.sources.environment import ENVIRONMENT
from runner.variables.sources.file import FILE
from runner.variables.sources.kind import Complaint, SourceKind
from runner.variables.sources.sealed import SEALED

KINDS: Mapping[str, SourceKind] = {kind.key: kind for kind in (ENVIRONMENT, FILE, DOTENV, COMMAND, SEALED)}


def source_of(raw: Mapping[str, Any], folder: str = "") -> VariableSource:
    """The source that a `from` without complaints means; its relative paths start at `folder`."""
    key = next(key for key in raw if key in KINDS)
    options = tuple((name, _frozen(value)) for name, value in raw.items() if name != key)
    return VariableSource(key, _frozen(raw[key]), options, folder)


def kind_of(source: VariableSource) -> SourceKind:
    return KINDS[source.kind]


def label(source: VariableSource) -> str:
    """Where the value comes from, for people: `environment variable SLACK_HOOK`."""
    return kind_of(source).label(source)


def complaints(raw: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with a `from` that the schema allows: not one kind, options of another, and what its kind says."""
    found = [key for key in raw if key in KINDS]
    if len(found) != 1:
        known = ", ".join(KINDS)
        names = f"names {' and '.join(found)}" if found else "names no source"
        yield Complaint("source-kind", f"`from` {names}", f"Give exactly one of {known}.")
        return
    kind = KINDS[found[0]]
    for option in raw:
        if option != kind.key and option not in kind.options:
            owner = next((other.key for other in KINDS.values() if option in other.options), kind.key)
            message = f"`{option}` does not belong to `{kind.key}`"
            yield Complaint("source-option", message, f"Remove it; it belongs to `{owner}`.", option)
    yield from kind.complaints(source_of(raw))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
