"""Values from sources, as a plan would read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runner.project import Variable
from runner.variables.sealing import SealingKey
from runner.variables.sources.kinds import source_of
from runner.variables.sources.reader import SourceReader


def read(
    raw: Mapping[str, Any],
    folder: Path,
    environ: Mapping[str, str] | None = None,
    *,
    name: str = "V",
    sensitive: bool = False,
    keys: Iterable[SealingKey] = (),
) -> str:
    """What a `from` gives for a variable of that name."""
    reader = SourceReader(folder, environ or {}, lambda: keys)
    return reader(Variable(name, (), sensitive), source_of(raw))
