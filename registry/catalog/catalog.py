"""The use-cases of the registry: what the command line, the web and the planner call.

Parts are imported by the use-case that needs them: a search must not pay for parsers and git.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from registry.catalog.sources import Reach, Reached
from registry.errors import Conflict, Invalid, Mismatch, UserError
from registry.home import Home, exclusive
from registry.index.database import Counts, Entry, Finding, Index, Record, SourceState
from registry.index.search import NO_FILTERS, Filters, SearchResult, search_entries
from registry.model import (
    BUILTIN_SOURCE,
    LIBRARY_SOURCE,
    Notice,
    Provenance,
    Reference,
    ResolvedTemplate,
    Standing,
)
from registry.project.source_definition import SourceDefinition, unknown_source
from registry.project.source_settings import source_definitions

if TYPE_CHECKING:
    from registry.catalog.details import TemplateCopy, TemplateDetails
    from registry.catalog.notices import NoticeBoard
    from registry.catalog.resolve import TemplateHistory
    from registry.catalog.sync import SyncFailure, SyncReport
    from registry.compatibility.compare import Comparison
    from registry.library.library import Library
    from registry.library.origin import Origin
    from registry.model import VersionInfo
    from registry.project.lock_file import LockEntry
    from registry.project.project_file import Project
    from registry.publishing.deprecate import Announced
    from registry.publishing.import_ import Candidate, ImportReport
    from registry.publishing.publish import Published
    from registry.template.document import TemplateDocument


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """A source and what is known of it. `definition` None: always there; `state` None: never synced."""

    name: str
    url: str | None
    definition: SourceDefinition | None = None
    state: SourceState | None = None
    counts: Counts | None = None
    findings: tuple[Finding, ...] = ()


class Catalog:
    """The templates that one project or user can reach. Close it, or use it as a context manager."""

    def __init__(self, home: Home, definitions: Mapping[str, SourceDefinition], library: Path) -> None:
        self.home = home
        self._index = Index(home.index_file)
        self._reach = Reach(home, self._index, definitions, library)

    @classmethod
    def open(
        cls, home: Home | Path, project: Project | None, environ: Mapping[str, str] | None = None
    ) -> Catalog:
        """The catalog of a project, or of a user outside of any. `home` may be given by its path.

        Raises Invalid for settings that can't be used, Unavailable where the home can't be written to.
        """
        env = os.environ if environ is None else environ
        place = home if isinstance(home, Home) else Home.of(home, env)
        folder = project.library if project and project.library else place.library
        return cls(place, source_definitions(place, project, env), folder)

    def close(self) -> None:
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- sources

    def sources(self, name: str | None = None) -> list[SourceSummary]:
        """What is known of every source, or of one. Asks no remote. Raises NotFound."""
        return [self._summary(each) for each in ([name] if name else self._reach.names())]

    def _summary(self, name: str) -> SourceSummary:
        definition, reached = self._reach.definitions.get(name), self._reach.find(name)
        if reached is None:
            return SourceSummary(
                name, definition.url if definition else str(self._reach.library_folder), definition
            )
        counts, findings = self._index.counts(reached.state.id), self._index.findings(reached.state.id)
        return SourceSummary(name, reached.url, definition, reached.state, counts, tuple(findings))

    def definitions(self, name: str | None = None) -> list[SourceDefinition]:
        """The git source of that name, or all. Raises NotFound; Invalid for one that is always there."""
        known = self._reach.definitions
        if name is None:
            return list(known.values())
        if name in known:
            return [known[name]]
        if name in (BUILTIN_SOURCE, LIBRARY_SOURCE):
            raise Invalid("source-fixed", f'"{name}" is always there and always up to date')
        raise unknown_source(name, list(known))

    def sync(self, definition: SourceDefinition) -> SyncReport | SyncFailure:
        """Bring a source up to date. A failure leaves what was known before.

        It holds Unavailable for a source that doesn't answer, NotFound for a ref or folder it hasn't, Invalid
        where it never had a template.
        """
        from registry.catalog.sync import SyncFailure, sync_source

        try:
            return sync_source(self.home, self._index, definition)
        except UserError as error:
            return SyncFailure(definition, error)

    def forget(self, definition: SourceDefinition) -> None:
        """Delete a source's mirror and everything indexed of it."""
        with exclusive(self.home.lock_file(f"source-{definition.mirror_key}"), f'remove "{definition.name}"'):
            self._index.forget(definition.index_key)
            shutil.rmtree(self.home.mirror(definition.mirror_key), ignore_errors=True)

    # --- templates

    def resolve(self, reference: Reference) -> ResolvedTemplate:
        """Make a reference exact. Reads the index and one git object; never asks a remote.

        Raises NotFound (source, template or version; never synced), Conflict (a blob that fits several),
        Invalid or Untrusted (a template that can't be read).
        """
        source = self._reach.source(reference.source)
        history, record = self._select(source, reference)
        return self._resolved(reference, source, history.slug, record, source.read(record))

    def resolve_locked(self, reference: Reference, entry: LockEntry) -> ResolvedTemplate:
        """What the lock says that a reference means, checked against its digest.

        Raises Mismatch where the content is not there, or is another; NotFound for a source that there isn't.
        """
        return self._resolved(reference, *self._locked(reference, entry))

    def _resolved(
        self, reference: Reference, source: Reached, slug: str, record: Record, document: TemplateDocument
    ) -> ResolvedTemplate:
        from registry.template.document import digest

        origin = self._origin(source, slug, record)
        patched = origin is not None and origin.digest != digest(document)
        patches = f"{origin.source}@{origin.version}" if origin and patched else None
        return ResolvedTemplate(
            reference,
            document.template,
            _provenance(source, slug, record),
            patches,
            self._notices.about(source.name, slug, record.version, document.template, origin),
        )

    @cached_property
    def _notices(self) -> NoticeBoard:
        from registry.catalog.notices import NoticeBoard

        return NoticeBoard(self._reach)

    def _origin(self, source: Reached, slug: str, record: Record) -> Origin | None:
        """What a template of the library was copied from, as of the version in question."""
        if source.name != LIBRARY_SOURCE:
            return None
        return self._reach.library.origin(slug, record.commit)

    def copy(self, reference: Reference, entry: LockEntry | None = None) -> TemplateCopy:
        """A template to hand on: what the reference means, or what the lock says that it means.

        Raises as `resolve`, or as `resolve_locked`.
        """
        from registry.catalog.details import TemplateCopy

        if entry is not None:
            source, slug, record, document = self._locked(reference, entry)
        else:
            source = self._reach.source(reference.source)
            history, record = self._select(source, reference)
            slug, document = history.slug, source.read(record)
        resolved = ResolvedTemplate(reference, document.template, _provenance(source, slug, record))
        origin = self._reach.library.origin(slug) if source.name == LIBRARY_SOURCE else None
        return TemplateCopy(resolved, document, source.read_files(record), origin)

    def _locked(
        self, reference: Reference, entry: LockEntry
    ) -> tuple[Reached, str, Record, TemplateDocument]:
        from registry.template.document import digest

        source = self._reach.source(reference.source)
        records = [
            item
            for item in self._index.record_of(source.state.id, entry.blob)
            if item.version == entry.version
        ]
        if not records:
            message = (
                f'"{reference}" is locked to {entry.blob[:7]}, which source "{source.name}" does not have'
            )
            raise Mismatch(
                "locked-content-missing", message, f"Run: treadle source sync {source.name}, or treadle lock"
            )
        document = source.read(records[0])
        if digest(document) != entry.sha256:
            message = f'"{reference}" is locked to other content than {entry.blob[:7]} holds'
            raise Mismatch(
                "locked-content-altered", message, "Find out who changed it; then run: treadle lock"
            )
        return source, self._index.present_slug(source.state.id, records[0].lineage), records[0], document

    def has_origin(self, reference: Reference, entry: LockEntry) -> bool:
        """Whether the source is at the address that the lock says, and once had the content at that path, with that
        commit. Raises NotFound for a source that there isn't."""
        source = self._reach.source(reference.source)
        records = self._index.record_of(source.state.id, entry.blob)
        places = {(record.version, record.path, record.commit) for record in records}
        return entry.source in ("", source.url) and (entry.version, entry.path, entry.commit) in places

    def document(self, reference: Reference) -> TemplateDocument:
        """The whole document behind a reference. Raises as `resolve`."""
        source = self._reach.source(reference.source)
        _, record = self._select(source, reference)
        return source.read(record)

    def search(self, query: str, filters: Filters = NO_FILTERS, limit: int = 50) -> SearchResult:
        """Templates at the heads of the sources that hold every word of `query`, the best first.

        Raises NotFound for a source in `filters` that doesn't exist or was never synced.
        """
        if filters.source:
            hits, total = search_entries(
                self._index, [self._reach.source(filters.source).state.id], query, filters, limit
            )
            return SearchResult(hits, total, notices=self._notices_about(hits))
        reached = {name: self._reach.find(name) for name in self._reach.names()}
        ids = [source.state.id for source in reached.values() if source]
        hits, total = search_entries(self._index, ids, query, filters, limit)
        unsynced = (name for name, source in reached.items() if source is None and name != LIBRARY_SOURCE)
        return SearchResult(hits, total, tuple(unsynced), self._notices_about(hits))

    def _notices_about(self, hits: Sequence[Entry]) -> Mapping[str, tuple[Notice, ...]]:
        """What sources and library say against the hits, by reference; their authors' own words lie in the
        templates, which a search doesn't read."""
        said = {
            f"{hit.source}/{hit.slug}": self._notices.about(hit.source, hit.slug, hit.version) for hit in hits
        }
        return {name: notices for name, notices in said.items() if notices}

    def show(self, reference: Reference) -> TemplateDetails:
        """Everything there is to say about a template. Raises as `resolve`."""
        from registry.catalog.details import TemplateDetails, version_infos
        from registry.template.document import digest

        source = self._reach.source(reference.source)
        history, record = self._select(source, reference)
        document = source.read(record)
        readme = document.files.get("README.md")
        origin = self._origin(source, history.slug, record)
        return TemplateDetails(
            template=document.template,
            provenance=_provenance(source, history.slug, record),
            digest=digest(document),
            latest=history.versions()[0].version,
            deleted=not history.alive,
            versions=version_infos(history),
            readme=readme.decode(errors="replace") if readme else None,
            origin=origin,
            notices=self._notices.about(source.name, history.slug, record.version, document.template, origin),
        )

    def versions(self, reference: Reference) -> tuple[VersionInfo, ...]:
        """All versions of a template, deleted or not, the newest first. Raises NotFound."""
        from registry.catalog.details import version_infos
        from registry.catalog.resolve import histories

        source = self._reach.source(reference.source)
        return version_infos(histories(self._index, source, reference.slug)[0])

    def import_(
        self, things: Sequence[Reference | Path], slug: str | None = None, *, dry_run: bool = False
    ) -> ImportReport:
        """Copy exact versions, or templates in files and folders, into the library: all in one commit, or none.
        The same again changes nothing.

        `slug` names the copy of a single one. Raises as `resolve`, Invalid for a file with problems, and Conflict
        where a slug, name or id is taken or uncommitted changes are in the way.
        """
        from registry.publishing.import_ import file_candidate, import_candidates

        if slug is not None and len(things) != 1:
            raise Invalid("one-slug-for-many", "only a single template can be imported under another name")
        candidates = [
            file_candidate(thing, slug) if isinstance(thing, Path) else self._candidate(thing, slug)
            for thing in things
        ]
        return import_candidates(self._index, self._reach.library, candidates, dry_run=dry_run)

    def publish(
        self,
        path: Path,
        slug: str | None = None,
        message: str | None = None,
        *,
        push: bool = False,
        dry_run: bool = False,
    ) -> Published:
        """Commit a template folder or JSON file as its next version (see `registry.publishing.publish.publish`)."""
        from registry.publishing.publish import publish

        return publish(self._index, self._reach.library, path, slug, message, push=push, dry_run=dry_run)

    def compare(
        self, old: Reference, new: Reference
    ) -> tuple[ResolvedTemplate, ResolvedTemplate, Comparison]:
        """Two templates made exact, and what differs between them. Raises as `resolve`."""
        from registry.compatibility.compare import compare

        before, after = self.resolve(old), self.resolve(new)
        return before, after, compare(before.template, after.template)

    def announce(
        self, reference: Reference, notice: Notice, *, push: bool = False, dry_run: bool = False
    ) -> Announced:
        """Have the library say something against a template (see `registry.publishing.deprecate.announce`).

        Raises NotFound where there is no such template or successor, Invalid for one that would succeed itself.
        """
        from registry.publishing.deprecate import announce, check_successor

        if reference.version is None:
            self.versions(reference)
        else:
            self.resolve(reference)
        successor = Reference.parse(notice.successor) if notice.successor else None
        check_successor(reference, successor)
        if successor:
            self.resolve(successor)
        self.__dict__.pop("_notices", None)
        return announce(self._reach.library, reference, notice, push=push, dry_run=dry_run)

    def withdraw(
        self, reference: Reference, standing: Standing, *, push: bool = False, dry_run: bool = False
    ) -> Announced:
        """Have the library take that back."""
        from registry.publishing.deprecate import withdraw

        self.__dict__.pop("_notices", None)
        return withdraw(self._reach.library, reference, standing, push=push, dry_run=dry_run)

    def library_entries(self) -> list[Entry]:
        """The templates that the library has now, by slug."""
        library = self._reach.find(LIBRARY_SOURCE)
        return self._index.entries(library.state.id) if library else []

    # --- for `verify`

    def reached(self) -> list[Reached]:
        """Every source that can be read."""
        return [source for name in self._reach.names() if (source := self._reach.find(name))]

    def index_rows(self, state: SourceState) -> list[tuple[object, ...]]:
        """Every fact that the index holds of a source."""
        return self._index.rows(state.id)

    @property
    def library(self) -> Library:
        return self._reach.library

    def _candidate(self, reference: Reference, slug: str | None) -> Candidate:
        from registry.publishing.import_ import Candidate

        if reference.source == LIBRARY_SOURCE:
            raise Invalid("import-from-library", f'"{reference}" is in the library already')
        source = self._reach.source(reference.source)
        history, record = self._select(source, reference)
        document = source.read(record)
        resolved = self._resolved(reference, source, history.slug, record, document)
        _refuse_revoked(resolved)
        return Candidate(history.slug if slug is None else slug, resolved, document)

    def _select(self, source: Reached, reference: Reference) -> tuple[TemplateHistory, Record]:
        from registry.catalog.resolve import histories, select

        candidates = histories(self._index, source, reference.slug)
        return select(candidates, reference, lambda record: source.read(record).template)


def _refuse_revoked(resolved: ResolvedTemplate) -> None:
    for notice in resolved.notices:
        if notice.standing is Standing.REVOKED:
            raise Conflict(
                "template-revoked",
                f'"{resolved.reference}" is {notice}',
                hint="Import another version, or another template.",
            )


def _provenance(source: Reached, slug: str, record: Record) -> Provenance:
    return Provenance(
        source=source.name,
        slug=slug,
        path=record.path,
        version=record.version,
        blob=record.id,
        commit=record.commit or None,
        url=source.url,
        ref=source.state.ref,
        author=record.author or None,
        date=record.date or None,
    )
