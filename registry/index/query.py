"""What the words of a search look for: themselves, their synonyms, and where nothing has them, what is nearest."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence

# Words for one thing, as people who deploy write them. A phrase counts as one.
_SYNONYMS = (
    ("k8s", "kubernetes"),
    ("db", "database"),
    ("postgres", "postgresql"),
    ("mssql", "sqlserver", "sql server"),
    ("mongo", "mongodb"),
    ("pwsh", "powershell"),
    ("py", "python"),
    ("js", "javascript"),
    ("nodejs", "node js"),
    ("tf", "terraform"),
    ("aws", "amazon"),
    ("gcp", "google cloud"),
    ("vm", "virtual machine"),
    ("lb", "load balancer"),
    ("cert", "certificate"),
    ("ssl", "tls"),
    ("url", "uri"),
    ("dir", "directory", "folder"),
    ("repo", "repository"),
    ("env", "environment"),
    ("config", "configuration"),
    ("auth", "authentication"),
    ("msg", "message"),
    ("notify", "notification"),
    ("remove", "delete"),
)
_SAME: Mapping[str, Sequence[str]] = {word: group for group in _SYNONYMS for word in group}

_SHORT = 4
_SHORTEST_TYPO = 4
_TWO_SLIPS = 6
_VOCABULARY = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, entry_text, col)"


def query_words(query: str) -> list[str]:
    """The words of a query, as the index has them."""
    return re.findall(r"\w+", query.casefold())


def match_expression(words: Sequence[str]) -> str:
    """All words or their synonyms, in full or as a beginning, in SQLite's language for full-text search."""
    terms = []
    rest = list(words)
    while rest:
        size = 2 if " ".join(rest[:2]) in _SAME and len(rest) > 1 else 1
        terms.append(_alternatives(" ".join(rest[:size])))
        del rest[:size]
    return " AND ".join(terms)


def _alternatives(term: str) -> str:
    """What was typed may be a beginning; a short synonym is a whole word, or "folder" would find "direct"."""
    begins = (
        f'"{word}"' + (" *" if word == term or len(word) > _SHORT else "")
        for word in _SAME.get(term, (term,))
    )
    return f"({' OR '.join(begins)})"


def corrected(connection: sqlite3.Connection, words: Sequence[str]) -> Mapping[str, str]:
    """For words that no template has, the nearest that some have; names count more than descriptions."""
    strange = [word for word in dict.fromkeys(words) if not _is_known(connection, word)]
    if not strange:
        return {}
    connection.execute(_VOCABULARY)
    nearest = {word: _nearest(connection, word) for word in strange}
    return {word: near for word, near in nearest.items() if near}


def _is_known(connection: sqlite3.Connection, word: str) -> bool:
    question = "SELECT 1 FROM entry_text WHERE entry_text MATCH ? LIMIT 1"
    return connection.execute(question, (match_expression([word]),)).fetchone() is not None


def _nearest(connection: sqlite3.Connection, word: str) -> str | None:
    if len(word) < _SHORTEST_TYPO:
        return None
    # Nearly every word of four letters is one letter from another: a wrong letter is not a slip there.
    slips = 2 if len(word) >= _TWO_SLIPS else 1
    rows = connection.execute(
        """SELECT term, max(col IN ('slug', 'name', 'category')) AS named, max(doc) FROM temp.vocabulary
           WHERE col != 'script' AND length(term) BETWEEN ? AND ? GROUP BY term""",
        (len(word) - slips, len(word) + slips),
    )
    near = (
        (distance, -named, -templates, term)
        for term, named, templates in rows
        if (distance := slip_count(word, term, slips)) <= slips
        and (len(word) != len(term) or len(word) > _SHORTEST_TYPO or sorted(word) == sorted(term))
    )
    best = min(near, default=None)
    return best[3] if best else None


def slip_count(one: str, two: str, most: int) -> int:
    """How many letters are wrong, missing, too many, or swapped with their neighbour (the optimal string alignment
    distance); more than `most` may be said as any number above it."""
    if abs(len(one) - len(two)) > most:
        return most + 1
    before, last = list[int](), list(range(len(two) + 1))
    for row, letter in enumerate(one, start=1):
        line = [row]
        for column, other in enumerate(two, start=1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == two[column - 2] and one[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        if min(line) > most:
            return most + 1
        before, last = last, line
    return last[-1]
