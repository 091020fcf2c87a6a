"""The use-cases of the registry: what the command line, the web and the planner call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from registry.configuration import source_definitions
from registry.home import Home
from registry.index import Index, Record
from registry.library import Library
from registry.model import Provenance, Reference, ResolvedTemplate
from registry.project import Project
from registry.reach import Reach, Reached
from registry.selection import TemplateHistory, histories, select
from registry.sources import SourceDefinition


class Catalog:
    """The templates that one project or user can reach. Close it, or use it as a context manager."""

    def __init__(self, home: Home, definitions: Mapping[str, SourceDefinition], library: Library) -> None:
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
        return cls(place, source_definitions(place, project, env), Library.at(folder))

    def close(self) -> None:
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- templates

    def resolve(self, reference: Reference) -> ResolvedTemplate:
        """Make a reference exact. Reads the index and one git object; never asks a remote.

        Raises NotFound (source, template or version; never synced), Conflict (a blob that fits several),
        Invalid or Untrusted (a template that can't be read).
        """
        source = self._reach.source(reference.source)
        history, record = self._select(source, reference)
        template = source.read(record).template
        return ResolvedTemplate(reference, template, _provenance(source, history, record))

    def _select(self, source: Reached, reference: Reference) -> tuple[TemplateHistory, Record]:
        candidates = histories(self._index, source, reference.slug)
        return select(candidates, reference, lambda record: source.read(record).template)


def _provenance(source: Reached, history: TemplateHistory, record: Record) -> Provenance:
    return Provenance(
        source=source.name,
        slug=history.slug,
        path=record.path,
        version=record.version,
        blob=record.id,
        commit=record.commit or None,
        url=source.url,
        ref=source.state.ref,
        author=record.author or None,
        date=record.date or None,
    )
