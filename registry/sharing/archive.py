"""Archives to hand on: the same files give the same bytes, and what comes back is not trusted.

Reading never touches the disk. Every limit is checked before the bytes that it is about are read, so a bomb costs
no more than the limits say.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

from registry.errors import Invalid, Untrusted
from registry.text.document import MAX_BYTES

MAX_ARCHIVE_BYTES = 64 << 20
MAX_UNPACKED_BYTES = 128 << 20
MAX_ARCHIVE_FILES = 5000
_MAX_NAME = 400
_COMPRESSION = 9

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\:]")
_PLAIN_TYPES = (tarfile.REGTYPE, tarfile.AREGTYPE)


def pack_archive(files: Mapping[str, bytes]) -> bytes:
    """A tar.gz of these files, by their names, in their order; without dates, owners and rights of their own."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", _COMPRESSION, packed, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def unpack_archive(stream: IO[bytes], label: str) -> dict[str, bytes]:
    """The files of a tar.gz, in their order. `label` is its name for messages.

    Raises Invalid for what is no complete archive; Untrusted for a name that leads out or comes twice, for
    anything but plain files, and for more than the limits.
    """
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as zipped:
            return _files(_Limited(zipped.read, label), label)
    except (
        tarfile.TarError,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        ArithmeticError,
        RecursionError,
    ) as error:
        reason = str(error) or type(error).__name__
        raise Invalid(
            "archive-unreadable", f'"{label}" is no complete archive: {reason}', "Get it again."
        ) from error


@dataclass
class _Limited:
    """Lets no more than the limit through, whatever a header declares."""

    source: Callable[[int], bytes]
    label: str
    left: int = field(default=MAX_UNPACKED_BYTES)

    def read(self, size: int = -1) -> bytes:
        data = self.source(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(data)
        if self.left < 0:
            raise _too_large(self.label, f"unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB")
        return data


def _files(stream: _Limited, label: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 16) as archive:  # type: ignore[call-overload]
        for member in archive:
            _check(member, files, label)
            content = archive.extractfile(member)
            assert content is not None
            files[member.name] = content.read()
    folders = {parent for name in files for parent in _parents(name)}
    for name in files:
        if name in folders:
            raise Untrusted("archive-name", f'"{label}" holds "{_shown(name)}" as a file and as a folder')
    return files


def _check(member: tarfile.TarInfo, seen: Mapping[str, bytes], label: str) -> None:
    name = _shown(member.name)
    if len(seen) >= MAX_ARCHIVE_FILES:
        raise _too_large(label, f"holds more than {MAX_ARCHIVE_FILES} files")
    if member.type not in _PLAIN_TYPES or member.issparse():
        message = (
            f'"{label}" holds "{name}", which is no plain file: links, folders and devices are not taken'
        )
        raise Untrusted("archive-entry", message)
    if not _is_safe(member.name):
        raise Untrusted(
            "archive-name", f'"{label}" holds "{name}", which leads out of its folder or is no name'
        )
    if member.name in seen:
        raise Untrusted("archive-name", f'"{label}" holds "{name}" twice')
    if not 0 <= member.size <= MAX_BYTES:
        size = f"{member.size / 1e6:,.1f} MB"
        raise _too_large(label, f'holds "{name}" of {size}; at most {MAX_BYTES >> 20} MB are taken')


def _is_safe(name: str) -> bool:
    """Whether a name stays below the folder it is written to, on every system."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    parts = name.split("/")
    return (
        len(name) <= _MAX_NAME
        and not _CONTROL.search(name)
        and all(part not in ("", ".", "..") and part.lower() != ".git" for part in parts)
    )


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _shown(name: str) -> str:
    return ascii(name[:100])[1:-1]


def _too_large(label: str, what: str) -> Untrusted:
    return Untrusted("archive-too-large", f'"{label}" {what}')
