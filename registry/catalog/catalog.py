"""The catalog reads: what a reference means, and which templates and sources there are.

Whatever changes the library, a project or a bundle is a function that takes a catalog (`registry.publishing`,
`registry.sharing`).

Parts are imported by the use-case that needs them: a search must not pay for parsers and git.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from registry.catalog.sources import OpenSource, Sources
from registry.errors import Invalid, UserError
from registry.git.reader import keep_readers, release_readers
from registry.home import Home, exclusive
from registry.index.database import Counts, Index, SourceFinding, SourceState
from registry.index.entry import Entry
from registry.index.search import (
    NO_FILTERS,
    Facets,
    Filters,
    SearchResult,
    facet_counts,
    search_entries,
)
from registry.model import (
    BUILTIN_SOURCE,
    LIBRARY_SOURCE,
    Notice,
    Reference,
    ResolvedTemplate,
)
from registry.project.source_definition import SourceDefinition, unknown_source
from registry.project.source_settings import source_definitions

if TYPE_CHECKING:
    from registry.catalog.changes import VersionChange
    from registry.catalog.details import TemplateCopy, TemplateDetails
    from registry.catalog.notices import NoticeLookup
    from registry.catalog.resolve import FoundTemplate
    from registry.catalog.sync import SyncFailure, SyncReport
    from registry.library.library import Library
    from registry.library.origin import Origin
    from registry.model import VersionInfo
    from registry.project.lock_file import LockEntry
    from registry.project.project_file import ProjectSettings
    from registry.template.document import TemplateDocument


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """A source and what is known of it. `definition` None: always there; `state` None: never synced."""

    name: str
    url: str | None
    definition: SourceDefinition | None = None
    state: SourceState | None = None
    counts: Counts | None = None
    findings: tuple[SourceFinding, ...] = ()


class Catalog:
    """The templates that one project or user can reach. Close it, or use it as a context manager."""

    def __init__(self, home: Home, definitions: Mapping[str, SourceDefinition], library: Path) -> None:
        self.home = home
        self.index = Index(home.index_file)
        self._sources = Sources(home, self.index, definitions, library)

    @classmethod
    def open(
        cls, home: Home | Path, project: ProjectSettings | None, environ: Mapping[str, str] | None = None
    ) -> Catalog:
        """The catalog of a project, or of a user outside of any. `home` may be given by its path.

        Raises Invalid for settings that cannot be used, Unavailable where the home cannot be written to.
        """
        env = os.environ if environ is None else environ
        place = home if isinstance(home, Home) else Home.of(home, env)
        folder = project.library if project and project.library else place.library
        return cls(place, source_definitions(place, project, env), folder)

    def close(self) -> None:
        self.index.close()

    def __enter__(self) -> Self:
        keep_readers()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        release_readers()
        self.close()

    # --- sources

    def source_summaries(self, name: str | None = None) -> list[SourceSummary]:
        """What is known of every source, or of one. Asks no remote. Raises NotFound."""
        return [self._summary(each) for each in ([name] if name else self._sources.names())]

    def _summary(self, name: str) -> SourceSummary:
        definition, reached = self._sources.definitions.get(name), self._sources.find(name)
        if reached is None:
            return SourceSummary(
                name, definition.url if definition else str(self._sources.library_folder), definition
            )
        counts, findings = self.index.counts(reached.state.id), self.index.findings(reached.state.id)
        return SourceSummary(name, reached.url, definition, reached.state, counts, tuple(findings))

    def source_names(self) -> list[str]:
        return self._sources.names()

    def definitions(self, name: str | None = None) -> list[SourceDefinition]:
        """The git source of that name, or all. Raises NotFound; Invalid for one that is always there."""
        known = self._sources.definitions
        if name is None:
            return list(known.values())
        if name in known:
            return [known[name]]
        if name in (BUILTIN_SOURCE, LIBRARY_SOURCE):
            raise Invalid("source-fixed", f'"{name}" has no definition: it is always there')
        raise unknown_source(name, list(known))

    def sync(self, definition: SourceDefinition, *, again: bool = False) -> SyncReport | SyncFailure:
        """Bring a source up to date; with `again` fetch all of it again. A failure leaves what was known before.

        It holds Unavailable for a source that doesn't answer, NotFound for a ref or folder it hasn't, Invalid
        where it never had a template.
        """
        from registry.catalog.sync import SyncFailure, sync_source

        try:
            return sync_source(self.home, self.index, definition, again=again)
        except UserError as error:
            return SyncFailure(definition, error)

    def sync_library(self) -> SyncReport | SyncFailure:
        """Bring the library up to what its remote has (see `registry.catalog.sync.sync_library`)."""
        from registry.catalog.sync import SyncFailure, sync_library

        try:
            return sync_library(self.index, self.library)
        except UserError as error:
            return SyncFailure(SourceDefinition(LIBRARY_SOURCE, str(self.library.folder)), error)

    def library_has_remote(self) -> bool:
        """Whether the library is a repository of its own that has a remote, so that syncing it moves nothing else."""
        library = self.library
        return (
            not library.prefix
            and library.repository.layout() is not None
            and bool(library.repository.remotes())
        )

    def forget(self, definition: SourceDefinition) -> None:
        """Delete a source's mirror and everything indexed of it."""
        with exclusive(self.home.lock_file(f"source-{definition.mirror_key}"), f'remove "{definition.name}"'):
            self.index.forget(definition.index_key)
            shutil.rmtree(self.home.mirror(definition.mirror_key), ignore_errors=True)

    # --- templates

    def with_source(self, reference: Reference) -> Reference:
        """The reference, with the one source that has its template now in place of the source it names.

        Raises NotFound where none has it, Conflict where several do.
        """
        from registry.catalog.resolve import the_only_source

        return the_only_source(self.index, self._searched(())[0], reference)

    def find(self, reference: Reference, locked: LockEntry | None = None) -> FoundTemplate:
        """The content that a reference means, or that the lock says it means. Reads the index and one git object;
        never asks a remote.

        Raises NotFound (source, template or version; never synced), Conflict (a blob that fits several),
        Invalid or Untrusted (a template that cannot be read); with a lock entry, Mismatch where the content is not
        there, or is another.
        """
        from registry.catalog.resolve import find_template

        return find_template(self.index, self._sources.source(reference.source), reference, locked)

    def resolve(self, reference: Reference, locked: LockEntry | None = None) -> ResolvedTemplate:
        """Make a reference exact, with what is said against it. Raises as `find`."""
        return self.resolved(self.find(reference, locked))

    def resolved(self, found: FoundTemplate) -> ResolvedTemplate:
        """What was found, with what is said against it."""
        origin = self.origin(found)
        patched = origin is not None and origin.digest != found.digest
        return ResolvedTemplate(
            found.reference,
            found.document.template,
            found.provenance,
            f"{origin.source}@{origin.version}" if origin and patched else None,
            self._notices.about(
                found.source.name, found.slug, found.record.version, found.document.template, origin
            ),
        )

    def is_edited(self, reference: Reference) -> bool:
        """Whether the library's work tree has changes of a template that are not published."""
        if reference.source != LIBRARY_SOURCE:
            return False
        place = self.library.path(reference.slug)
        return any(file == f"{place}.json" or file.startswith(f"{place}/") for file in self._changed_files)

    @cached_property
    def _changed_files(self) -> list[str]:
        """As of the first question."""
        return self.library.changed_files()

    def origin(self, found: FoundTemplate) -> Origin | None:
        """What a template of the library was copied from, as of the version in question."""
        if found.source.name != LIBRARY_SOURCE:
            return None
        return self.library.origin(found.slug, found.record.commit)

    @cached_property
    def _notices(self) -> NoticeLookup:
        """What is said against templates, as of the first question: every repository is read once."""
        from registry.catalog.notices import NoticeLookup

        return NoticeLookup(self._sources)

    def copy(self, reference: Reference, locked: LockEntry | None = None) -> TemplateCopy:
        """A template to hand on. Raises as `find`."""
        from registry.catalog.details import TemplateCopy

        found = self.find(reference, locked)
        resolved = ResolvedTemplate(reference, found.document.template, found.provenance)
        origin = self.library.origin(found.slug) if found.source.name == LIBRARY_SOURCE else None
        return TemplateCopy(resolved, found.document, found.source.read_files(found.record), origin)

    def document(self, reference: Reference) -> TemplateDocument:
        """The whole document behind a reference. Raises as `find`."""
        return self.find(reference).document

    def show(self, reference: Reference) -> TemplateDetails:
        """Everything there is to say about a template. Raises as `find`."""
        from registry.catalog.details import template_details

        found = self.find(reference)
        stored = self.index.stored_verdict(found.source.state.id, found.record.id)
        details = template_details(found, self.origin(found), self.resolved(found).notices, stored)
        said = {
            item.version: self._notices.about(found.source.name, found.slug, item.version)
            for item in details.versions
        }
        return replace(details, said={version: notices for version, notices in said.items() if notices})

    def versions(self, reference: Reference) -> tuple[VersionInfo, ...]:
        """All versions of a template, deleted or not, the newest first. Raises NotFound."""
        from registry.catalog.details import version_infos
        from registry.catalog.resolve import find_histories

        source = self._sources.source(reference.source)
        return version_infos(find_histories(self.index, source, reference.slug)[0])

    def changes(self, reference: Reference, limit: int) -> tuple[VersionChange, ...]:
        """What each version of a template changed, the newest first, up to the one that the reference names.

        Raises as `find`; a template that was deleted has its history all the same.
        """
        from registry.catalog.changes import version_changes
        from registry.catalog.resolve import find_histories

        source = self._sources.source(reference.source)
        if reference.version is None:
            history, since = find_histories(self.index, source, reference.slug)[0], None
        else:
            found = self.find(reference)
            assert found.history is not None
            history, since = found.history, found.record.version
        return tuple(
            replace(item, notices=self._notices.about(reference.source, reference.slug, item.version.version))
            for item in version_changes(source, history, since, limit)
        )

    def has_origin(self, reference: Reference, locked: LockEntry) -> bool:
        """Whether the source is at the address that the lock says, and once had the content at that path, with that
        commit. Raises NotFound for a source that there isn't."""
        source = self._sources.source(reference.source)
        records = self.index.records_of_blob(source.state.id, locked.blob)
        places = {(record.version, record.path, record.commit) for record in records}
        return locked.source in ("", source.url) and (locked.version, locked.path, locked.commit) in places

    def search(self, query: str, filters: Filters = NO_FILTERS, limit: int = 50) -> SearchResult:
        """Templates at the heads of the sources that hold every word of `query`, the best first.

        Raises NotFound for a source in `filters` that doesn't exist or was never synced, and for a value that no
        template has.
        """
        sources, unsynced, problem = self._searched(filters.source)
        found = search_entries(self.index, [item.state.id for item in sources], query, filters, limit)
        notices = self._notices_about(found.hits) if problem is None else {}
        return SearchResult(found.hits, found.total, unsynced, notices, problem, found.corrections)

    def facets(self, query: str, filters: Filters = NO_FILTERS) -> Facets:
        """What the templates that a search finds have, with how many have it. Raises as `search`."""
        sources, _, _ = self._searched(filters.source)
        return facet_counts(self.index, [item.state.id for item in sources], query, filters)

    def _searched(self, names: Sequence[str]) -> tuple[list[OpenSource], tuple[str, ...], UserError | None]:
        """The sources to search, those that have yet to be synced, and why the library is left out, if so."""
        if names:
            return [self._sources.source(name) for name in dict.fromkeys(names)], (), None
        problem = self._library_problem()
        searched = [name for name in self._sources.names() if problem is None or name != LIBRARY_SOURCE]
        reached = {name: self._sources.find(name) for name in searched}
        unsynced = (name for name, source in reached.items() if source is None and name != LIBRARY_SOURCE)
        return [source for source in reached.values() if source], tuple(unsynced), problem

    def _library_problem(self) -> UserError | None:
        """Why the library cannot be read, if so."""
        try:
            self._sources.find(LIBRARY_SOURCE)
        except UserError as error:
            return error
        return None

    def _notices_about(self, hits: Sequence[Entry]) -> Mapping[str, tuple[Notice, ...]]:
        """What sources and library say against the hits, by reference; their authors' own words lie in the
        templates, which a search doesn't read."""
        said = {
            f"{hit.source}/{hit.slug}": self._notices.about(hit.source, hit.slug, hit.version) for hit in hits
        }
        return {name: notices for name, notices in said.items() if notices}

    def entries(self, source: str) -> list[Entry]:
        """The templates that a source has now, by slug. Raises NotFound for one that there isn't, or that was never
        synced."""
        return self.index.entries(self._sources.source(source).state.id)

    def library_entries(self) -> list[Entry]:
        """The templates that the library has now, by slug."""
        library = self._sources.find(LIBRARY_SOURCE)
        return self.index.entries(library.state.id) if library else []

    @property
    def library(self) -> Library:
        return self._sources.library

    def open_sources(self) -> list[OpenSource]:
        """Every source that can be read."""
        return [source for name in self._sources.names() if (source := self._sources.find(name))]
