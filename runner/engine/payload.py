"""What a waiting container is given: files, as one tar.

The tar goes over the container's stdin, preceded by its length, because nothing may wait for the end of
stdin: a TLS connection cannot be half-closed, and busybox' tools read past what they were told to.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass

PRIVATE_DIR = "/run/treadle"
"""A small tmpfs, for the action's user alone: the one place in a container where secrets lie in clear."""

WORK_DIR = "/treadle/work"
"""The working directory of every action. It can be read with the archive API after the exit."""

START_FILE = f"{PRIVATE_DIR}/start"
"""A POSIX sh script in the payload; the receiver runs it, with stdin from /dev/null, in WORK_DIR."""


@dataclass(frozen=True, slots=True)
class PayloadFile:
    """A file below PRIVATE_DIR or WORK_DIR; a path that ends in "/" is a folder, with `link_to` it is a link."""

    path: str
    content: bytes = b""
    mode: int = 0o600
    link_to: str | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """The files of one action; one of them is START_FILE."""

    files: tuple[PayloadFile, ...]

    @property
    def private_size(self) -> int:
        """Bytes that will lie in PRIVATE_DIR."""
        return sum(len(file.content) for file in self.files if file.path.startswith(f"{PRIVATE_DIR}/"))

    def to_tar(self) -> bytes:
        """The tar that the receiver unpacks at "/", in the order of `files`."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for file in self.files:
                entry = tarfile.TarInfo(file.path.strip("/"))
                entry.mode = file.mode
                if file.path.endswith("/"):
                    entry.type = tarfile.DIRTYPE
                    entry.mode |= (file.mode & 0o444) >> 2  # who may read a folder may enter it
                    tar.addfile(entry)
                elif file.link_to is not None:
                    entry.type, entry.linkname = tarfile.SYMTYPE, file.link_to
                    tar.addfile(entry)
                else:
                    entry.size = len(file.content)
                    tar.addfile(entry, io.BytesIO(file.content))
        return buffer.getvalue()
