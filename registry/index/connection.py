"""The connection to the index file, whose failures are damage (it is a cache: away with it) or the disk's fault."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from registry.errors import Unavailable
from registry.home import home_not_writable

T = TypeVar("T")

_DAMAGED = frozenset(
    (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)
)
# Our statements are fixed, so that they fail only on tables that are not ours any more.
_OTHER_TABLES = re.compile(
    r"no such (table|column)|malformed|has \d+ columns|has no column|vtable constructor|decode to UTF-8|user-defined"
)
_NOT_WRITABLE = frozenset(
    (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
    )
)


class IndexDamagedError(Exception):
    """The index file is damaged. Whoever started the command throws it away and starts again: a `UserError` would
    be taken for the fault of a single source on the way there."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f'the index "{path}" is damaged: {reason}')
        self.path = path

    def discard(self) -> None:
        """Delete the file, and what SQLite keeps beside it. Raises Unavailable."""
        discard_index(self.path)


class IndexConnection(sqlite3.Connection):
    """Raises IndexDamagedError or Unavailable where SQLite raises its own errors, at whatever statement or row."""

    path: Path

    def cursor(self, factory: Any = None) -> Any:
        made = super().cursor(_Cursor)
        made.path = self.path
        return made

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        return self.cursor().execute(*arguments)  # type: ignore[no-any-return]

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        return self.cursor().executemany(*arguments)  # type: ignore[no-any-return]

    def read(self, rows: Iterable[sqlite3.Row], convert: Callable[[sqlite3.Row], T]) -> list[T]:
        """Rows as data of ours. Raises IndexDamagedError for what cannot be."""
        try:
            return [convert(row) for row in rows]
        except (ValueError, IndexError, TypeError, AttributeError) as error:
            raise IndexDamagedError(self.path, error) from error


class _Cursor(sqlite3.Cursor):
    path: Path

    def execute(self, *arguments: Any) -> Self:
        with translated(self.path):
            return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> Self:
        with translated(self.path):
            return super().executemany(*arguments)

    def fetchone(self) -> Any:
        with translated(self.path):
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with translated(self.path):
            return super().fetchall()

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.Error as error:
            raise _translation(self.path, error) from error


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raises IndexDamagedError or Unavailable for an error of SQLite's."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(path, error) from error
    except OSError as error:
        raise home_not_writable(path, error.strerror) from error


def _translation(path: Path, error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGED or (code == sqlite3.SQLITE_ERROR and _OTHER_TABLES.search(str(error))):
        return IndexDamagedError(path, error)
    if code in _NOT_WRITABLE:
        return home_not_writable(path, str(error))
    if code == sqlite3.SQLITE_ERROR:
        return error  # a defect of ours
    return Unavailable(
        "index-unusable",
        f'cannot use the index "{path}": {error}',
        hint="Wait until other treadle commands have finished, and try again.",
    )


def connect(path: Path) -> IndexConnection:
    """Open the index file, or create it. Where it cannot be written, a copy in memory takes its place, so that
    commands that only read go on. Raises IndexDamagedError, Unavailable."""
    with translated(path):
        if path.is_file() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            return _copy_in_memory(path)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite would ask the umask
        return _prepared(
            sqlite3.connect(path, timeout=60, isolation_level=None, factory=IndexConnection), path
        )


def _copy_in_memory(path: Path) -> IndexConnection:
    copy = sqlite3.connect(":memory:", isolation_level=None, factory=IndexConnection)
    stored = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        stored.backup(copy)
    finally:
        stored.close()
    return _prepared(copy, path)


def _prepared(connection: IndexConnection, path: Path) -> IndexConnection:
    connection.path = path
    connection.row_factory = sqlite3.Row
    try:
        # A writer whose cache spills locks readers out long before it commits.
        connection.execute("PRAGMA cache_spill = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def discard_index(path: Path) -> None:
    """Delete the index file, and what SQLite keeps beside it. Raises Unavailable."""
    try:
        for suffix in ("", "-journal", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise home_not_writable(path, error.strerror or str(error)) from error
