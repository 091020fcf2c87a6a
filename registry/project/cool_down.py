"""How long a new version of other people's templates waits before an update takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE
from registry.project.source_definition import SourceDefinition

DEFAULT_DAYS = 7.0
_OWN_SOURCES = (BUILTIN_SOURCE, LIBRARY_SOURCE)


@dataclass(frozen=True, slots=True)
class CoolDown:
    """days: what holds where a source says nothing of its own
    asked: it was given for this command, so no source's own word counts
    """

    days: float = DEFAULT_DAYS
    asked: bool = False

    def of(self, source: SourceDefinition | None) -> timedelta:
        """How long versions of a source wait. None: one of the team's own, which wait for nothing."""
        if source is None:
            return timedelta(0)
        own = None if self.asked else source.cool_down
        return timedelta(days=self.days if own is None else own)


@dataclass(frozen=True, slots=True)
class Ripeness:
    """Which versions are old enough, at one instant. `definitions` are the sources by name."""

    cool_down: CoolDown
    now: datetime
    definitions: Mapping[str, SourceDefinition] = field(default_factory=dict)

    def until(self, source: str) -> datetime | None:
        """The instant after which versions of a source are too fresh; None where all are old enough."""
        waits = self._of(source)
        return self.now - waits if waits else None

    def day(self, source: str, date: str | None) -> str | None:
        """The day (YYYY-MM-DD) from which a version of that date is old enough: the last one there is, where a
        commit's date lies too far ahead."""
        if not date:
            return None
        try:
            return (datetime.fromisoformat(date) + self._of(source)).date().isoformat()
        except OverflowError:
            return datetime.max.date().isoformat()

    def _of(self, source: str) -> timedelta:
        return self.cool_down.of(None if source in _OWN_SOURCES else self.definitions.get(source))
