"""What the site says: the templates of the catalog, each with its releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.catalog.catalog import Catalog
from registry.catalog.details import TemplateDetails
from registry.model import Notice, NoticeKind, Reference, StepTemplate

_PUBLIC = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a template.

    date: the ISO 8601 instant of its commit, None where the source has no history
    commit: the one that holds it, None likewise
    notices: what is said against it
    """

    version: int
    date: str | None
    commit: str | None
    notices: tuple[Notice, ...]

    @property
    def withdrawn(self) -> bool:
        """Whether nobody should begin to use it."""
        return bool(self.notices)

    @property
    def revoked(self) -> bool:
        return any(notice.standing is NoticeKind.REVOKED for notice in self.notices)

    @property
    def instant(self) -> float:
        """Seconds since 1970, to put releases in order; 0 for one without a date."""
        return datetime.fromisoformat(self.date).timestamp() if self.date else 0.0


@dataclass(frozen=True, slots=True)
class TemplateEntry:
    """A template of the site. `summary` is the first line of its description, `releases` are the newest first."""

    summary: str
    details: TemplateDetails
    releases: tuple[Release, ...]

    @property
    def template(self) -> StepTemplate:
        return self.details.template

    @property
    def source(self) -> str:
        return self.details.provenance.source

    @property
    def slug(self) -> str:
        return self.details.provenance.slug

    @property
    def reference(self) -> str:
        return f"{self.source}/{self.slug}"

    @property
    def version(self) -> int:
        return self.details.provenance.version

    @property
    def folder(self) -> str:
        """Where its pages are in the site. A slug holds no sign that means something in a path or an address."""
        return f"templates/{self.reference}"

    @property
    def repository(self) -> str | None:
        """The address of its source, if others can open it: paths of this machine are nobody's business."""
        url = self.details.provenance.url
        return url if url and url.startswith(_PUBLIC) else None


@dataclass(frozen=True, slots=True)
class Site:
    """All that the site shows. `url` is where it will be, ending in "/"; None where nobody said."""

    entries: tuple[TemplateEntry, ...]
    url: str | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that have a template here, in the order of the entries."""
        return tuple(dict.fromkeys(entry.source for entry in self.entries))

    def of(self, source: str) -> list[TemplateEntry]:
        return [entry for entry in self.entries if entry.source == source]

    def address(self, path: str) -> str | None:
        """The absolute address of a page, if the site's own is known."""
        return f"{self.url}{path}" if self.url else None


def read_site(catalog: Catalog, sources: Sequence[str] = (), url: str | None = None) -> Site:
    """The templates that these sources have now, of all that can be read if none is named.

    Raises NotFound for a source that there isn't, or that was never synced; Invalid for notices that cannot be read.
    """
    names = dict.fromkeys(sources or [source.name for source in catalog.open_sources()])
    return Site(tuple(entry for name in names for entry in _entries(catalog, name)), url)


def _entries(catalog: Catalog, source: str) -> list[TemplateEntry]:
    return [
        TemplateEntry(item.summary, details, _releases(details))
        for item in catalog.entries(source)
        if (details := catalog.show(Reference(source, item.slug)))
    ]


def _releases(details: TemplateDetails) -> tuple[Release, ...]:
    return tuple(
        Release(
            item.version,
            item.date,
            item.commit,
            details.notices
            if item.version == details.provenance.version
            else tuple(details.said.get(item.version, ())),
        )
        for item in details.versions
    )
