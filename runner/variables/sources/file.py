"""`from: {file: PATH}`: the content of a file, without the line end at its end."""

from __future__ import annotations

from runner.project import VariableSource
from runner.variables.sources.kind import Reading, SourceKind
from runner.variables.value_file import read_value_file


def _label(source: VariableSource) -> str:
    return f"file {source.setting}"


def _read(source: VariableSource, reading: Reading) -> str:
    return read_value_file(reading.folder / str(source.setting))


FILE = SourceKind("file", _label, _read)
