"""`from: {dotenv: PATH}`: an entry of a `.env` file; `name` says which, by default the variable's own name."""

from __future__ import annotations

from registry.errors import NotFound
from registry.suggest import suggest
from runner.project import VariableSource
from runner.variables.dotenv import parse_dotenv
from runner.variables.sources.kind import Reading, SourceKind
from runner.variables.value_file import read_value_file


def _label(source: VariableSource) -> str:
    name = source.option("name")
    return f"{name} in {source.setting}" if name else f"file {source.setting}"


def _read(source: VariableSource, reading: Reading) -> str:
    path = reading.folder / str(source.setting)
    label = f'"{path}"'
    values = parse_dotenv(read_value_file(path), label)
    name = str(source.option("name") or reading.variable)
    if name not in values:
        hint = suggest(name, list(values)) or "Add it there, or say which entry is meant: name: NAME."
        raise NotFound("dotenv-entry", f'{label} has no entry "{name}"', hint)
    return values[name]


DOTENV = SourceKind("dotenv", _label, _read, options=frozenset({"name"}))
