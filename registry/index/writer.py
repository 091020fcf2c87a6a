"""Writing the version index: one sync, one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.errors import Invalid, Unavailable, UserError
from registry.git.command import GitFailedError
from registry.git.objects import FILE_MODES, SYMLINK_MODE, Commit, TreeEntry
from registry.git.repository import Repository
from registry.index.connection import IndexConnection
from registry.index.content import read_contents, size_problem
from registry.index.database import (
    REFUSED,
    UNREADABLE,
    Index,
    SourceFinding,
    clear_source,
    head_records,
)
from registry.index.header import NotATemplateError, TemplateId, read_header
from registry.index.lineage import (
    FOLDER_FILE,
    Content,
    History,
    Lineage,
    Location,
    continues,
    locate,
)
from registry.model import LIBRARY_SOURCE, StepTemplate, TemplateForm, is_slug
from registry.template.builtin import BuiltinTemplate
from registry.template.octopus import syntaxes
from registry.template.platform import template_verdict
from registry.template.runnable import obstacle

_KNOWN = "SELECT lineage, id FROM content WHERE source = ?"
_ADD_LINEAGE = "INSERT OR REPLACE INTO lineage VALUES (?, ?, ?, ?, ?)"
_ADD_CONTENT = "INSERT INTO content VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SCRIPT_KEYS = ("ScriptBody", "CustomScripts.")


@dataclass(frozen=True, slots=True)
class IndexTarget:
    """What to index: `folder` of `commit`, where `ref` points, for the source of this key and name."""

    key: str
    name: str
    ref: str | None
    folder: str
    commit: str


@dataclass(frozen=True, slots=True)
class IndexChanges:
    """What a sync changed at the head: slugs, each in order."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def index_repository(
    index: Index,
    repository: Repository,
    target: IndexTarget,
    *,
    allow_empty: bool = True,
    again: bool = False,
) -> IndexChanges:
    """Bring the index of one source up to `target`: from where it was, or from the beginning when the branch
    was rewritten, the folder is another, nothing was there, or it is to be read `again`.

    Raises Invalid, and leaves the index as it was, for a source that never held a template, unless that is
    allowed.
    """
    with index.transaction() as connection:
        known = index.source(target.key)
        before = {item.slug: item.content for item in index.entries(known.id)} if known else {}
        since = known.commit if known and known.folder == target.folder else None
        if again:
            since = None
        elif since == target.commit:
            return IndexChanges()
        writer = _Writer(connection, repository, _begin(connection, target))
        try:
            writer.write(target, since)
        except GitFailedError as error:
            raise _damaged(target.name, error.reason) from error
        if not allow_empty and index.counts(writer.source).contents == 0:
            raise _no_templates(target, index.findings(writer.source))
        after = {item.slug: item.content for item in index.entries(writer.source)}
    return _compare(before, after)


def mark_synced(index: Index, target: IndexTarget) -> None:
    """Note that a source was asked just now, whether there was anything new or not."""
    with index.transaction() as connection:
        connection.execute("UPDATE source SET synced = ? WHERE key = ?", (_now(), target.key))


def index_documents(index: Index, target: IndexTarget, templates: Sequence[BuiltinTemplate]) -> None:
    """Index the built-in templates anew. They have one version each, and no history."""
    with index.transaction() as connection:
        source = _begin(connection, target)
        clear_source(connection, source)
        writer = _Entries(connection, source)
        for number, item in enumerate(templates, start=1):
            template, path = item.document.template, f"{item.slug}/{FOLDER_FILE}"
            place = Location(item.slug, TemplateForm.FOLDER, item.slug)
            content = Content(number, item.id, place, "", "", "", main=True)
            header = TemplateId(template.id, template.version)
            connection.execute(_ADD_LINEAGE, (source, number, path, item.slug, True))
            connection.execute(_ADD_CONTENT, _row(source, content, header))
            writer.enter(item.slug, number, item.id, template)
        _finish(connection, source, target)


def _finish(connection: IndexConnection, source: int, target: IndexTarget) -> None:
    connection.execute(
        "UPDATE source SET ref = ?, folder = ?, commit_id = ?, synced = ? WHERE id = ?",
        (target.ref, target.folder, target.commit, _now(), source),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _begin(connection: IndexConnection, target: IndexTarget) -> int:
    connection.execute(
        "INSERT OR IGNORE INTO source (key, name, folder, commit_id, synced) VALUES (?, ?, '', '', '')",
        (target.key, target.name),
    )
    return int(connection.execute("SELECT id FROM source WHERE key = ?", (target.key,)).fetchone()[0])


def _damaged(name: str, reason: str) -> Unavailable:
    fetched = f"Fetch it again: `treadle source sync {name} --again`."
    remedy = "Restore it from a clone." if name == LIBRARY_SOURCE else fetched
    return Unavailable(
        "repository-damaged",
        f'the repository of source "{name}" is damaged: {reason}',
        hint=f"See `treadle verify`. {remedy}",
    )


def _no_templates(target: IndexTarget, findings: Sequence[SourceFinding]) -> Invalid:
    where = f'folder "{target.folder}"' if target.folder else "root folder"
    unreadable = f" What looks like one cannot be read: {findings[0].reason}." if findings else ""
    return Invalid(
        "no-templates",
        f'source "{target.name}" has no templates in its {where}.{unreadable}',
        hint="Name the folder that holds them with --path when you add the source.",
    )


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> IndexChanges:
    return IndexChanges(
        added=tuple(sorted(after.keys() - before.keys())),
        updated=tuple(sorted(slug for slug in after.keys() & before.keys() if after[slug] != before[slug])),
        removed=tuple(sorted(before.keys() - after.keys())),
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """One source being written, inside of a transaction."""

    connection: IndexConnection
    repository: Repository
    source: int

    def write(self, target: IndexTarget, since: str | None) -> None:
        commits = self._commits_since(target, since) if since else None
        if commits is None:
            clear_source(self.connection, self.source)
            commits = self.repository.history(target.commit, None, target.folder)
        history = self._load(target.folder)
        contents = history.extend(commits)
        self._save(history)
        self._append(contents)
        self._describe({item.lineage for item in contents}, history)
        self._refuse(target)
        _finish(self.connection, self.source, target)

    def _commits_since(self, target: IndexTarget, since: str) -> list[Commit] | None:
        """What came after `since`; None when the branch does not go on from there."""
        if self.repository.commit_of(since) is None:
            return None
        commits = self.repository.history(target.commit, since, target.folder)
        return commits if continues(commits, since) else None

    def _load(self, folder: str) -> History:
        lineages = self._rows("SELECT number, path, alive FROM lineage WHERE source = ?")
        owners = self._rows("SELECT path, lineage FROM path WHERE source = ?")
        return History(
            folder,
            {number: Lineage(number, path, bool(alive)) for number, path, alive in lineages},
            {row[0]: row[1] for row in owners},
        )

    def _save(self, history: History) -> None:
        self.connection.executemany(
            _ADD_LINEAGE,
            [
                (self.source, item.number, item.path, _slug(item.path, history.folder), item.alive)
                for item in history.lineages.values()
            ],
        )
        self.connection.executemany(
            "INSERT OR REPLACE INTO path VALUES (?, ?, ?)",
            [(self.source, path, number) for path, number in history.owners.items()],
        )

    # --- contents

    def _append(self, contents: Sequence[Content]) -> None:
        """Add what can be read, and note what cannot. Of what only merged branches held, each content once."""
        headers = self._headers(contents)
        known = {(lineage, identity) for lineage, identity in self._rows(_KNOWN)}
        rows = []
        for item in contents:
            header = headers.get(item.id)
            if header and item.lineage and (item.main or (item.lineage, item.id) not in known):
                known.add((item.lineage, item.id))
                rows.append(_row(self.source, item, header))
        self.connection.executemany(_ADD_CONTENT, rows)

    def _headers(self, contents: Sequence[Content]) -> dict[str, TemplateId]:
        """The header of every content by its id; each is read once, however often it was committed."""
        first = {_defining_object(item): item for item in reversed(contents)}
        sizes = self.repository.sizes(list(first))
        missing = [
            item.id
            for name, item in first.items()
            if name not in sizes and item.place.shape is TemplateForm.JSON
        ]
        if missing:
            raise GitFailedError(("cat-file",), f"fatal: object {missing[0]} is missing")
        headers = {}
        for name, data in self.repository.blobs(
            [name for name, size in sizes.items() if size_problem(size) is None]
        ):
            item = first[name]
            try:
                headers[item.id] = read_header(data, item.place.shape, item.place.path)
            except (Invalid, NotATemplateError) as error:
                self._find(UNREADABLE, item.place.path, item.id, item.commit, _reason(error))
        for name, size in sizes.items():
            if reason := size_problem(size):
                item = first[name]
                self._find(UNREADABLE, item.place.path, item.id, item.commit, reason)
        return headers

    def _find(self, kind: str, path: str, identity: str, commit: str, reason: str) -> None:
        row = (self.source, kind, path, identity, commit, reason)
        self.connection.execute("INSERT OR IGNORE INTO finding VALUES (?, ?, ?, ?, ?, ?)", row)

    # --- the head

    def _describe(self, touched: set[int], history: History) -> None:
        """Renew the entries of the templates that changed."""
        dead = {number for number, item in history.lineages.items() if not item.alive}
        entries = _Entries(self.connection, self.source)
        for lineage in touched | dead:
            entries.drop(lineage)
        heads = [record for record in head_records(self.connection, self.source) if record.lineage in touched]
        for record, document in read_contents(self.repository, heads):
            slug = _slug(history.lineages[record.lineage].path, history.folder)
            if isinstance(document, UserError):
                self._find(UNREADABLE, record.path, record.id, record.commit, _reason(document))
            elif is_slug(slug):
                entries.enter(slug, record.lineage, record.id, document.template)

    def _refuse(self, target: IndexTarget) -> None:
        """Note what lies at the head and is not taken: links, and names that no reference can have."""
        self.connection.execute("DELETE FROM finding WHERE source = ? AND kind = ?", (self.source, REFUSED))
        prefix = f"{target.folder}/" if target.folder else ""
        if not self.repository.has_folder(target.commit, target.folder):
            return  # a library that has nothing yet, or nothing any more
        for entry in self.repository.entries(f"{target.commit}:{target.folder}"):
            path = prefix + entry.path
            reason = _reason_to_refuse(entry, path, target.folder)
            if reason:
                self._find(REFUSED, path, entry.id, target.commit, reason)

    def _rows(self, question: str) -> list[sqlite3.Row]:
        return self.connection.execute(question, (self.source,)).fetchall()


@dataclass(frozen=True, slots=True)
class _Entries:
    """What lists and search show of a source's templates."""

    connection: IndexConnection
    source: int

    def drop(self, lineage: int) -> None:
        row = self.connection.execute(
            "DELETE FROM entry WHERE source = ? AND lineage = ? RETURNING id", (self.source, lineage)
        ).fetchone()
        if row:
            self.connection.execute("DELETE FROM entry_text WHERE rowid = ?", (row[0],))

    def enter(self, slug: str, lineage: int, content: str, template: StepTemplate) -> None:
        what = (template.name, template.category, template.action_type, " ".join(syntaxes(template)))
        stopping, verdict = obstacle(template), template_verdict(template)
        about = (template.summary, template.version, template.id, content)
        run = (
            stopping.reason if stopping else "",
            verdict.platform.value if verdict else "",
            verdict.to_json() if verdict else "",
        )
        made = self.connection.execute(
            "INSERT INTO entry VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self.source, lineage, slug, *what, *about, *run),
        )
        self.connection.execute(
            """INSERT INTO entry_text (rowid, slug, name, category, description, parameters, script)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            (made.lastrowid, slug, template.name, template.category, template.description, *_texts(template)),
        )


def _reason_to_refuse(entry: TreeEntry, path: str, folder: str) -> str | None:
    if entry.mode == SYMLINK_MODE:
        return "a link: links are not followed"
    place = locate(path, folder) if entry.mode in FILE_MODES else None
    if place and not is_slug(place.slug):
        return f'"{place.slug}" is not a name for a template: letters, digits, ".", "_" and "-" only'
    return None


def _reason(error: Exception) -> str:
    """What an error says, without the file's name before it."""
    message = str(error)
    name, colon, rest = message.partition(": ")
    return rest if colon and " " not in name.rsplit("/", 1)[-1] else message


def _defining_object(item: Content) -> str:
    return item.id if item.place.shape is TemplateForm.JSON else f"{item.id}:{FOLDER_FILE}"


def _row(source: int, item: Content, header: TemplateId) -> tuple[str | int, ...]:
    place = item.place
    what = (
        source,
        item.lineage,
        header.version,
        header.guid,
        item.id,
        place.path,
        place.slug,
        place.shape.value,
    )
    return (*what, item.commit, item.author, item.date, int(item.main))


def _slug(path: str, folder: str) -> str:
    place = locate(path, folder)
    assert place is not None, path
    return place.slug


def _texts(template: StepTemplate) -> tuple[str, str]:
    """What is searched of the parameters, and of the script."""
    words = (word for item in template.parameters for word in (item.name, item.label, item.help) if word)
    scripts = (
        text
        for key, text in template.properties.items()
        if text and any(part in key for part in _SCRIPT_KEYS)
    )
    return "\n".join(words), "\n".join(scripts)
