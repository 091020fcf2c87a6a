"""What exists where, from the data files in `tables`: read once, when the first script is judged."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("tables")
FACETS = (
    "commands",
    "modules",
    "types",
    "drives",
    "programs",
    "assemblies",
    "environment",
    "texts",
    "members",
)


class Names:
    """Names and patterns with `*`, whatever their case."""

    def __init__(self, names: Iterable[str]) -> None:
        self._pattern = re.compile(
            "|".join(fnmatch.translate(_escaped(name)) for name in names) or r"(?!)", re.I
        )

    def __contains__(self, name: str) -> bool:
        return self._pattern.match(name) is not None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that Linux lacks.

    id: as the tables call it
    what: the words for people, behind "uses"
    names: by the facet of a script (`commands`, `types` ...), what belongs to it
    decides: whether it makes a script one for Windows; otherwise it is only worth a remark
    on_branches: whether it does where a condition decides that it runs
    powershell_5: it is not Windows that is needed, but Windows PowerShell 5.1
    """

    id: str
    what: str
    names: Mapping[str, Names]
    decides: bool = True
    on_branches: bool = True
    powershell_5: bool = False


@dataclass(frozen=True, slots=True)
class Bringer:
    """A tool that brings commands or types; by its names of modules, it is also imported."""

    tool: str
    names: Mapping[str, Names]


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything that scripts are judged by; names are lower case where they are keys or in a set.

    linux: the commands of PowerShell on Linux
    linux_aliases, windows_aliases: aliases with the commands that are meant
    alike: Windows aliases for which Linux has a program that does the same with plain words
    parameters_5, windows_parameters: by command, those that only Windows PowerShell 5.1, or Windows, has
    any: by facet, all names of kinds and bringers: a quick answer for the many names that none of them knows
    tools: programs that Linux can have
    always: programs of every Linux
    """

    kinds: tuple[Kind, ...]
    bringers: tuple[Bringer, ...]
    any: Mapping[str, Names]
    linux: frozenset[str]
    linux_aliases: Mapping[str, str]
    windows_aliases: Mapping[str, str]
    alike: frozenset[str]
    parameters_5: Mapping[str, Sequence[str]]
    windows_parameters: Mapping[str, Sequence[str]]
    tools: frozenset[str]
    always: frozenset[str]
    octopus: frozenset[str]


@cache
def tables() -> Tables:
    """The tables, read at the first call."""
    windows, old, tools = (_toml(name) for name in ("windows", "powershell5", "tools"))
    commands, aliases = _linux()
    everything = (*old["kind"], *windows["kind"], *tools["module"], *tools["service"])
    return Tables(
        kinds=(
            *(_kind(item, powershell_5=True) for item in old["kind"]),
            *(_kind(item, powershell_5=False) for item in windows["kind"]),
        ),
        bringers=tuple(Bringer(item["tool"], _names(item)) for item in (*tools["module"], *tools["service"])),
        any={facet: Names(name for item in everything for name in item.get(facet, ())) for facet in FACETS},
        linux=commands,
        linux_aliases=aliases,
        windows_aliases=old["aliases"],
        alike=frozenset(old["programs"]["alike"]),
        parameters_5=_folded(old["parameters"]),
        windows_parameters=_folded(windows["parameters"]),
        tools=frozenset(tools["tools"]),
        always=frozenset(tools["always"]),
        octopus=frozenset(name.lower() for name in tools["octopus"]),
    )


def _kind(item: Mapping[str, Any], *, powershell_5: bool) -> Kind:
    return Kind(
        item["id"],
        item["what"],
        _names(item),
        item.get("decides", True),
        item.get("branch", True),
        powershell_5,
    )


def _names(item: Mapping[str, Any]) -> dict[str, Names]:
    return {facet: Names(item[facet]) for facet in FACETS if facet in item}


def _folded(table: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name.lower(): values for name, values in table.items()}


def _linux() -> tuple[frozenset[str], dict[str, str]]:
    lines = (_FOLDER / "linux.txt").read_text("utf-8").splitlines()
    names = [line for line in lines if not line.startswith("#")]
    aliases = dict(name.split("=") for name in names if "=" in name)
    return frozenset(name.lower() for name in names if "=" not in name), aliases


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


def _escaped(name: str) -> str:
    """Brackets stand for themselves, as in `ProgramFiles(x86)`; only `*` is a pattern."""
    return name.replace("[", "[[]").replace("?", "[?]")
