"""Full-text search over the templates at the heads of the sources."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from registry.errors import NotFound, UserError
from registry.index.database import Index
from registry.index.entry import Entry, entry_of
from registry.index.query import corrected, match_expression, query_words
from registry.model import Notice
from registry.suggest import close_to
from registry.template.platform import Platform

_FILTERS = """
    entry.source IN (SELECT value FROM json_each(:sources))
    AND (:categories = '[]' OR fold(entry.category) IN (SELECT value FROM json_each(:categories)))
    AND (:action_types = '[]' OR fold(entry.action_type) IN (SELECT value FROM json_each(:action_types)))
    AND (:syntaxes = '[]' OR EXISTS (SELECT 1 FROM json_each(:syntaxes)
        WHERE instr(' ' || entry.syntaxes || ' ', ' ' || value || ' ')))
    AND (:platforms = '[]' OR entry.platform IN (SELECT value FROM json_each(:platforms)))
    AND (NOT :runnable OR (entry.obstacle = '' AND entry.platform != 'windows-only'))"""

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
        score, entry.slug COLLATE NOCASE, source.name
    LIMIT :limit"""  # noqa: S608 - constants only

_ALL = f"""
    SELECT source.name AS source_name, count(*) OVER () AS total, entry.*
    FROM entry JOIN source ON source.id = entry.source WHERE {_FILTERS}
    ORDER BY entry.slug COLLATE NOCASE, source.name LIMIT :limit"""  # noqa: S608 - constants only

_NO_LIMIT = -1
_LISTED = 12
_PLATFORMS = tuple(platform.value for platform in Platform)
# Languages that a script may have although no template at hand does.
_LANGUAGES = ("bash", "csharp", "fsharp", "powershell", "python", "sh")


@dataclass(frozen=True, slots=True)
class Filters:
    """What an entry must have: of each kind any of the values, whatever their case; with no value, anything.

    platform: values of `registry.template.platform.Platform`
    runnable: only what can run
    """

    source: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    syntax: tuple[str, ...] = ()
    action_type: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    runnable: bool = False


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Matches:
    """The best entries, how many there are in all, and the words that were searched in place of misspelt ones."""

    hits: tuple[Entry, ...]
    total: int
    corrections: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    hits: the best entries
    total: how many there are in all
    unsynced: the sources that have yet to be synced
    notices: what is said against hits, by their references
    library_problem: why the library was left out
    corrections: misspelt words, each with the one that was searched instead
    """

    hits: tuple[Entry, ...]
    total: int
    unsynced: tuple[str, ...] = ()
    notices: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)
    library_problem: UserError | None = None
    corrections: Mapping[str, str] = field(default_factory=dict)


Facets = Mapping[str, Mapping[str, int]]
"""By the name of a filter (`source`, `category`, `syntax`, `action_type`, `platform`, `runnable`): how many entries
have each value, the most frequent first. The values of `runnable` are `yes` and `no`."""


def search_entries(index: Index, sources: Sequence[int], query: str, filters: Filters, limit: int) -> Matches:
    """The best `limit` entries of `sources` that hold every word of `query`, or words that begin so.

    A template whose slug is the query comes first, then those whose name or slug hold all words, then by
    relevance. Without a word in the query all match, in order of their slugs. Where nothing matches, words that no
    template has are corrected. Raises NotFound for a filter's value that no template has.
    """
    query = _well_formed(query)
    _check_filters(index, sources, filters)
    words = query_words(query)
    found = _matches(index, sources, words, query, filters, limit)
    if found.hits or not words:
        return found
    corrections = corrected(index.connection, words)
    meant = [corrections.get(word, word) for word in words]
    again = _matches(index, sources, meant, "", filters, limit) if corrections else found
    return Matches(again.hits, again.total, corrections)


def facet_counts(index: Index, sources: Sequence[int], query: str, filters: Filters) -> Facets:
    """What the entries that a search finds have in common. Raises as `search_entries`."""
    return _facets(search_entries(index, sources, query, filters, _NO_LIMIT).hits)


def _matches(
    index: Index, sources: Sequence[int], words: Sequence[str], query: str, filters: Filters, limit: int
) -> Matches:
    expression = match_expression(words)
    values = {
        "sources": json.dumps(list(sources)),
        "categories": _folded(filters.category),
        "action_types": _folded(filters.action_type),
        "syntaxes": _folded(filters.syntax),
        "platforms": _folded(filters.platform),
        "runnable": filters.runnable,
        "words": expression,
        "name_words": f"{{slug name}} : ({expression})",
        "slug": query.strip().casefold(),
        "limit": limit,
    }
    index.connection.create_function("fold", 1, str.casefold, deterministic=True)
    rows = index.connection.execute(_MATCHING if words else _ALL, values).fetchall()
    return Matches(tuple(index.connection.read(rows, entry_of)), rows[0]["total"] if rows else 0)


def _folded(values: Sequence[str]) -> str:
    return json.dumps([_well_formed(value).casefold() for value in values], ensure_ascii=False)


def _well_formed(text: str) -> str:
    """A word of the command line that is not UTF-8, with U+FFFD for what no database holds."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


# --- facets


def _facets(entries: Sequence[Entry]) -> Facets:
    return {
        "source": _counted(entry.source for entry in entries),
        "category": _counted(entry.category for entry in entries),
        "syntax": _counted(syntax for entry in entries for syntax in entry.syntaxes),
        "action_type": _counted(entry.action_type for entry in entries),
        "platform": _counted(entry.verdict.platform for entry in entries if entry.verdict),
        "runnable": _counted("yes" if entry.runnable else "no" for entry in entries),
    }


def _counted(values: Iterator[str]) -> Mapping[str, int]:
    """The values, whose spellings in upper and lower case are one, with their numbers."""
    spellings = Counter(values)
    numbers: Counter[str] = Counter()
    written: dict[str, str] = {}
    for value, number in spellings.most_common():
        numbers[written.setdefault(value.casefold(), value)] += number
    return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0].casefold())))


def _check_filters(index: Index, sources: Sequence[int], filters: Filters) -> None:
    """Raises NotFound for a value that no template has, with the nearest, or those that there are."""
    languages = (value for value in filters.syntax if value.casefold() not in _LANGUAGES)
    alone = [
        *(("category", value, Filters(category=(value,))) for value in filters.category),
        *(("syntax", value, Filters(syntax=(value,))) for value in languages),
        *(("action_type", value, Filters(action_type=(value,))) for value in filters.action_type),
        *(
            ("platform", value, Filters(platform=(value,)))
            for value in filters.platform
            if value.casefold() not in _PLATFORMS
        ),
    ]
    for name, value, wanted in alone:
        if not _matches(index, sources, (), "", wanted, 1).hits:
            facets = _facets(_matches(index, sources, (), "", NO_FILTERS, _NO_LIMIT).hits)
            raise _unknown_value(name.replace("_", " "), value, facets[name])


def _unknown_value(name: str, value: str, counts: Mapping[str, int]) -> NotFound:
    message = f'no template has the {name} "{value}"'
    close = close_to(value, counts) if value.strip() else []
    if close:
        return NotFound("filter-value-unknown", message, f'Did you mean "{close[0]}" ({counts[close[0]]:,})?')
    listed = [f"{known} ({number:,})" for known, number in counts.items()]
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    hint = f"There are: {', '.join(listed[:_LISTED])}{more}." if listed else None
    return NotFound("filter-value-unknown", message, hint)
