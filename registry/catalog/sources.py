"""The sources a command can reach, each with its index up to date and a way to read contents.

What parses templates or runs git is imported where it is needed: a search needs neither.

Three kinds look the same from here: git mirrors, the library (a git repository read in place, at its HEAD), and the
built-in templates (plain files).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import Conflict, NotFound
from registry.home import Home, library_key, real_path
from registry.index.database import Index, IndexedContent, SourceState
from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE, TemplateForm
from registry.project.source_definition import SourceDefinition, unknown_source
from registry.resources import builtin_templates
from registry.template.builtin import builtin_files, builtin_slugs, fingerprint, read_builtin

if TYPE_CHECKING:
    from registry.library.library import Library
    from registry.template.document import TemplateDocument


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source that can be read. `git` is where its repository is, and `mirrored` says that Treadle made it;
    None for the built-in templates, as is `url`."""

    name: str
    state: SourceState
    git: Path | None
    url: str | None
    mirrored: bool = False

    def read(self, record: IndexedContent) -> TemplateDocument:
        """The document that a record of this source names. Raises Invalid or Untrusted."""
        if self.git is not None:
            from registry.git.repository import Repository
            from registry.index.content import read_content

            return read_content(Repository(self.git, trusted=self.mirrored), record)
        template = read_builtin(builtin_templates(), record.slug)
        if template.id != record.id:
            raise Conflict("builtin-changed", f'"{BUILTIN_SOURCE}/{record.slug}" changed while it was read')
        return template.document

    def read_files(self, record: IndexedContent) -> dict[str, bytes]:
        """The files of a template folder as they lie in the source, byte for byte; of a JSON document those that
        its folder would have. Raises as `read`."""
        document = self.read(record)
        if record.shape is TemplateForm.JSON:
            from registry.template.document import to_folder

            return to_folder(document)
        if self.git is None:
            return builtin_files(builtin_templates(), record.slug)
        from registry.git.repository import Repository
        from registry.index.content import read_folder_files

        return read_folder_files(Repository(self.git, trusted=self.mirrored), record.id)


@dataclass(frozen=True)
class Sources:
    """All sources of one project or user, by name."""

    home: Home
    index: Index
    definitions: Mapping[str, SourceDefinition]
    library_folder: Path

    @cached_property
    def library(self) -> Library:
        from registry.library.library import Library

        return Library.at(self.library_folder, alone=self.library_folder == self.home.library)

    def names(self) -> list[str]:
        return [BUILTIN_SOURCE, LIBRARY_SOURCE, *self.definitions]

    def source(self, name: str) -> OpenSource:
        """The source of that name. Raises NotFound where there is none, or it was never synced."""
        found = self.find(name)
        if found is not None:
            return found
        if name == LIBRARY_SOURCE:
            raise NotFound(
                "library-empty",
                "the library has no templates yet",
                hint="Fill it with `treadle import community/SLUG`.",
            )
        raise NotFound(
            "source-not-synced",
            f'source "{name}" has not been synced yet',
            hint=f"Run `treadle source sync {name}`.",
        )

    def find(self, name: str) -> OpenSource | None:
        """As `source`, but None for a source that is there and has nothing to read yet."""
        if name == BUILTIN_SOURCE:
            return self._builtin()
        if name == LIBRARY_SOURCE:
            return self._library()
        if name in self.definitions:
            return self._mirrored(self.definitions[name])
        raise unknown_source(name, self.names())

    def _builtin(self) -> OpenSource:
        folder = builtin_templates()
        current = fingerprint(folder)
        state = self.index.source(BUILTIN_SOURCE)
        if state is None or state.commit != current:
            from registry.index.writer import IndexTarget, index_documents

            templates = [read_builtin(folder, slug) for slug in builtin_slugs(folder)]
            index_documents(
                self.index, IndexTarget(BUILTIN_SOURCE, BUILTIN_SOURCE, None, "", current), templates
            )
            state = self.index.source(BUILTIN_SOURCE)
        assert state is not None
        return OpenSource(BUILTIN_SOURCE, state, None, None)

    def _library(self) -> OpenSource | None:
        known = self.index.source(library_key(real_path(self.library_folder)))
        if known is None and not self.library_folder.is_dir():
            return None  # nothing was ever in it
        library = self.library
        state = library_state(self.index, library)
        return (
            OpenSource(LIBRARY_SOURCE, state, library.repository.folder, str(library.folder))
            if state
            else None
        )

    def _mirrored(self, definition: SourceDefinition) -> OpenSource | None:
        state = self.index.source(definition.index_key)
        if state is None:
            from registry.catalog.sync import reindex

            state = reindex(self.home, self.index, definition)
        if state is None:
            return None
        mirror = self.home.mirror(definition.mirror_key)
        return OpenSource(definition.name, state, mirror, definition.url, mirrored=True)


def library_state(index: Index, library: Library, commit: str | None = None) -> SourceState | None:
    """The index of the library at `commit`, its head if not given; None for a library without a commit."""
    head = commit or library.head()
    if head is None:
        return None
    state = index.source(library.index_key)
    if state is None or state.commit != head or state.folder != library.prefix:
        from registry.index.writer import IndexTarget, index_repository

        library.refuse_missing_checkout()
        target = IndexTarget(library.index_key, LIBRARY_SOURCE, None, library.prefix, head)
        index_repository(index, library.repository, target)
        state = index.source(library.index_key)
    return state
