"""One `git cat-file` for many questions: it is kept open as long as a catalog is.

Running git is imported when the first question is asked: a command that has none must not pay for it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import Popen

_INFO = re.compile(rb"(?P<id>[0-9a-f]+) (?P<kind>blob|tree|commit|tag) (?P<size>\d+)\n")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """`id` is the full name of an object, `kind` its type (blob, tree, commit, tag), `size` in bytes."""

    id: str
    kind: str
    size: int


class ObjectReader:
    """A running `git cat-file --batch-command`. Questions are answered one by one, in order.

    What a repository does not have, or cannot read, is not there: at a damaged object git ends, and is started
    again for the next question.
    """

    def __init__(self, folder: Path, settings: Sequence[str]) -> None:
        self._folder = folder
        self._settings = settings
        self._process: Popen[bytes] | None = None

    def info(self, name: str) -> ObjectInfo | None:
        """What an object is, by any name git understands; None where it is not there."""
        return self._ask("info", name)[0]

    def content(self, name: str) -> bytes | None:
        """As `info`, the content."""
        return self._ask("contents", name)[1]

    def answers(self) -> bool:
        """Whether git knows how to: it does since 2.36, in a repository that it reads at all."""
        self._ask("info", "HEAD")
        return self._process is not None

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what it was asked last, it will not read any more
                    _pipe(pipe).close()
            process.wait()

    def _ask(self, what: str, name: str) -> tuple[ObjectInfo | None, bytes | None]:
        if "\n" in name:
            return None, None
        process = self._running()
        try:
            _pipe(process.stdin).write(f"{what} {name}\n".encode(errors="surrogateescape"))
            _pipe(process.stdin).flush()
            header = _pipe(process.stdout).readline()
        except OSError:
            header = b""
        if not header:
            self.close()
        found = _INFO.fullmatch(header)
        if found is None:
            return None, None
        info = ObjectInfo(found["id"].decode(), found["kind"].decode(), int(found["size"]))
        if what == "info":
            return info, None
        content = _pipe(process.stdout).read(info.size + 1)
        return (info, content[:-1]) if len(content) > info.size else (None, None)

    def _running(self) -> Popen[bytes]:
        from subprocess import DEVNULL, PIPE, Popen

        from registry.git.command import SAFE_SETTINGS, reading_environment

        if self._process is None:
            flags = [part for setting in (*SAFE_SETTINGS, *self._settings) for part in ("-c", setting)]
            command = ["git", "-C", str(self._folder), *flags, "cat-file", "--batch-command"]
            self._process = Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=reading_environment())
        return self._process


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "both are pipes"
    return stream


class _Kept(threading.local):
    """The readers that this thread keeps open; `depth` is how many asked for that."""

    def __init__(self) -> None:
        self.depth = 0
        self.readers: dict[tuple[Path, Sequence[str]], ObjectReader | None] = {}


_kept = _Kept()


def keep_readers() -> None:
    """From now on, this thread asks each repository through one process, until `release_readers`."""
    _kept.depth += 1


def release_readers() -> None:
    """End what `keep_readers` began; the processes end with the last."""
    _kept.depth -= 1
    if _kept.depth <= 0:
        for reader in _kept.readers.values():
            if reader is not None:
                reader.close()
        _kept.readers.clear()


def open_reader(folder: Path, settings: Sequence[str]) -> ObjectReader | None:
    """The reader that is kept open for a repository; None where each question is to be a process of its own."""
    if not _kept.depth:
        return None
    key = (folder, tuple(settings))
    if key not in _kept.readers:
        _kept.readers[key] = _started(folder, settings)
    return _kept.readers[key]


def _started(folder: Path, settings: Sequence[str]) -> ObjectReader | None:
    reader = ObjectReader(folder, settings)
    try:
        return reader if reader.answers() else None
    except FileNotFoundError:  # no git: whoever runs it says so
        return None
