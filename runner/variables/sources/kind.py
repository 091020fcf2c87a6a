"""What a kind of source has to say: the contract that every module here keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.project import VariableSource
from runner.variables.sealing import SealingKey


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a value takes.

    variable, sensitive: whose value it is
    folder: where relative paths start
    environ: the environment of whoever runs treadle
    keys: reads the keys that open sealed values
    """

    variable: str
    sensitive: bool
    folder: Path
    environ: Mapping[str, str]
    keys: Callable[[], Iterable[SealingKey]]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a `from` that the schema allows; `key` is where in it, None for all of it."""

    code: str
    message: str
    hint: str
    key: str | None = None


def no_complaints(_: VariableSource) -> Iterable[Complaint]:
    return ()


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source.

    key: what it is called in `from`; the schema of projects describes what stands behind it
    label: says where a value comes from, for people
    read: gives the value. Raises NotFound where it is not there, which a plan may go without; else UserError
    options: keys that may stand beside its own
    complaints: what the schema cannot see
    deferred: it is read only where something that runs may read the variable
    """

    key: str
    label: Callable[[VariableSource], str]
    read: Callable[[VariableSource, Reading], str]
    options: frozenset[str] = frozenset()
    complaints: Callable[[VariableSource], Iterable[Complaint]] = no_complaints
    deferred: bool = False
