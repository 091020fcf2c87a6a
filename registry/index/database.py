"""The version index: every version that was ever committed to a source, in one SQLite file.

A cache: everything in it can be read from git again, so another format, or a damaged file, is thrown away.
Facts are appended (what the source's branch, or a branch merged into it, held at which commit); "version 12"
is a question asked of them: the last content under that number on the first-parent line. The others under
that number are its variants.

A writer changes everything that belongs to one sync in one transaction: a reader, or a crash, sees the old
index or the new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from registry.errors import UserError
from registry.home import make_folder
from registry.index.connection import IndexConnection, IndexDamagedError, connect, discard_index
from registry.index.entry import Entry, entry_of
from registry.model import TemplateForm

T = TypeVar("T")

INDEX_FORMAT = 6
UNREADABLE = "unreadable"
REFUSED = "refused"

_SCHEMA = """
CREATE TABLE source (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, ref TEXT, folder TEXT NOT NULL,
    commit_id TEXT NOT NULL, synced TEXT NOT NULL);
CREATE TABLE lineage (
    source INTEGER NOT NULL, number INTEGER NOT NULL, path TEXT NOT NULL, slug TEXT NOT NULL,
    alive INTEGER NOT NULL, PRIMARY KEY (source, number)) WITHOUT ROWID;
CREATE INDEX lineage_slug ON lineage (source, slug);
CREATE TABLE path (
    source INTEGER NOT NULL, path TEXT NOT NULL, lineage INTEGER NOT NULL,
    PRIMARY KEY (source, path)) WITHOUT ROWID;
CREATE TABLE content (
    seq INTEGER PRIMARY KEY, source INTEGER NOT NULL, lineage INTEGER NOT NULL, version INTEGER NOT NULL,
    guid TEXT NOT NULL, id TEXT NOT NULL, path TEXT NOT NULL, slug TEXT NOT NULL, shape TEXT NOT NULL,
    commit_id TEXT NOT NULL, author TEXT NOT NULL, date TEXT NOT NULL, main INTEGER NOT NULL);
CREATE INDEX content_lineage ON content (source, lineage, version);
CREATE INDEX content_slug ON content (source, slug);
CREATE TABLE finding (
    source INTEGER NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, id TEXT NOT NULL,
    commit_id TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (source, kind, path, id)) WITHOUT ROWID;
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, lineage INTEGER NOT NULL, slug TEXT NOT NULL,
    name TEXT NOT NULL, category TEXT NOT NULL, action_type TEXT NOT NULL, syntaxes TEXT NOT NULL,
    summary TEXT NOT NULL, version INTEGER NOT NULL, guid TEXT NOT NULL, content TEXT NOT NULL,
    obstacle TEXT NOT NULL, platform TEXT NOT NULL, verdict TEXT NOT NULL, UNIQUE (source, lineage));
CREATE VIRTUAL TABLE entry_text USING fts5 (
    slug, name, category, description, parameters, script, tokenize = "unicode61 remove_diacritics 2",
    prefix = '2 3');
"""


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as it was last read. `folder` is where in the repository, `synced` an ISO 8601 instant."""

    id: int
    key: str
    name: str
    ref: str | None
    folder: str
    commit: str
    synced: str


@dataclass(frozen=True, slots=True)
class SourceFinding:
    """Something that a source holds and that is not taken.

    `kind` is `unreadable` (a content somewhere in history; `id` is its blob) or `refused` (at the head).
    """

    kind: str
    path: str
    id: str
    commit: str
    reason: str


@dataclass(frozen=True, slots=True)
class IndexedContent:
    """One content of a template, and what it says of itself. `slug` is the one it had then."""

    lineage: int
    version: int
    guid: str
    id: str
    path: str
    slug: str
    shape: TemplateForm
    commit: str
    author: str
    date: str
    main: bool


@dataclass(frozen=True, slots=True)
class IndexedLineage:
    """A template's identity in the index; `slug` is the last it had, `alive` whether it is at the head."""

    number: int
    slug: str
    alive: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """`templates` at the head; `versions`: distinct (template, number) on the first-parent line, deleted
    templates included; `contents`: distinct contents under any number; `unreadable`, `refused`: findings."""

    templates: int
    versions: int
    contents: int
    unreadable: int
    refused: int

    @property
    def variants(self) -> int:
        return self.contents - self.versions


class Index:
    """The index file. Opening creates it, and replaces one of another format.

    Opening and every method raises IndexDamagedError where the file turns out to be damaged, Unavailable where the
    disk is full, read-only or failing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = self._open()

    def close(self) -> None:
        self._connection.close()

    @property
    def connection(self) -> IndexConnection:
        """For `registry.index.search`, which asks its own questions."""
        return self._connection

    def _open(self) -> IndexConnection:
        make_folder(self._path.parent)
        connection = connect(self._path)
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, INDEX_FORMAT):
            connection.close()
            discard_index(self._path)
            return self._open()
        if found == 0:
            _create(connection)
        return connection

    def check(self) -> None:
        """Let SQLite look at every page, and see whether all tables are there. Raises IndexDamagedError."""
        found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise IndexDamagedError(self._path, found)
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
            _create(fresh)
            if _tables(fresh) != _tables(self._connection):
                raise IndexDamagedError(self._path, "its tables are not those of an index")

    def _one(self, row: sqlite3.Row | None, convert: Callable[[sqlite3.Row], T]) -> T | None:
        return None if row is None else self._connection.read([row], convert)[0]

    # --- sources

    def source(self, key: str) -> SourceState | None:
        row = self._connection.execute("SELECT * FROM source WHERE key = ?", (key,)).fetchone()
        return self._one(row, _state)

    def forget(self, key: str) -> None:
        """Drop everything known of a source."""
        with self.transaction() as connection:
            if state := self.source(key):
                clear_source(connection, state.id)
                connection.execute("DELETE FROM source WHERE id = ?", (state.id,))

    def counts(self, source: int) -> Counts:
        def count(question: str) -> int:
            return int(self._connection.execute(question, (source,)).fetchone()[0])

        return Counts(
            templates=count("SELECT count(*) FROM entry WHERE source = ?"),
            versions=count(
                "SELECT count(DISTINCT lineage || ' ' || version) FROM content WHERE source = ? AND main"
            ),
            contents=count(
                "SELECT count(DISTINCT lineage || ' ' || version || ' ' || id) FROM content WHERE source = ?"
            ),
            unreadable=count("SELECT count(*) FROM finding WHERE source = ? AND kind = 'unreadable'"),
            refused=count("SELECT count(*) FROM finding WHERE source = ? AND kind = 'refused'"),
        )

    def findings(self, source: int) -> list[SourceFinding]:
        rows = self._connection.execute(
            "SELECT kind, path, id, commit_id, reason FROM finding WHERE source = ? ORDER BY kind, path, id",
            (source,),
        )
        return self._connection.read(rows, lambda row: SourceFinding(*row))

    # --- templates

    def lineages_named(self, source: int, slug: str) -> list[IndexedLineage]:
        """Lineages that `slug` can mean, best first: the template that has the name, deleted ones that had it
        last, then those that were renamed since."""
        rows = self._connection.execute(
            """SELECT lineage.number, lineage.slug, lineage.alive, lineage.slug = :slug AS named FROM lineage
               WHERE source = :source AND (slug = :slug OR number IN
                   (SELECT content.lineage FROM content WHERE source = :source AND slug = :slug AND main))
               ORDER BY named DESC, alive DESC, number DESC""",
            {"source": source, "slug": slug},
        )
        return self._connection.read(rows, _lineage)

    def entries(self, source: int) -> list[Entry]:
        """The templates at the head, by slug."""
        rows = self._connection.execute(
            """SELECT source.name AS source_name, entry.* FROM entry JOIN source ON source.id = entry.source
               WHERE source.id = ? ORDER BY slug""",
            (source,),
        )
        return self._connection.read(rows, entry_of)

    def sources_with(self, sources: Sequence[int], slug: str) -> list[int]:
        """Those of the sources whose head has a template of that slug."""
        question = "SELECT source FROM entry WHERE slug = ?"
        having = {row[0] for row in self._connection.execute(question, (slug,))}
        return [source for source in sources if source in having]

    def slugs(self, source: int) -> list[str]:
        """The slugs of the templates at the head."""
        question = "SELECT slug FROM entry WHERE source = ? ORDER BY slug"
        return [row[0] for row in self._connection.execute(question, (source,))]

    def head_record(self, source: int, slug: str) -> IndexedContent | None:
        """The newest readable content of the template that has `slug` at the head."""
        row = self._connection.execute(
            """SELECT content.* FROM entry JOIN content ON content.source = entry.source
               AND content.lineage = entry.lineage AND content.id = entry.content
               WHERE entry.source = ? AND entry.slug = ? ORDER BY seq DESC LIMIT 1""",
            (source, slug),
        ).fetchone()
        return self._one(row, _record)

    def stored_verdict(self, source: int, content: str) -> str | None:
        """The verdict of a content at the head, as `Entry` has it; None for one that is not there."""
        question = "SELECT verdict FROM entry WHERE source = ? AND content = ?"
        row = self._connection.execute(question, (source, content)).fetchone()
        return str(row[0]) if row else None

    def records(self, source: int, lineage: int) -> list[IndexedContent]:
        """All contents of a template, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM content WHERE source = ? AND lineage = ? ORDER BY seq", (source, lineage)
        )
        return self._connection.read(rows, _record)

    def all_facts(self, source: int) -> list[tuple[object, ...]]:
        """Every fact about a source, in an order of their own: equal for two indexes that say the same."""
        questions = (
            """SELECT lineage, version, guid, id, path, slug, shape, commit_id, author, date, main FROM content
               WHERE source = ? ORDER BY lineage, main, date, commit_id, version, id, path""",
            "SELECT number, path, slug, alive FROM lineage WHERE source = ? ORDER BY number",
            """SELECT lineage, slug, name, category, action_type, syntaxes, summary, version, guid, content,
               obstacle, platform, verdict FROM entry WHERE source = ? ORDER BY lineage""",
        )
        return [tuple(row) for question in questions for row in self._connection.execute(question, (source,))]

    def present_slug(self, source: int, lineage: int) -> str:
        """The last name a template had."""
        question = "SELECT slug FROM lineage WHERE source = ? AND number = ?"
        return str(self._connection.execute(question, (source, lineage)).fetchone()[0])

    def records_of_blob(self, source: int, content: str) -> list[IndexedContent]:
        """Where a content was ever held by a template of the source, the main line first."""
        rows = self._connection.execute(
            "SELECT * FROM content WHERE source = ? AND id = ? ORDER BY main DESC, seq DESC",
            (source, content),
        )
        return self._connection.read(rows, _record)

    @contextmanager
    def transaction(self) -> Iterator[IndexConnection]:
        """For writers: all or nothing, one at a time."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite may have rolled back itself, on a full disk say: that must not hide the cause.
            with suppress(UserError, IndexDamagedError, sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {INDEX_FORMAT}")
    connection.execute("COMMIT")


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return [tuple(row) for row in connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name")]


def clear_source(connection: IndexConnection, source: int) -> None:
    """Delete everything that was indexed of a source."""
    connection.execute(
        "DELETE FROM entry_text WHERE rowid IN (SELECT id FROM entry WHERE source = ?)", (source,)
    )
    for table in ("entry", "content", "lineage", "path", "finding"):
        connection.execute(f"DELETE FROM {table} WHERE source = ?", (source,))  # noqa: S608 - fixed names


def head_records(connection: IndexConnection, source: int) -> list[IndexedContent]:
    """The newest readable content on the first-parent line of every template at the head."""
    rows = connection.execute(
        """SELECT content.*, max(seq) FROM content JOIN lineage
           ON lineage.source = content.source AND lineage.number = content.lineage
           WHERE content.source = ? AND main AND alive GROUP BY content.lineage""",
        (source,),
    )
    return connection.read(rows, _record)


def _lineage(row: sqlite3.Row) -> IndexedLineage:
    return IndexedLineage(row["number"], row["slug"], bool(row["alive"]))


def _state(row: sqlite3.Row) -> SourceState:
    return SourceState(*(row[name] for name in ("id", "key", "name", "ref", "folder", "commit_id", "synced")))


def _record(row: sqlite3.Row) -> IndexedContent:
    return IndexedContent(
        lineage=row["lineage"],
        version=row["version"],
        guid=row["guid"],
        id=row["id"],
        path=row["path"],
        slug=row["slug"],
        shape=TemplateForm(row["shape"]),
        commit=row["commit_id"],
        author=row["author"],
        date=row["date"],
        main=bool(row["main"]),
    )
