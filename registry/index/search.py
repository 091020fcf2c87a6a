"""Full-text search over the templates at the heads of the sources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry.errors import UserError
from registry.index.database import Entry, Index, entry_of
from registry.model import Notice

_FILTERS = """
    entry.source IN (SELECT value FROM json_each(:sources))
    AND (:category = '' OR lower(entry.category) = lower(:category))
    AND (:action_type = '' OR lower(entry.action_type) = lower(:action_type))
    AND (:syntax = '' OR ' ' || entry.syntaxes || ' ' LIKE '% ' || lower(:syntax) || ' %')"""

# The weights are those of the columns slug, name, category, description, parameters, script.
_MATCHING = f"""
    WITH match AS MATERIALIZED (
        SELECT rowid AS entry, bm25(entry_text, 10, 10, 5, 3, 2, 0.5) AS score
        FROM entry_text WHERE entry_text MATCH :words)
    SELECT source.name AS source_name, count(*) OVER () AS total, entry.*
    FROM match JOIN entry ON entry.id = match.entry JOIN source ON source.id = entry.source
    WHERE {_FILTERS}
    ORDER BY entry.slug = :slug DESC,
        entry.id IN (SELECT rowid FROM entry_text WHERE entry_text MATCH :name_words) DESC,
        score, entry.slug, source.name
    LIMIT :limit"""  # noqa: S608 - constants only

_ALL = f"""
    SELECT source.name AS source_name, count(*) OVER () AS total, entry.*
    FROM entry JOIN source ON source.id = entry.source WHERE {_FILTERS}
    ORDER BY entry.slug, source.name LIMIT :limit"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Filters:
    """Each one empty, or what an entry must have; upper and lower case are the same."""

    source: str = ""
    category: str = ""
    syntax: str = ""
    action_type: str = ""


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    `total` counts all hits, `hits` holds the best; `unsynced` names sources that have yet to be synced; `notices`
    are what is said against hits, by their references; `library_problem` is why the library was left out.
    """

    hits: tuple[Entry, ...]
    total: int
    unsynced: tuple[str, ...] = ()
    notices: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)
    library_problem: UserError | None = None


def search_entries(
    index: Index, sources: Sequence[int], query: str, filters: Filters, limit: int
) -> tuple[tuple[Entry, ...], int]:
    """The best `limit` entries of `sources` that hold every word of `query`, or words that begin so, and how
    many there are in all.

    A template whose slug is the query comes first, then those whose name or slug hold all words, then by
    relevance. Without a word in the query all match, in order of their slugs.
    """
    query = _well_formed(query)
    words = re.findall(r"\w+", query.casefold())
    expression = " AND ".join(f'"{word}"*' for word in words)
    values = {
        "sources": json.dumps(list(sources)),
        "category": _well_formed(filters.category),
        "action_type": _well_formed(filters.action_type),
        "syntax": _well_formed(filters.syntax),
        "words": expression,
        "name_words": f"{{slug name}} : ({expression})",
        "slug": query.strip().casefold(),
        "limit": limit,
    }
    rows = index.connection.execute(_MATCHING if words else _ALL, values).fetchall()
    return tuple(index.connection.read(rows, entry_of)), rows[0]["total"] if rows else 0


def _well_formed(text: str) -> str:
    """A word of the command line that is not UTF-8, with U+FFFD for what no database holds."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
