"""Variables as scripts read them: one entry per name whatever its case, and text that UTF-8 can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runner.octostache.dotnet.characters import encodable

_MODULE = "octopus.script.module["
_MODULE_LANGUAGE = "octopus.script.module.language["
_BUILD_INFORMATION = ("Octopus.Deployment.PackageBuildInformation", "Octopus.Deployment.PackageBuildMetadata")


class ScriptModule(NamedTuple):
    """A library module: what it is called, the name its file gets, without extension, and its source."""

    title: str
    name: str
    source: str


def readable(variables: Mapping[str, str | None]) -> dict[str, str]:
    """The variables with their first spelling and last value, in order; null is empty text."""
    spellings: dict[str, str] = {}
    merged: dict[str, str] = {}
    for name, value in variables.items():
        spelling = spellings.setdefault(_fold(name), encodable(name))
        merged[spelling] = encodable(value or "")
    return merged


def lookup(variables: Mapping[str, str | None], name: str) -> str | None:
    """The value of `name` in any spelling, or None."""
    folded = _fold(name)
    return next((value for key, value in variables.items() if _fold(key) == folded), None)


def is_true(value: str | None) -> bool:
    """Flags are the texts True and False, in any case; anything else is no."""
    return (value or "").strip().lower() == "true"


def without_machinery(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that `octopus_parameters` shows: no module sources, no build information."""
    return {
        name: value
        for name, value in variables.items()
        if not name.lower().startswith(_MODULE) and not name.startswith(_BUILD_INFORMATION)
    }


def is_module(name: str) -> bool:
    """Whether a variable of this name is the source of a library module."""
    return name.lower().startswith(_MODULE) and name.endswith("]")


def modules(variables: Mapping[str, str], language: str) -> Iterator[ScriptModule]:
    """The library modules written in `language`; one without a language is PowerShell."""
    for name, source in variables.items():
        if not is_module(name):
            continue
        title = name[len(_MODULE) : -1]
        written_in = lookup(variables, f"{_MODULE_LANGUAGE}{title}]") or "PowerShell"
        if written_in.lower() == language.lower():
            yield ScriptModule(title, _file_name(title), source)


def _file_name(title: str) -> str:
    return "".join(letter for letter in title if letter.isalnum() or letter == "_")


def _fold(name: str) -> str:
    """Ordinal comparison without case: letter by letter, so that "ß" stays itself."""
    if name.isascii():
        return name.upper()
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in name)
