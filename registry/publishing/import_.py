"""Copying templates into the library: what would be written, and why it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.sources import library_state
from registry.errors import Conflict, Invalid
from registry.git.objects import tree_id
from registry.home import real_path
from registry.index.content import read_content
from registry.index.database import IndexedContent
from registry.library.library import Library
from registry.library.origin import Origin, import_message
from registry.library.writer import writing
from registry.model import LIBRARY_SOURCE, NoticeKind, Provenance, Reference, ResolvedTemplate, Severity
from registry.publishing.uniqueness import Identity, check_unique, library_identities
from registry.template.document import TemplateDocument, digest, read_template, to_folder
from registry.template.files import load_folder, read_bytes
from registry.template.portable import check_names, check_slug
from registry.validation.check import check_path

FILE_SOURCE = "file"
"""What a template has for a source that was imported from a file or folder."""


class ImportStatus(StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class ImportCandidate:
    """A template to import, made exact; `slug` is the name it gets in the library."""

    slug: str
    resolved: ResolvedTemplate
    document: TemplateDocument

    def origin(self) -> Origin:
        return Origin.of(self.slug, self.resolved.provenance, digest(self.document))


@dataclass(frozen=True, slots=True)
class ImportedTemplate:
    """`files` are those of the template folder in the library, by their paths in the repository; `previous` is the
    version that the library had before, None for a new template."""

    slug: str
    resolved: ResolvedTemplate
    status: ImportStatus
    files: tuple[str, ...]
    previous: int | None = None

    @property
    def downgrade(self) -> bool:
        """Whether the template means an older version than before."""
        return self.previous is not None and self.resolved.provenance.version < self.previous


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`commit` None: nothing was to be changed, or it was only tried."""

    items: tuple[ImportedTemplate, ...]
    commit: str | None


def import_templates(
    catalog: Catalog, things: Sequence[Reference | Path], slug: str | None = None, *, dry_run: bool = False
) -> ImportReport:
    """Copy exact versions, or templates in files and folders, into the library: all in one commit, or none. The same
    again changes nothing.

    `slug` names the copy of a single one. Raises as `Catalog.find`, Invalid for a file with problems or a slug that
    cannot be one, and Conflict where a slug, title or id is taken (naming both), a version is revoked, or uncommitted
    changes are in the way.
    """
    if slug is not None and len(things) != 1:
        raise Invalid("one-slug-for-many", "only a single template can be imported under another name")
    candidates = [
        file_candidate(thing, slug) if isinstance(thing, Path) else _candidate(catalog, thing, slug)
        for thing in things
    ]
    for candidate in candidates:
        check_slug(candidate.slug)
        _check_names(candidate)
    if dry_run:
        return ImportReport(_classify(catalog, candidates, catalog.library.head()), None)
    with writing(catalog.library, "import") as writer:
        items = _classify(catalog, candidates, writer.tip.commit)
        changed = {item.slug for item in items if item.status is not ImportStatus.UNCHANGED}
        chosen = [candidate for candidate in candidates if candidate.slug in changed]
        if not chosen:
            return ImportReport(items, None)
        files = {candidate.slug: to_folder(candidate.document) for candidate in chosen}
        return ImportReport(items, writer.commit(files, _message(chosen)))


def _candidate(catalog: Catalog, reference: Reference, slug: str | None) -> ImportCandidate:
    if reference.source == LIBRARY_SOURCE:
        raise Invalid("import-from-library", f'"{reference}" is in the library already')
    found = catalog.find(reference)
    resolved = catalog.resolved(found)
    for notice in resolved.notices:
        if notice.standing is NoticeKind.REVOKED:
            hint = "Import another version, or another template."
            raise Conflict("template-revoked", f'"{reference}" is {notice}', hint)
    return ImportCandidate(found.slug if slug is None else slug, resolved, found.document)


def file_candidate(path: Path, slug: str | None = None) -> ImportCandidate:
    """The template folder or Octopus JSON file at `path`, as a candidate. Raises Invalid with all its problems,
    NotFound, Untrusted."""
    problems = [problem for checked in check_path(path) for problem in checked.problems]
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise Invalid("template-invalid", f"{path}: {errors[0].message}", errors[0].hint, errors)
    document = load_folder(path) if path.is_dir() else read_template(read_bytes(path), str(path))
    name = real_path(path).name if path.is_dir() else path.stem
    template = document.template
    where = Provenance(FILE_SOURCE, name, path.name, template.version, tree_id(to_folder(document)))
    reference = Reference(FILE_SOURCE, name, template.version)
    return ImportCandidate(
        slug if slug is not None else name, ResolvedTemplate(reference, template, where), document
    )


def _check_names(candidate: ImportCandidate) -> None:
    document = candidate.document
    check_names({**to_folder(document), **document.left_out}, f'"{candidate.resolved.reference}"')


def _classify(
    catalog: Catalog, candidates: Sequence[ImportCandidate], head: str | None
) -> tuple[ImportedTemplate, ...]:
    """What becomes of each candidate, judged by the library's head and the other candidates."""
    index, library = catalog.index, catalog.library
    state = library_state(index, library, head) if head else None
    held = library_identities(index, state)
    asked: list[Identity] = []
    items = []
    for candidate in candidates:
        template = candidate.resolved.template
        reference = candidate.resolved.reference
        origin = "" if reference.source == FILE_SOURCE else str(reference)
        claim = Identity(candidate.slug, template.name, template.id, f'"{reference}"', origin)
        check_unique(claim, [*asked, *(other for other in held if other.slug != claim.slug)])
        record = index.head_record(state.id, candidate.slug) if state else None
        status = _compare(library, candidate, record, head) if record else ImportStatus.ADDED
        files = tuple(
            sorted(f"{library.path(candidate.slug)}/{name}" for name in to_folder(candidate.document))
        )
        previous = record.version if record else None
        items.append(ImportedTemplate(candidate.slug, candidate.resolved, status, files, previous))
        asked.append(claim)
    return tuple(items)


def _compare(
    library: Library, candidate: ImportCandidate, record: IndexedContent, head: str | None
) -> ImportStatus:
    """What importing over a template of the same slug means. Raises Conflict where that one is another."""
    origin, incoming = library.origin(candidate.slug, head), candidate.origin()
    held = digest(read_content(library.repository, record))
    if held == incoming.digest:
        return ImportStatus.UNCHANGED
    if origin is not None and origin.source == incoming.source:
        if held == origin.digest:
            return ImportStatus.UPDATED
        raise Conflict(
            "template-modified",
            f'the library\'s "{candidate.slug}" was changed after its import from "{origin.source}@{origin.version}"',
            hint=f"Import under another name: `treadle import {candidate.resolved.reference} --as SLUG`.",
        )
    raise Conflict(
        "template-clash",
        f'"{candidate.resolved.reference}" and the library\'s "{candidate.slug}" both have that name',
        hint=f"Import under another name: `treadle import {candidate.resolved.reference} --as SLUG`.",
    )


def _message(candidates: Sequence[ImportCandidate]) -> str:
    return import_message([(item.resolved.template.name, item.origin()) for item in candidates])
