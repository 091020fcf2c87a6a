"""`from: {file: PATH}`: the content of a file, without the line end at its end."""

from __future__ import annotations

from pathlib import Path

from registry.errors import NotFound
from runner.model import VariableSource
from runner.variables.sources.kind import MAX_VALUE_BYTES, Reading, SourceKind, as_text

CODE = "variable-file"


def read_limited(path: Path) -> bytes:
    """The file's bytes, one more than a value may have at most. Raises NotFound where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_VALUE_BYTES + 1)
    except OSError as error:
        raise NotFound(CODE, f'"{path}" cannot be read: {error.strerror}') from None


def _label(source: VariableSource) -> str:
    return f"file {source.setting}"


def _read(source: VariableSource, reading: Reading) -> str:
    path = reading.folder / str(source.setting)
    return as_text(read_limited(path), f'"{path}"', CODE)


FILE = SourceKind("file", _label, _read)
