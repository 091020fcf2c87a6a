"""Artifacts: files and folders that a script asks to keep, from the container into the run's folder.

A file becomes a file; a folder becomes one `.tar.gz` with its regular files and folders. Nothing else is
kept: no links, devices or pipes, no name that leads out of the folder. Content goes to its place by a rename
once it is complete, so that half an artifact is never seen.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from registry.errors import Unavailable
from runner.execution.container_files import (
    BLOCK,
    ArtifactRefused,
    CollectionEnded,
    ContainerFiles,
    broken_off,
)

_LONGEST_NAME = 200  # bytes; file systems take 255, and a number may have to be added
_MOST_TOLD = 20
_SETTLED_ONE_BY_ONE = (
    16  # beyond this many files it is cheaper to have the system write all that it holds back
)
_HEADER = 512  # bytes of a file's head in a tar: a million empty files count, too
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\<>:"|?*]')
_SUFFIX = re.compile(r"(\.tar)?\.[^.]{1,20}\Z")

PART_PREFIX = ".part-"
"""How the name of an artifact's file begins while its content is still coming."""


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
        self._numbers: dict[Path, int] = {}
        self._unsettled: list[Path] = []

    def collect(self, files: ContainerFiles, path: str, name: str, action: str) -> Artifact:
        """Fetch what is at `path` in a container and keep it as `name` (masked already).

        A relative path starts at the work directory. A link is followed: its target was meant. The same name
        again is another artifact. What the action's user may not read is not kept.

        Raises ArtifactMissing, ArtifactRefused, Unavailable (the disk, a stream
        that broke off), and what the engine raises.
        """
        allowance = self._budget.allow(name)
        folder = self._run_folder / "artifacts" / file_name(action)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _part(folder) as part:
                with files.open(path, name) as (tar, first):
                    suffix, left_out = _receive(files, tar, first, part, allowance)
                kept = self._place(part, folder, file_name(name, suffix))
        except OSError as error:
            allowance.give_back()
            raise _disk_trouble(name, self._run_folder, error) from error
        except BaseException:
            allowance.give_back()
            raise
        return Artifact(name, str(kept.relative_to(self._run_folder)), kept.stat().st_size, left_out)

    def settle(self) -> None:
        """See to it that what was collected since the last time survives a loss of power. Raises Unavailable.

        Once for all artifacts of an action: to wait for the disk after each of ten thousand would take minutes.
        """
        with self._placing:
            unsettled, self._unsettled = self._unsettled, []
        try:
            if len(unsettled) > _SETTLED_ONE_BY_ONE:
                os.sync()
                return
            for path in unsettled:
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        except OSError as error:
            raise _disk_trouble(path.name, self._run_folder, error) from error

    def _place(self, part: Path, folder: Path, name: str) -> Path:
        suffix = _SUFFIX.search(name)
        stem, ending = (name[: suffix.start()], suffix[0]) if suffix else (name, "")
        with self._placing:
            target, number = folder / name, self._numbers.get(folder / name, 1)
            while target.exists():
                number += 1
                target = folder / f"{stem}-{number}{ending}"
            self._numbers[folder / name] = number
            kept = part.rename(target)
            self._unsettled.append(kept)
            return kept


@contextmanager
def _part(folder: Path) -> Iterator[Path]:
    """A new file in `folder` for what is still coming; what was not moved away is removed."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=PART_PREFIX)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


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
        """One more artifact. Raises CollectionEnded."""
        with self._lock:
            if self._number >= self.limits.number:
                raise CollectionEnded(
                    "too-many-artifacts",
                    f"a run may have {self.limits.number:,} of them",
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


def _receive(
    files: ContainerFiles, tar: tarfile.TarFile, first: tarfile.TarInfo, part: Path, allowance: _Allowance
) -> tuple[str, tuple[str, ...]]:
    """Write the artifact to `part`; what its name gets appended, and what was left out."""
    with part.open("wb") as file:
        try:
            if first.isreg():
                allowance.take(first.size)
                _copy(tar, first, file)
                result: tuple[str, tuple[str, ...]] = "", ()
            elif first.isdir():
                result = ".tar.gz", _repack(files, tar, first, file, allowance)
            else:
                raise ArtifactRefused(
                    "artifact-not-a-file", f'artifact "{first.name}" is neither a file nor a folder'
                )
        except tarfile.TarError as error:
            raise broken_off(first.name, error) from error
    return result


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, target: IO[bytes]) -> None:
    source = tar.extractfile(member)
    assert source is not None  # a regular file has content
    shutil.copyfileobj(source, target, BLOCK)
    if target.tell() != member.size:
        raise tarfile.ReadError("unexpected end of data")


def _repack(
    files: ContainerFiles,
    tar: tarfile.TarFile,
    first: tarfile.TarInfo,
    file: IO[bytes],
    allowance: _Allowance,
) -> tuple[str, ...]:
    """The folder as a compressed tar of plain files and folders."""
    left_out: list[str] = []
    sight = _Sight(files)
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as packed:
        member: tarfile.TarInfo | None = first
        while member is not None:
            reason = _why_not(member) or sight.why_not(member)
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


class _Sight:
    """What of a folder the action's user may read. An engine walks a folder at a time, so that the last one that is
    closed to the user is enough to know what lies in it."""

    def __init__(self, files: ContainerFiles) -> None:
        self._files = files
        self._closed: str | None = None

    def why_not(self, member: tarfile.TarInfo) -> str:
        inside = self._closed is not None and member.name.startswith(self._closed)
        if not inside and self._files.may_read(member):
            return ""
        if not inside and member.isdir():
            self._closed = f"{member.name}/"
        return "the action's user may not read it"


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """`member` without owner, special bits and extra attributes."""
    plain = tarfile.TarInfo(member.name)
    plain.type = tarfile.DIRTYPE if member.isdir() else tarfile.REGTYPE
    plain.size = member.size
    plain.mode = member.mode & 0o777
    plain.mtime = member.mtime
    return plain


def _disk_trouble(name: str, folder: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "artifact-not-written",
        f'cannot keep artifact "{name}": {error.strerror or error}',
        hint=f'Look at the disk of "{folder}".',
    )
