"""Reading sources for one plan: each once, however many actions ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from registry.errors import UserError
from runner.project import Variable, VariableSource
from runner.variables.sealing import SealingKey
from runner.variables.sources.kind import Reading
from runner.variables.sources.kinds import kind_of


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Reads the values behind `from`. Relative paths start at `folder`, or at a source's own folder below it."""

    folder: Path
    environ: Mapping[str, str]
    keys: Callable[[], Iterable[SealingKey]]
    _known: dict[tuple[str, VariableSource], str | UserError] = field(default_factory=dict, repr=False)

    def __call__(self, variable: Variable, source: VariableSource) -> str:
        """The value, as it was when it was first asked for. Raises as `SourceKind.read`."""
        at = (variable.name, source)
        if at not in self._known:
            self._known[at] = self._read(variable, source)
        known = self._known[at]
        if isinstance(known, UserError):
            raise known
        return known

    def _read(self, variable: Variable, source: VariableSource) -> str | UserError:
        folder = self.folder / source.folder
        reading = Reading(variable.name, variable.sensitive, folder, self.environ, self.keys)
        try:
            return kind_of(source).read(source, reading)
        except UserError as error:
            return error
