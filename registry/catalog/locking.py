"""What a project's references mean now, as entries of its lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from registry.model import Reference
from registry.project.lock_file import _NOTHING, Lock, LockEntry, is_lockable
from registry.project.source_definition import is_path

if TYPE_CHECKING:
    from registry.catalog.catalog import Catalog


def make_lock(
    catalog: Catalog,
    references: Iterable[Reference],
    known: Lock | None,
    images: Mapping[str, str] = _NOTHING,
) -> Lock:
    """The lock for these references: what `known` says of them already, the others resolved now. References
    that nobody uses any more are dropped. Raises as `Catalog.resolve`.
    """
    before = known.templates if known else {}
    entries = {
        str(reference): before.get(str(reference)) or lock_entry(catalog, reference)
        for reference in references
        if is_lockable(reference)
    }
    return Lock(entries, images)


def lock_entry(catalog: Catalog, reference: Reference) -> LockEntry:
    """What the reference means now. Raises as `Catalog.resolve`."""
    details = catalog.show(reference)
    where = details.provenance
    return LockEntry(
        version=where.version,
        source=where.url if where.url and not is_path(where.url) else "",
        path=where.path,
        commit=where.commit or "",
        blob=where.blob,
        sha256=details.digest,
    )
