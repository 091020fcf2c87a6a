"""`from: {sealed: TEXT}`: a value that stands in the file encrypted, for whoever has the key.

The sealed text is bound to the variable's name: under another one it does not open.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.errors import Invalid
from runner.project import VariableSource
from runner.variables.sealing import SealingKey, key_id_of, open_sealed, seal
from runner.variables.sources.kind import Complaint, Reading, SourceKind


def seal_value(key: SealingKey, variable: str, value: str) -> str:
    """The text for `from: {sealed: ...}` of that variable."""
    return seal(key, value, _context(variable))


def open_value(keys: Iterator[SealingKey] | tuple[SealingKey, ...], variable: str, sealed: str) -> str:
    """The value in a sealed text of that variable. Raises as `open_sealed`."""
    return open_sealed(keys, sealed, _context(variable))


def _context(variable: str) -> str:
    return f"variable:{variable.casefold()}"


def _label(source: VariableSource) -> str:
    return f"sealed with key {key_id_of(str(source.setting))}"


def _read(source: VariableSource, reading: Reading) -> str:
    return open_value(tuple(reading.keys()), reading.variable, str(source.setting))


def _complaints(source: VariableSource) -> Iterator[Complaint]:
    try:
        key_id_of(str(source.setting))
    except Invalid as error:
        yield Complaint(error.code, error.message, error.hint or "", "sealed")


SEALED = SourceKind("sealed", _label, _read, complaints=_complaints, deferred=True)
