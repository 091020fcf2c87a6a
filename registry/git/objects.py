"""What git stores and tells, as data; reading its binary and NUL-separated listings."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

TREE_MODE = "040000"
SYMLINK_MODE = "120000"
SUBMODULE_MODE = "160000"
FILE_MODES = ("100644", "100755")
# For `git log -z --date=raw`: fields in the order that `parse_log` reads them.
LOG_FORMAT = "--format=%x01%H%x00%P%x00%an%x00%cd"
_ZONE = re.compile(r"([+-])(\d\d)([0-5]\d)")
_LAST_SECOND = 253_402_214_400  # the last day of the year 9999: nothing reads later ones


@dataclass(frozen=True, slots=True)
class Change:
    """One line of `git log --raw`: what a commit did to a path, compared with its first parent.

    `status` is A, M, D, T or R; modes are six octal digits, ids full object names (zeros for "not there").
    """

    status: str
    old_mode: str
    mode: str
    old_id: str
    id: str
    old_path: str
    path: str


@dataclass(frozen=True, slots=True)
class Commit:
    """`date` is the committer's (ISO 8601): when the change arrived, not when it was begun."""

    id: str
    parents: tuple[str, ...]
    author: str
    date: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class TreeEntry:
    mode: str
    id: str
    path: str


def parse_tree(content: bytes, width: int) -> Iterator[TreeEntry]:
    """Read a tree object: mode, blank, name, NUL, `width` bytes of id; again and again."""
    start = 0
    while start < len(content):
        end = content.index(b"\0", start)
        mode, _, name = content[start:end].partition(b" ")
        identity = content[end + 1 : end + 1 + width].hex()
        yield TreeEntry(mode.decode().zfill(6), identity, name.decode(errors="replace"))
        start = end + 1 + width


def parse_log(listing: bytes) -> Iterator[Commit]:
    """Read `git log --raw -z` field by field: names may hold any byte but NUL, so nothing is searched.

    Bytes that are not UTF-8 become U+FFFD, in names and authors alike, as `parse_tree` has them.
    """
    fields = iter(listing.decode(errors="replace").split("\0"))
    commit: list[str] = []
    changes: list[Change] = []
    for field in fields:
        if field.startswith("\x01"):
            if commit:
                yield _commit(commit, changes)
            commit, changes = [field[1:], next(fields), next(fields), next(fields)], []
        elif field.lstrip("\n").startswith(":"):
            changes.append(_change(field.lstrip("\n"), fields))
    if commit:
        yield _commit(commit, changes)


def parse_changes(listing: bytes) -> Iterator[Change]:
    """Read `git diff-tree --raw -z`."""
    fields = iter(listing.decode(errors="surrogateescape").split("\0"))
    for field in fields:
        if field:
            yield _change(field, fields)


def _commit(fields: list[str], changes: list[Change]) -> Commit:
    identity, parents, author, date = fields
    return Commit(identity, tuple(parents.split()), author, read_date(date), tuple(changes))


def read_date(raw: str) -> str:
    """A date as git stores it (seconds, time zone) in ISO 8601.

    A commit can say anything: a zone that there is not becomes UTC, a date out of reach the nearest that is not.
    """
    seconds, _, zone = raw.partition(" ")
    number = min(int(seconds), _LAST_SECOND) if seconds.isascii() and seconds.isdecimal() else 0
    found = _ZONE.fullmatch(zone)
    offset = timedelta(hours=int(found[2]), minutes=int(found[3])) if found else timedelta()
    where = (
        UTC if offset > timedelta(hours=14) else timezone(-offset if found and found[1] == "-" else offset)
    )
    try:
        return datetime.fromtimestamp(number, where).isoformat()
    except (OverflowError, ValueError):
        return datetime.fromtimestamp(number, UTC).isoformat()


def _change(meta: str, fields: Iterator[str]) -> Change:
    old_mode, mode, old_id, identity, status = meta[1:].split(" ")
    old_path = next(fields)
    path = next(fields) if status[0] in "RC" else old_path
    return Change(status[0], old_mode, mode, old_id, identity, old_path, path)


def tree_id(files: Mapping[str, bytes]) -> str:
    """The git object name of a tree of plain files, given by their relative paths."""
    entries: dict[str, bytes] = {}
    deeper: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            deeper.setdefault(name, {})[rest] = content
        else:
            entries[name] = b"100644 " + name.encode() + b"\0" + _object(b"blob", content)
    for name, below in deeper.items():
        entries[f"{name}/"] = b"40000 " + name.encode() + b"\0" + bytes.fromhex(tree_id(below))
    return _object(b"tree", b"".join(entries[name] for name in sorted(entries))).hex()


def _object(kind: bytes, content: bytes) -> bytes:
    header = kind + b" " + str(len(content)).encode() + b"\0"
    return hashlib.sha1(header + content, usedforsecurity=False).digest()
