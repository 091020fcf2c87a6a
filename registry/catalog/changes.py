"""The history of a template as changes: what each version did to the one before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from registry.catalog.details import version_info
from registry.catalog.resolve import TemplateHistory
from registry.catalog.sources import OpenSource
from registry.compatibility.compare import Comparison, compare
from registry.errors import UserError
from registry.index.database import IndexedContent
from registry.model import Notice, VersionInfo
from registry.template.document import TemplateDocument


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A version, and what it changed.

    comparison: with the version before it; None for the first, and where either cannot be read
    first: nothing came before
    beside: names of the files beside the template that changed (README.md, tests)
    problem: why it, or the one before it, cannot be read
    notices: what is said against it: deprecated, revoked
    """

    version: VersionInfo
    comparison: Comparison | None = None
    first: bool = False
    beside: tuple[str, ...] = ()
    problem: str | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def summary(self) -> str:
        """The change in one line."""
        if self.problem is not None:
            return f"cannot be compared: {self.problem}"
        if self.first:
            return "the first version"
        if self.comparison is not None and self.comparison.differences:
            messages = [item.message for item in self.comparison.differences]
            more = len(messages) - 1
            return messages[0] + (f", and {more} more" if more else "")
        return f"only {', '.join(self.beside)} changed" if self.beside else "nothing but the version"


def version_changes(
    source: OpenSource, history: TemplateHistory, since: int | None, limit: int
) -> tuple[VersionChange, ...]:
    """The changes up to version `since` (None: the latest), the newest first, `limit` at most."""
    records = history.versions()
    start = next((place for place, record in enumerate(records) if record.version == since), 0)
    wanted = records[start : start + limit + 1]
    documents = _documents(source, wanted)
    changes = [_change(history, newer, older, documents) for newer, older in pairwise(wanted)]
    if len(wanted) <= limit:
        changes.append(VersionChange(version_info(wanted[-1], history), first=True))
    return tuple(changes)


def _documents(
    source: OpenSource, records: Sequence[IndexedContent]
) -> dict[str, TemplateDocument | UserError]:
    return {record.id: document for record, document in _read(source, records)}


def _read(
    source: OpenSource, records: Sequence[IndexedContent]
) -> Iterator[tuple[IndexedContent, TemplateDocument | UserError]]:
    for record in records:
        try:
            yield record, source.read(record)
        except UserError as error:
            yield record, error


def _change(
    history: TemplateHistory,
    newer: IndexedContent,
    older: IndexedContent,
    documents: dict[str, TemplateDocument | UserError],
) -> VersionChange:
    info = version_info(newer, history)
    after, before = documents[newer.id], documents[older.id]
    if isinstance(after, UserError):
        return VersionChange(info, problem=after.message)
    if isinstance(before, UserError):
        return VersionChange(info, problem=before.message)
    return VersionChange(info, compare(before.template, after.template), beside=changed_beside(before, after))


def changed_beside(before: TemplateDocument, after: TemplateDocument) -> tuple[str, ...]:
    """The names of the files beside a template (README.md, tests) that are not the same."""
    names = sorted(before.files.keys() | after.files.keys())
    return tuple(name for name in names if before.files.get(name) != after.files.get(name))
