"""Artifacts: files and folders that a script asks to keep, from the container into the run's folder.

A file becomes a file; a folder becomes one `.tar.gz` with its regular files and folders. Nothing else is
kept: no links, devices or pipes, no name that leads out of the folder. Content goes to its place by a rename
once it is complete, so that half an artifact is never seen.
"""

from __future__ import annotations

import io
import os
import posixpath
import re
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from registry.errors import NotFound, Unavailable, Untrusted
from runner.engine.payload import WORK_DIR

_BLOCK = 1024**2
_LONGEST_NAME = 200  # bytes; file systems take 255, and a number may have to be added
_MOST_LINKS = 8
_MOST_TOLD = 20
_HEADER = 512  # bytes of a file's head in a tar: a million empty files count, too
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\<>:"|?*]')
PART_PREFIX = ".part-"
"""How the folder of an artifact begins that is still being fetched."""

_SUFFIX = re.compile(r"(\.tar)?\.[^.]{1,20}\Z")

Fetch = Callable[[str], Iterator[bytes]]
"""`Container.fetch`: a tar stream of what is at an absolute path; raises FileNotFoundError."""


class ArtifactMissing(NotFound):
    """Nothing to keep at that path: told as a warning, the action goes on."""


class ArtifactRefused(Untrusted):
    """An artifact over its limits, or of a kind that can't be kept."""


@dataclass(frozen=True, slots=True)
class ArtifactLimits:
    """Bytes of one artifact and of all of a run, before compression, and how many a run may have."""

    bytes_each: int = 1024**3
    bytes_total: int = 10 * 1024**3
    number: int = 10_000


@dataclass(frozen=True, slots=True)
class Artifact:
    """A kept artifact: `path` from the run's folder on, `size` in bytes as stored.

    `left_out` tells what of a folder wasn't kept, and why.
    """

    name: str
    path: str
    size: int
    left_out: tuple[str, ...] = ()


class ArtifactStore:
    """The artifacts of one run. Thread-safe: actions on several targets collect at the same time."""

    def __init__(self, run_folder: Path, limits: ArtifactLimits | None = None) -> None:
        self._run_folder = run_folder
        self._budget = _Budget(limits or ArtifactLimits())
        self._placing = threading.Lock()

    def collect(self, fetch: Fetch, path: str, name: str, action: str) -> Artifact:
        """Fetch what is at `path` in a container and keep it as `name` (masked already).

        A relative path starts at the work directory. A link is followed: its target was meant. The same name
        again is another artifact. Raises ArtifactMissing, ArtifactRefused, Unavailable (the disk, a stream
        that broke off), and what `fetch` raises.
        """
        allowance = self._budget.allow(name)
        folder = self._run_folder / "artifacts" / file_name(action)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=PART_PREFIX) as scratch:
                part = Path(scratch) / "content"
                with _opened(fetch, path, name) as (tar, first):
                    suffix, left_out = _receive(tar, first, part, allowance)
                kept = self._place(part, folder, file_name(name, suffix))
        except OSError as error:
            allowance.give_back()
            raise _disk_trouble(name, self._run_folder, error) from error
        except BaseException:
            allowance.give_back()
            raise
        return Artifact(name, str(kept.relative_to(self._run_folder)), kept.stat().st_size, left_out)

    def _place(self, part: Path, folder: Path, name: str) -> Path:
        suffix = _SUFFIX.search(name)
        stem, ending = (name[: suffix.start()], suffix[0]) if suffix else (name, "")
        with self._placing:
            target, number = folder / name, 1
            while target.exists():
                number += 1
                target = folder / f"{stem}-{number}{ending}"
            return part.rename(target)


def file_name(name: str, suffix: str = "") -> str:
    """`name` as one that any system takes for a file: no separators, no control characters, not too long."""
    fit = _UNFIT.sub("_", name).strip().rstrip(".")
    if fit.startswith("."):
        fit = "_" + fit[1:]
    ending = _SUFFIX.search(fit)
    stem, ending_text = (fit[: ending.start()], ending[0]) if ending else (fit, "")
    room = _LONGEST_NAME - len((ending_text + suffix).encode())
    stem = stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
    return (stem + ending_text or "artifact") + suffix


class _Budget:
    """What the artifacts of a run may take together."""

    def __init__(self, limits: ArtifactLimits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._bytes = 0
        self._number = 0

    def allow(self, name: str) -> _Allowance:
        """One more artifact. Raises ArtifactRefused."""
        with self._lock:
            if self._number >= self.limits.number:
                raise ArtifactRefused(
                    "too-many-artifacts",
                    f'artifact "{name}" is not kept: a run may have {self.limits.number:,} of them',
                    hint="Pack small files into a folder and keep that.",
                )
            self._number += 1
        return _Allowance(self, name)

    def change(self, name: str, by: int) -> None:
        """Take bytes from the budget or, with a negative number, give them back. Raises ArtifactRefused."""
        with self._lock:
            if by > 0 and self._bytes + by > self.limits.bytes_total:
                raise ArtifactRefused(
                    "artifacts-too-large",
                    f'artifact "{name}" is not kept: the artifacts of a run may have '
                    f"{self.limits.bytes_total:,} bytes",
                    hint="Keep less, or copy large files to a place of their own.",
                )
            self._bytes += by


class _Allowance:
    """What one artifact takes of its run's budget."""

    def __init__(self, budget: _Budget, name: str) -> None:
        self._budget = budget
        self._name = name
        self._taken = 0

    def take(self, more: int) -> None:
        """Raises ArtifactRefused, before anything of that size was moved."""
        limit = self._budget.limits.bytes_each
        if self._taken + more > limit:
            raise ArtifactRefused(
                "artifact-too-large",
                f'artifact "{self._name}" is not kept: it has at least {self._taken + more:,} bytes; '
                f"{limit:,} are allowed",
                hint="Keep a smaller file, or copy large ones to a place of their own.",
            )
        self._budget.change(self._name, more)
        self._taken += more

    def give_back(self) -> None:
        self._budget.change(self._name, -self._taken)
        self._taken = 0


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


@contextmanager
def _opened(fetch: Fetch, path: str, name: str) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """The tar of `path`, or of what it links to, and its first member."""
    path = posixpath.join(WORK_DIR, path)
    if "\0" in path:
        raise ArtifactMissing("artifact-missing", f'artifact "{name}": "{path!r}" is not a path')
    for _ in range(_MOST_LINKS):
        with _fetched(fetch, path, name) as stream:
            try:
                tar = tarfile.open(fileobj=io.BufferedReader(stream, _BLOCK), mode="r|", bufsize=_BLOCK)  # noqa: SIM115
                first = tar.next()
            except FileNotFoundError:
                raise _missing(path, name) from None
            except tarfile.TarError as error:
                raise _broken(name, error) from error
            if first is None:
                raise _missing(path, name)
            if not first.issym():
                yield tar, first
                return
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), first.linkname))
    raise ArtifactRefused("artifact-not-a-file", f'artifact "{name}" is a link that leads nowhere')


def _fetched(fetch: Fetch, path: str, name: str) -> _StreamFile:
    """The tar as it comes. An engine knows of a missing file when asked, or when the first bytes are read."""
    try:
        return _StreamFile(fetch(path))
    except FileNotFoundError:
        raise _missing(path, name) from None


def _receive(
    tar: tarfile.TarFile, first: tarfile.TarInfo, part: Path, allowance: _Allowance
) -> tuple[str, tuple[str, ...]]:
    """Write the artifact to `part`; what its name gets appended, and what was left out."""
    with part.open("xb") as file:
        try:
            if first.isreg():
                allowance.take(first.size)
                _copy(tar, first, file)
                result: tuple[str, tuple[str, ...]] = "", ()
            elif first.isdir():
                result = ".tar.gz", _repack(tar, first, file, allowance)
            else:
                raise ArtifactRefused(
                    "artifact-not-a-file", f'artifact "{first.name}" is neither a file nor a folder'
                )
        except tarfile.TarError as error:
            raise _broken(first.name, error) from error
        file.flush()
        os.fsync(file.fileno())
    return result


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, target: IO[bytes]) -> None:
    source = tar.extractfile(member)
    assert source is not None  # a regular file has content
    shutil.copyfileobj(source, target, _BLOCK)
    if target.tell() != member.size:
        raise tarfile.ReadError("unexpected end of data")


def _repack(
    tar: tarfile.TarFile, first: tarfile.TarInfo, file: IO[bytes], allowance: _Allowance
) -> tuple[str, ...]:
    """The folder as a compressed tar of plain files and folders."""
    left_out: list[str] = []
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as packed:
        member: tarfile.TarInfo | None = first
        while member is not None:
            reason = _why_not(member)
            if reason:
                left_out.append(f"{member.name}: {reason}")
            else:
                allowance.take(member.size + _HEADER)
                packed.addfile(_plain(member), tar.extractfile(member))
            # tarfile remembers every member: of a million that is a gigabyte.
            tar.members.clear()  # type: ignore[attr-defined]
            packed.members.clear()  # type: ignore[attr-defined]
            del left_out[_MOST_TOLD:]
            member = tar.next()
    return tuple(left_out)


def _why_not(member: tarfile.TarInfo) -> str:
    if member.name.startswith("/") or ".." in member.name.split("/"):
        return "leads out of the folder"
    if member.issym() or member.islnk():
        return "is a link"
    return "" if member.isreg() or member.isdir() else "is not a file"


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """`member` without owner, special bits and extra attributes."""
    plain = tarfile.TarInfo(member.name)
    plain.type = tarfile.DIRTYPE if member.isdir() else tarfile.REGTYPE
    plain.size = member.size
    plain.mode = member.mode & 0o777
    plain.mtime = member.mtime
    return plain


def _missing(path: str, name: str) -> ArtifactMissing:
    return ArtifactMissing("artifact-missing", f'artifact "{name}" is not kept: there is no "{path}"')


def _broken(name: str, error: Exception) -> Unavailable:
    return Unavailable("artifact-broken-off", f'artifact "{name}" did not arrive completely: {error}')


def _disk_trouble(name: str, folder: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "artifact-not-written",
        f'cannot keep artifact "{name}": {error.strerror or error}',
        hint=f'Look at the disk of "{folder}".',
    )
