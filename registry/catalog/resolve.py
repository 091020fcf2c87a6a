"""Which of a template's contents a reference means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from registry.catalog.sources import OpenSource
from registry.compatibility.compare import interface_breaks
from registry.errors import Conflict, Mismatch, NotFound
from registry.index.database import Index, IndexedContent
from registry.model import Provenance, Reference, StepTemplate
from registry.project.lock_file import LockEntry
from registry.suggest import close_to, did_you_mean
from registry.template.document import TemplateDocument, digest


@dataclass(frozen=True, slots=True)
class TemplateHistory:
    """A template of a source: its present slug, whether it is at the head, all contents oldest first."""

    slug: str
    alive: bool
    records: tuple[IndexedContent, ...]

    def versions(self) -> list[IndexedContent]:
        """What the first-parent line held last under each number, the most recent first: numbers may have
        gone down."""
        last = {record.version: record for record in self.records if record.main}
        return sorted(last.values(), key=self.records.index, reverse=True)

    def numbered(self, number: int) -> IndexedContent | None:
        return next((record for record in self.versions() if record.version == number), None)

    def variants(self, number: int) -> list[IndexedContent]:
        """Everything ever committed under a number, the version itself first, each content once."""
        chosen = self.numbered(number)
        others = [record for record in reversed(self.records) if record.version == number]
        found = {record.id: record for record in reversed([*([chosen] if chosen else []), *others])}
        return list(reversed(found.values()))


@dataclass(frozen=True, slots=True)
class FoundTemplate:
    """The content that a reference means.

    reference: as it was asked for
    source: where it was found
    slug: what the template is called there now
    record: the content's place in the index
    document: the content
    history: all contents of the template; None where a lock named the content
    """

    reference: Reference
    source: OpenSource
    slug: str
    record: IndexedContent
    document: TemplateDocument
    history: TemplateHistory | None = None

    @property
    def digest(self) -> str:
        return digest(self.document)

    @property
    def provenance(self) -> Provenance:
        return Provenance(
            source=self.source.name,
            slug=self.slug,
            path=self.record.path,
            version=self.record.version,
            blob=self.record.id,
            commit=self.record.commit or None,
            url=self.source.url,
            ref=self.source.state.ref,
            author=self.record.author or None,
            date=self.record.date or None,
        )


def find_template(
    index: Index, source: OpenSource, reference: Reference, locked: LockEntry | None = None
) -> FoundTemplate:
    """The content that the reference means, or that the lock says it means. Raises as `Catalog.find`."""
    if locked is not None:
        return _find_locked(index, source, reference, locked)
    candidates = find_histories(index, source, reference.slug)
    history, record = resolve(candidates, reference, lambda record: source.read(record).template)
    return FoundTemplate(reference, source, history.slug, record, source.read(record), history)


def _find_locked(index: Index, source: OpenSource, reference: Reference, locked: LockEntry) -> FoundTemplate:
    records = [
        item for item in index.records_of_blob(source.state.id, locked.blob) if item.version == locked.version
    ]
    if not records:
        message = f'"{reference}" is locked to {locked.blob[:7]}, which source "{source.name}" does not have'
        hint = f"Run `treadle source sync {source.name}`, or `treadle lock`."
        raise Mismatch("locked-content-missing", message, hint)
    slug = index.present_slug(source.state.id, records[0].lineage)
    found = FoundTemplate(reference, source, slug, records[0], source.read(records[0]))
    if found.digest != locked.sha256:
        message = f'"{reference}" is locked to other content than {locked.blob[:7]} holds'
        raise Mismatch("locked-content-altered", message, "Find out who changed it; then run `treadle lock`.")
    return found


def find_histories(index: Index, source: OpenSource, slug: str) -> list[TemplateHistory]:
    """The templates that `slug` can mean, best first: the one at the head, deleted ones that had the name,
    those renamed since. Raises NotFound, with what comes close."""
    named = index.lineages_named(source.state.id, slug)
    found = [
        TemplateHistory(item.slug, item.alive, tuple(index.records(source.state.id, item.number)))
        for item in named
    ]
    found = [history for history in found if history.versions()]
    if not found:
        known = [entry.slug for entry in index.entries(source.state.id)]
        hint = did_you_mean(slug, known) or f"Look for it with `treadle search {slug}`."
        raise NotFound("template-not-found", f'source "{source.name}" has no template "{slug}"', hint)
    return found


def the_only_source(index: Index, sources: Sequence[OpenSource], reference: Reference) -> Reference:
    """The reference, with the one source whose head has its template. Raises as `Catalog.with_source`."""
    names = {source.state.id: source.name for source in sources}
    having = [names[number] for number in index.sources_with(list(names), reference.slug)]
    found = [replace(reference, source=name) for name in having]
    if len(found) == 1:
        return found[0]
    if found:
        message = f'"{reference.slug}" is a template of {len(found)} sources'
        hint = f"Say which: {', '.join(map(str, found))}."
        raise Conflict("reference-ambiguous", message, hint)
    known = [f"{source.name}/{slug}" for source in sources for slug in index.slugs(source.state.id)]
    bare = {name.partition("/")[2]: name for name in reversed(known)}
    close = close_to(reference.slug, bare)
    hint = (
        f'Did you mean "{bare[close[0]]}"?'
        if close
        else f"Look for it with `treadle search {reference.slug}`."
    )
    raise NotFound("template-not-found", f'no source has a template "{reference.slug}"', hint)


def resolve(
    candidates: Sequence[TemplateHistory],
    reference: Reference,
    read: Callable[[IndexedContent], StepTemplate],
) -> tuple[TemplateHistory, IndexedContent]:
    """The content that `reference` means, and the template it is of. `read` gives the template of a record.

    Raises NotFound where there is no such version, or the template was deleted and none is named; Conflict
    where a shortened blob fits several.
    """
    if reference.version is None:
        return candidates[0], _latest(candidates[0], reference)
    for history in candidates:
        record = _exact(history, reference.version, reference.blob)
        if record is not None:
            return history, _newest_compatible(history, record, read) if reference.open else record
    raise _no_such_version(candidates[0], reference)


def _latest(history: TemplateHistory, reference: Reference) -> IndexedContent:
    latest = history.versions()[0]
    if history.alive:
        return latest
    raise NotFound(
        "template-deleted",
        f'"{reference.source}/{reference.slug}" was deleted; its last version was {latest.version}',
        hint=f"If you still want it, name the version: `{reference.source}/{reference.slug}@{latest.version}`.",
    )


def _exact(history: TemplateHistory, number: int, blob: str | None) -> IndexedContent | None:
    if blob is None:
        return history.numbered(number)
    found = [record for record in history.variants(number) if record.id.startswith(blob)]
    if len(found) > 1:
        ids = ", ".join(record.id[:12] for record in found)
        raise Conflict("blob-ambiguous", f'"{blob}" fits several contents: {ids}', hint="Give more digits.")
    return found[0] if found else None


def _newest_compatible(
    history: TemplateHistory, base: IndexedContent, read: Callable[[IndexedContent], StepTemplate]
) -> IndexedContent:
    old = read(base)
    for record in takewhile(lambda record: record is not base, history.versions()):
        if record.version > base.version and not interface_breaks(old, read(record)):
            return record
    return base


def _no_such_version(history: TemplateHistory, reference: Reference) -> NotFound:
    name = f"{reference.source}/{reference.slug}"
    variants = history.variants(reference.version or 0)
    if reference.blob:
        message = f'"{name}" has no content "{reference.blob}" under version {reference.version}'
        known = ", ".join(record.id[:7] for record in variants)
        return NotFound("variant-not-found", message, f"There are: {known}." if known else None)
    if variants:
        return NotFound(
            "version-not-found",
            f'"{name}" never had version {reference.version} on its main line, only in merged drafts',
            hint=f"Take a draft by its blob: `{name}@{reference.version}:{variants[0].id[:7]}`.",
        )
    numbers = sorted(record.version for record in history.versions())
    shown = ", ".join(str(number) for number in numbers[-8:])
    return NotFound(
        "version-not-found",
        f'"{name}" has no version {reference.version}',
        hint=f"There are: {'..., ' if len(numbers) > 8 else ''}{shown}.",
    )
