"""The notices that `registry.publishing.deprecate` writes, for each version that can be reached.

A search asks, too, and must not pay for git and YAML: what a commit says is kept beside the index, and made again
when it is of another commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.catalog.sources import OpenSource, Sources
from registry.errors import Unavailable
from registry.home import Home, write_private
from registry.index.database import SourceState
from registry.model import LIBRARY_SOURCE, Notice, NoticeKind, Notices, StepTemplate

if TYPE_CHECKING:
    from registry.library.origin import Origin

_FORMAT = 1


@dataclass
class NoticeLookup:
    """What is said about the templates that can be reached, as of the first question: every repository is read
    once."""

    sources: Sources
    _read: dict[str, Notices] = field(default_factory=dict)

    def about(
        self,
        source: str,
        slug: str,
        version: int,
        template: StepTemplate | None = None,
        origin: Origin | None = None,
    ) -> tuple[Notice, ...]:
        """The notices about one version: of its source, of the library, of its author, and, for a copy, about
        what it was copied from. Raises Invalid for notices that cannot be read."""
        found = [*self._said(source, slug, version)]
        if template is not None and template.deprecated:
            own = template.deprecated
            found.append(Notice(NoticeKind.DEPRECATED, own.reason, own.successor))
        if origin is not None:
            name, _, copied = origin.source.partition("/")
            found += self._said(name, copied, origin.version)
        return tuple(dict.fromkeys(found))

    def _said(self, source: str, slug: str, version: int) -> Iterator[Notice]:
        own = self._of(source).get(slug, ())
        ours = self._of(LIBRARY_SOURCE).get(f"{source}/{slug}", ())
        for notice in (*own, *ours):
            if not notice.versions or version in notice.versions:
                yield replace(notice, successor=_seen_from(source, notice.successor))

    def _of(self, name: str) -> Notices:
        if name not in self._read:
            source = self.sources.find(name) if name in self.sources.names() else None
            self._read[name] = _load(self.sources.home, source) if source else {}
        return self._read[name]


def _seen_from(source: str, successor: str | None) -> str | None:
    """A repository does not know what others call it: a successor of its own is a slug there."""
    return f"{source}/{successor}" if successor and "/" not in successor else successor


def notices_altered(home: Home, source: OpenSource) -> Path | None:
    """The file that keeps a source's notices, if it says something else than the source's commit."""
    cache = _cache_file(home, source)
    known = _cached(cache, source.state)
    altered = known is not None and source.git is not None and known != _read(source, source.git)
    return cache if altered else None


def _load(home: Home, source: OpenSource) -> Notices:
    if source.git is None:
        return {}
    cache = _cache_file(home, source)
    known = _cached(cache, source.state)
    if known is None:
        known = _read(source, source.git)
        with suppress(Unavailable):  # only a cache: whoever cannot write it reads the source again
            write_private(cache, _cache_bytes(source.state, known))
    return known


def _cache_file(home: Home, source: OpenSource) -> Path:
    return home.path / "notices" / f"{source.state.key}.json"


def _read(source: OpenSource, git: Path) -> Notices:
    from registry.git.repository import Repository
    from registry.library.notices import read_notices

    repository = Repository(git, trusted=source.mirrored)
    return read_notices(repository, source.state.commit, source.state.folder)


def _cached(cache: Path, state: SourceState) -> Notices | None:
    """What was kept for this very commit; None where there is nothing of use."""
    try:
        head, value = json.loads(cache.read_bytes())
        return None if head != _head(state) else {key: tuple(map(_notice, value[key])) for key in value}
    except (OSError, ValueError, TypeError):
        return None


def _notice(item: Sequence[Any]) -> Notice:
    standing, reason, successor, versions = item
    return Notice(NoticeKind(standing), reason, successor, tuple(versions))


def _cache_bytes(state: SourceState, notices: Notices) -> bytes:
    value = {
        key: [(item.standing, item.reason, item.successor, item.versions) for item in items]
        for key, items in notices.items()
    }
    return json.dumps([_head(state), value]).encode()


def _head(state: SourceState) -> list[object]:
    return [_FORMAT, state.folder, state.commit]
