"""Deprecation and revocation: what a repository of templates says against some of them.

They are not part of a template's content, so that they reach versions that are published and locked already. A
repository keeps them in `.treadle/notices.yaml` beside its templates, and every change is a commit: about its own
templates by their slugs, and a library also about those of other sources, by `source/slug`. Whoever has the
repository for a source hears of them with the next sync.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from registry.catalog.catalog import Catalog
from registry.errors import Invalid
from registry.library.library import Library
from registry.library.message import commit_message
from registry.library.notices import FILE, FOLDER, notices_bytes, read_notices
from registry.library.writer import writing
from registry.model import LIBRARY_SOURCE, Notice, NoticeKind, Notices, Reference


@dataclass(frozen=True, slots=True)
class NoticeChange:
    """What is said about a template from now on. `commit` None: it was only tried, or said already."""

    notices: tuple[Notice, ...]
    changed: bool
    commit: str | None


# --- saying and taking back


def add_notice(
    catalog: Catalog, reference: Reference, notice: Notice, *, push: bool = False, dry_run: bool = False
) -> NoticeChange:
    """Say something against a template, or against one version of it, in place of what the library said of the
    same standing about the same versions before.

    Raises NotFound where there is no such template or successor, Invalid for one that would succeed itself, Conflict
    and Unavailable as every change of the library does.
    """
    _check_known(catalog, reference)
    if notice.successor:
        _check_successor(catalog, reference, Reference.parse(notice.successor))
    versions = (reference.version,) if reference.version is not None else ()
    successor = (notice.successor or "").removeprefix(f"{LIBRARY_SOURCE}/") or None
    said = replace(notice, versions=versions, successor=successor)

    def change(before: tuple[Notice, ...]) -> tuple[Notice, ...]:
        return (*(item for item in before if not _same_subject(item, said)), said)

    verb = "Deprecate" if notice.standing is NoticeKind.DEPRECATED else "Revoke"
    message = commit_message(f"{verb} {reference}", [("Notice", str(reference))], notice.reason)
    return _change(catalog.library, reference, change, message, push=push, dry_run=dry_run)


def remove_notice(
    catalog: Catalog, reference: Reference, standing: NoticeKind, *, push: bool = False, dry_run: bool = False
) -> NoticeChange:
    """Take back what the library said of that standing about a template, or about one version of it."""
    versions = (reference.version,) if reference.version is not None else ()
    gone = Notice(standing, versions=versions)

    def change(before: tuple[Notice, ...]) -> tuple[Notice, ...]:
        return tuple(item for item in before if not _same_subject(item, gone))

    message = commit_message(f"No longer call {reference} {standing.value}", [("Notice", str(reference))])
    return _change(catalog.library, reference, change, message, push=push, dry_run=dry_run)


def _same_subject(one: Notice, other: Notice) -> bool:
    return (one.standing, one.versions) == (other.standing, other.versions)


def _change(
    library: Library,
    reference: Reference,
    change: Callable[[tuple[Notice, ...]], tuple[Notice, ...]],
    message: str,
    *,
    push: bool,
    dry_run: bool,
) -> NoticeChange:
    key = reference.slug if reference.source == LIBRARY_SOURCE else f"{reference.source}/{reference.slug}"

    def changed(base: str | None) -> Notices:
        before = read_notices(library.repository, base, library.prefix)
        after = {**before, key: change(before.get(key, ()))}
        return {name: notices for name, notices in after.items() if notices}

    head = library.head()
    planned = changed(head)
    notices = planned.get(key, ())
    if head is not None and planned == read_notices(library.repository, head, library.prefix):
        return NoticeChange(notices, changed=False, commit=None)
    if dry_run:
        return NoticeChange(notices, changed=True, commit=None)

    def prepare(base: str | None) -> tuple[Mapping[str, Mapping[str, bytes]], str]:
        return {FOLDER: {FILE: notices_bytes(changed(base))}}, message

    with writing(library, "change notices") as writer:
        commit = writer.commit_and_push(prepare, ()) if push else writer.commit_prepared(prepare)
    return NoticeChange(notices, changed=True, commit=commit)


def _check_known(catalog: Catalog, reference: Reference) -> None:
    if reference.version is None:
        catalog.versions(reference)
    else:
        catalog.find(reference)


def _check_successor(catalog: Catalog, reference: Reference, successor: Reference) -> None:
    if (successor.source, successor.slug) == (reference.source, reference.slug):
        raise Invalid("successor-invalid", f'"{reference}" cannot be its own successor')
    catalog.find(successor)
