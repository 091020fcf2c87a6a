"""Files of the project that steps take along into their containers: read once, inside of the project's folder only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from registry.errors import Invalid, NotFound, Untrusted
from registry.home import real_path
from runner.model import FileCopy
from runner.plan import PlannedFile

MAX_FILES = 10_000
MAX_BYTES = 64 * 1024 * 1024
"""Of all files of a step: they travel with its script, to every target."""

_OURS = ("Script.sh", "Script.py")
_LEFT_OUT = (".git",)


def read_files(folder: Path, copies: tuple[FileCopy, ...]) -> tuple[PlannedFile, ...]:
    """The files that the copies mean, by their paths in the work directory; later ones win.

    Raises NotFound for what is not there; Untrusted for what leads out of `folder`; Invalid for what cannot be taken
    along: too much of it, something that is not a file, a name that is the script's own.
    """
    root = real_path(folder)
    found: dict[str, PlannedFile] = {}
    size = 0
    for copy in copies:
        for file in _files_of(root, copy):
            size += len(file.content)
            found[file.path] = file
            if len(found) > MAX_FILES or size > MAX_BYTES:
                message = f'"{copy.source}" is too much: a step takes along at most'
                message += f" {MAX_FILES:,} files and {MAX_BYTES >> 20} MiB"
                raise Invalid(
                    "files-too-large", message, "Put them into the image, or on a volume of the target."
                )
    return tuple(found.values())


def _files_of(root: Path, copy: FileCopy) -> Iterator[PlannedFile]:
    to = _inside(copy.to)
    source = root / _inside(copy.source)
    if not os.path.lexists(source):
        raise NotFound("file-not-found", f'there is no file "{copy.source}" in "{root}"')
    if not source.is_dir():
        yield _file(root, source, to)
        return
    _refuse_outside(root, source)
    yield PlannedFile(f"{to}/", b"")
    for parent, folders, names in os.walk(source, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        here = Path(parent)
        for name in folders:
            if (here / name).is_symlink():
                message = f'"{(here / name).relative_to(root)}" is a link to a folder'
                raise Untrusted("file-outside", message, "Name the folder that it leads to.")
            yield PlannedFile(f"{PurePosixPath(to) / (here / name).relative_to(source).as_posix()}/", b"")
        for name in sorted(names):
            yield _file(
                root, here / name, str(PurePosixPath(to) / (here / name).relative_to(source).as_posix())
            )


def _file(root: Path, source: Path, to: str) -> PlannedFile:
    label = source.relative_to(root)
    _refuse_outside(root, source)
    if to in _OURS:
        raise Invalid(
            "file-name-taken", f'"{to}" is the name of the script itself', "Give it another name: to."
        )
    if not source.is_file():
        raise Invalid("file-unreadable", f'"{label}" is not a file')
    try:
        if source.stat().st_size > MAX_BYTES:
            message = f'"{label}" is larger than {MAX_BYTES >> 20} MiB'
            raise Invalid("files-too-large", message, "Put it into the image, or on a volume of the target.")
        return PlannedFile(to, source.read_bytes(), os.access(source, os.X_OK))
    except OSError as error:
        _unreadable(error)
        raise


def _inside(path: str) -> str:
    """A relative path in its plainest form. Raises Untrusted for one that leads out."""
    plain = PurePosixPath(path)
    if plain.is_absolute() or ".." in plain.parts or "\0" in path:
        message = f'"{path}" leads out of its folder'
        raise Untrusted("file-outside", message, "Give a path below the folder of treadle.yaml, without ..")
    return str(plain)


def _refuse_outside(root: Path, source: Path) -> None:
    if not real_path(source).is_relative_to(root):
        message = f'"{source.relative_to(root)}" is a link that leads out of the project'
        raise Untrusted("file-outside", message, "Copy what it leads to into the project.")


def _unreadable(error: OSError) -> None:
    raise Invalid("file-unreadable", f'"{error.filename}" cannot be read: {error.strerror}') from error
