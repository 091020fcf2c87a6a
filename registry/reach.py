"""The sources a command can reach, each with its index up to date and a way to read contents.

Four kinds look the same from here: git mirrors, the library (a git repository read in place, at its HEAD),
and the built-in templates (plain files).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.builtin import builtin_slugs, fingerprint, read_builtin
from registry.contents import read_content
from registry.documents import TemplateDocument
from registry.errors import Conflict, NotFound
from registry.git import Repository
from registry.home import Home
from registry.index import Index, Record, SourceState
from registry.indexing import Target, index_documents, index_repository
from registry.library import Library
from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE
from registry.resources import builtin_templates
from registry.sources import SourceDefinition
from registry.suggest import did_you_mean
from registry.sync import reindex


@dataclass(frozen=True, slots=True)
class Reached:
    """A source that can be read. `repository` is None for the built-in templates, `url` for them as well."""

    name: str
    state: SourceState
    repository: Repository | None
    url: str | None

    def read(self, record: Record) -> TemplateDocument:
        """The document that a record of this source names. Raises Invalid or Untrusted."""
        if self.repository is not None:
            return read_content(self.repository, record)
        template = read_builtin(builtin_templates(), record.slug)
        if template.id != record.id:
            raise Conflict("builtin-changed", f'"{BUILTIN_SOURCE}/{record.slug}" changed while it was read')
        return template.document


@dataclass(frozen=True, slots=True)
class Reach:
    """All sources of one project or user, by name."""

    home: Home
    index: Index
    definitions: Mapping[str, SourceDefinition]
    library: Library

    def names(self) -> list[str]:
        return [BUILTIN_SOURCE, LIBRARY_SOURCE, *self.definitions]

    def source(self, name: str) -> Reached:
        """The source of that name. Raises NotFound where there is none, or it was never synced."""
        found = self.find(name)
        if found is not None:
            return found
        if name == LIBRARY_SOURCE:
            raise NotFound(
                "library-empty",
                "the library has no templates yet",
                hint="Fill it with: treadle import community/SLUG",
            )
        raise NotFound(
            "source-not-synced",
            f'source "{name}" has not been synced yet',
            hint=f"Run: treadle source sync {name}",
        )

    def find(self, name: str) -> Reached | None:
        """As `source`, but None for a source that is there and has nothing to read yet."""
        if name == BUILTIN_SOURCE:
            return self._builtin()
        if name == LIBRARY_SOURCE:
            return self._library()
        if name in self.definitions:
            return self._mirrored(self.definitions[name])
        raise unknown_source(name, self.names())

    def _builtin(self) -> Reached:
        folder = builtin_templates()
        current = fingerprint(folder)
        state = self.index.source(BUILTIN_SOURCE)
        if state is None or state.commit != current:
            templates = [read_builtin(folder, slug) for slug in builtin_slugs(folder)]
            index_documents(self.index, Target(BUILTIN_SOURCE, BUILTIN_SOURCE, None, "", current), templates)
            state = self.index.source(BUILTIN_SOURCE)
        assert state is not None
        return Reached(BUILTIN_SOURCE, state, None, None)

    def _library(self) -> Reached | None:
        commit = self.library.head()
        if commit is None:
            return None
        target = Target(self.library.index_key, LIBRARY_SOURCE, None, self.library.prefix, commit)
        state = self.index.source(target.key)
        if state is None or state.commit != commit:
            index_repository(self.index, self.library.repository, target)
            state = self.index.source(target.key)
        assert state is not None
        return Reached(LIBRARY_SOURCE, state, self.library.repository, str(self.library.folder))

    def _mirrored(self, definition: SourceDefinition) -> Reached | None:
        state = self.index.source(definition.index_key)
        if state is None and reindex(self.home, self.index, definition):
            state = self.index.source(definition.index_key)
        if state is None:
            return None
        mirror = Repository(self.home.mirror(definition.mirror_key), trusted=True)
        return Reached(definition.name, state, mirror, definition.url)


def unknown_source(name: str, known: list[str]) -> NotFound:
    hint = (
        did_you_mean(name, known)
        or f"There are: {', '.join(known)}. Add one with: treadle source add NAME URL"
    )
    return NotFound("source-not-found", f'there is no source "{name}"', hint)
