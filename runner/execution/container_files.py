"""The files of a container that has ended, as its action could have read them itself.

An engine reads as root: it would hand out what only root may see, on a target's volumes above all. So every folder
on the way, every link and the file itself are looked at first. The action's user is known from its work directory,
which it has made itself; of its groups only the first one counts.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from registry.errors import NotFound, Unavailable, Untrusted, UserError
from runner.engine.payload import WORK_DIR

BLOCK = 1024**2
_MOST_LINKS = 8
_NOBODY = 65534

_READ = 0o4
_SEARCH = 0o1

Fetch = Callable[[str], Iterator[bytes]]
"""`Container.fetch`: a tar stream of what is at an absolute path; raises FileNotFoundError."""


class ArtifactMissing(NotFound):
    """Nothing to keep at that path: told as a warning, the action goes on."""


class ArtifactRefused(Untrusted):
    """An artifact over its limits, of a kind that cannot be kept, or not the action's to read."""


class CollectionEnded(UserError):
    """No more artifacts of this action are to be had: its time is up, or there were too many."""


class ContainerFiles:
    """The files of one container.

    `privileged`: its root has a capability that opens every file. `is_over` ends the reading, in the middle of a
    file even: then everything raises CollectionEnded.
    """

    def __init__(
        self, fetch: Fetch, *, privileged: bool = False, is_over: Callable[[], bool] = lambda: False
    ) -> None:
        self._fetch = fetch
        self._is_over = is_over
        self._privileged = privileged
        self._heads: dict[str, tarfile.TarInfo] = {}

    @contextmanager
    def open(self, path: str, name: str) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        """The tar of `path`, or of what it links to, and its first member.

        A relative path starts at the work directory. `name` is the artifact's, for messages. Raises ArtifactMissing,
        ArtifactRefused, Unavailable (a stream that broke off), and what `fetch` raises.
        """
        if "\0" in path:
            raise ArtifactMissing("artifact-missing", f'artifact "{name}": "{path!r}" is not a path')
        way = _Way(posixpath.join(WORK_DIR, path), name)
        while True:
            here = way.step()
            if way.at_end:
                with self._opened(here, way) as (tar, first):
                    if not first.issym():
                        self._expect_readable(first, here, name)
                        yield tar, first
                        return
                way.follow(here, first.linkname)
            elif here != posixpath.dirname(WORK_DIR):  # the image's own, and on the way of every artifact
                self._enter(here, way)

    def may_read(self, member: tarfile.TarInfo) -> bool:
        """Whether the action's user may read a file, or list and enter a folder."""
        return self._allows(member, _READ | _SEARCH if member.isdir() else _READ)

    def _enter(self, here: str, way: _Way) -> None:
        """Go on through a folder, or along a link."""
        if here not in self._heads:
            with self._opened(here, way) as (_, head):
                self._heads[here] = head
        head = self._heads[here]
        if head.issym():
            way.follow(here, head.linkname)
        elif not head.isdir():
            raise _missing(way.path, way.name)
        elif not self._allows(head, _SEARCH):
            raise _unreadable(way.path, way.name)

    def _expect_readable(self, head: tarfile.TarInfo, path: str, name: str) -> None:
        if (head.isreg() or head.isdir()) and not self.may_read(head):
            raise _unreadable(path, name)

    def _allows(self, head: tarfile.TarInfo, wish: int) -> bool:
        uid, gid = self._user
        if uid == 0 and self._privileged:
            return True
        shift = 6 if head.uid == uid else 3 if head.gid == gid else 0
        return (head.mode >> shift) & wish == wish

    @property
    def _user(self) -> tuple[int, int]:
        """uid and gid of the action; nobody's when it has removed its work directory."""
        if WORK_DIR not in self._heads:
            try:
                with self._opened(WORK_DIR, _Way(WORK_DIR, "")) as (_, head):
                    self._heads[WORK_DIR] = head
            except ArtifactMissing:
                return _NOBODY, _NOBODY
        head = self._heads[WORK_DIR]
        return head.uid, head.gid

    @contextmanager
    def _opened(self, path: str, way: _Way) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        """The tar of exactly this path, links not followed."""
        with self._stream(path, way) as stream:
            try:
                tar = tarfile.open(fileobj=io.BufferedReader(stream, BLOCK), mode="r|", bufsize=BLOCK)  # noqa: SIM115
                first = tar.next()
            except FileNotFoundError:
                raise _missing(way.path, way.name) from None
            except tarfile.TarError as error:
                raise broken_off(way.name, error) from error
            if first is None:
                raise _missing(way.path, way.name)
            yield tar, first

    def _stream(self, path: str, way: _Way) -> _StreamFile:
        """The tar as it comes. An engine knows of a missing file when asked, or when the first bytes are read."""
        try:
            return _StreamFile(self._chunks(path))
        except FileNotFoundError:
            raise _missing(way.path, way.name) from None

    def _chunks(self, path: str) -> Iterator[bytes]:
        self._expect_time()
        chunks = self._fetch(path)
        try:
            for chunk in chunks:
                self._expect_time()
                yield chunk
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def _expect_time(self) -> None:
        if self._is_over():
            raise CollectionEnded(
                "artifacts-not-kept", "the time of the step was up, or the run was cancelled"
            )


class _Way:
    """The way from the root to a path, part by part; links lengthen it."""

    def __init__(self, path: str, name: str) -> None:
        self.path = posixpath.normpath(path)
        self.name = name
        self._done = "/"
        self._left = _parts(path)
        self._links = 0

    @property
    def at_end(self) -> bool:
        return not self._left

    def step(self) -> str:
        """The path of the next part; the root where none is left."""
        while self._left:
            part = self._left.pop(0)
            if part == "..":
                self._done = posixpath.dirname(self._done)
                continue
            self._done = posixpath.join(self._done, part)
            break
        return self._done

    def follow(self, link: str, to: str) -> None:
        """Go where the link leads, within the work directory or the folder that the link lies in."""
        folder = posixpath.dirname(link)
        goal = posixpath.normpath(posixpath.join(folder, to))
        self._links += 1
        if self._links > _MOST_LINKS:
            raise ArtifactRefused(
                "artifact-not-a-file", f'artifact "{self.name}" is a link that leads nowhere'
            )
        if not any(_is_below(goal, root) for root in (WORK_DIR, folder)):
            raise ArtifactRefused(
                "artifact-link",
                f'artifact "{self.name}" is not kept: the link "{link}" leads out of its folder, to "{goal}"',
                hint="Hand over the file itself, or copy it into the work directory.",
            )
        self._done = "/" if to.startswith("/") else folder
        self._left = [*_parts(to), *self._left]


class _StreamFile(io.RawIOBase):
    """Chunks as a file that can be read forwards, which is all that tarfile asks for in stream mode."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        # The engine is told at once that nobody wants the rest of a hundred gigabytes.
        close_generator = getattr(self._chunks, "close", None)
        if close_generator is not None and not self.closed:
            close_generator()
        super().close()


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _missing(path: str, name: str) -> ArtifactMissing:
    return ArtifactMissing("artifact-missing", f'artifact "{name}" is not kept: there is no "{path}"')


def _unreadable(path: str, name: str) -> ArtifactRefused:
    return ArtifactRefused(
        "artifact-unreadable",
        f'artifact "{name}" is not kept: the action\'s user may not read "{path}"',
        hint="Let the script copy what it may read into the work directory.",
    )


def broken_off(name: str, error: Exception) -> Unavailable:
    """The error for a stream that ended too early."""
    return Unavailable("artifact-broken-off", f'artifact "{name}" did not arrive completely: {error}')
