"""Archives to hand on: the same files give the same bytes, and what comes back is not trusted.

Reading never touches the disk. Every limit is checked before the bytes that it is about are read, so a bomb costs
no more than the limits say.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

from registry.errors import Invalid, Mismatch, Untrusted
from registry.template.portable import ATTRIBUTES_FILE, is_steering, path_problem, twins
from registry.text.document import MAX_BYTES

MAX_ARCHIVE_BYTES = 64 << 20
MAX_UNPACKED_BYTES = 128 << 20
MAX_ARCHIVE_FILES = 5000
_COMPRESSION = 9
_CHUNK = 1 << 16

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

    Raises Invalid for what is not a complete archive; Untrusted for a name that cannot be written or comes twice, for
    anything but plain files, and for more than the limits; Mismatch where anything follows the archive's end.
    """
    try:
        return _files(_Limited(_GzipMember(stream, label).read, label), label)
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
            "archive-unreadable", f'"{label}" is not a complete archive: {reason}', "Get it again."
        ) from error


class _GzipMember:
    """The only member of a gzip file, unpacked piece by piece. `gzip.GzipFile` reads on in whatever follows it."""

    def __init__(self, stream: IO[bytes], label: str) -> None:
        self.stream = stream
        self.label = label
        self.unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def read(self, size: int) -> bytes:
        """At most so many bytes, at least one of them before the end."""
        data = b""
        while not data and not self.unpacker.eof:
            packed = self.unpacker.unconsumed_tail or self.stream.read(_CHUNK)
            data = self.unpacker.decompress(packed, size)
            if not packed and not data:
                raise EOFError("it ends in the middle")
        if self.unpacker.eof and not data:
            self._refuse_more()
        return data

    def _refuse_more(self) -> None:
        rest = self.unpacker.unused_data
        while rest:
            if rest.strip(b"\0"):
                raise _goes_on(self.label)
            rest = self.stream.read(_CHUNK)


@dataclass
class _Limited:
    """Lets no more than the limit through, whatever a header declares. `last` is where the last byte stood that was
    not zero."""

    source: Callable[[int], bytes]
    label: str
    done: int = 0
    last: int = -1

    def read(self, size: int = -1) -> bytes:
        left = MAX_UNPACKED_BYTES - self.done
        data = self.source(left + 1 if size < 0 else min(size, left + 1))
        if len(data) > left:
            raise _too_large(self.label, f"unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB")
        content = len(data.rstrip(b"\0"))
        if content:
            self.last = self.done + content - 1
        self.done += len(data)
        return data


def _files(stream: _Limited, label: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=stream, mode="r|", bufsize=_CHUNK) as archive:  # type: ignore[call-overload]
        for member in archive:
            _check(member, files, label)
            content = archive.extractfile(member)
            assert content is not None
            files[member.name] = content.read()
        end = archive.offset
    while stream.read(_CHUNK):
        pass
    if stream.last >= end:
        raise _goes_on(label)
    for one, other in twins(files):
        message = f'"{label}" holds "{_shown(one)}" and "{_shown(other)}", one name on many systems'
        raise Untrusted("archive-name", message)
    return files


def _check(member: tarfile.TarInfo, seen: Mapping[str, bytes], label: str) -> None:
    name = _shown(member.name)
    if len(seen) >= MAX_ARCHIVE_FILES:
        raise _too_large(label, f"holds more than {MAX_ARCHIVE_FILES} files")
    if member.type not in _PLAIN_TYPES or member.issparse():
        message = (
            f'"{label}" holds "{name}", which is not a plain file: links, folders and devices are not taken'
        )
        raise Untrusted("archive-entry", message)
    problem = path_problem(member.name)
    if problem:
        raise Untrusted("archive-name", f'"{label}" holds "{name}", which {problem}')
    if is_steering(member.name) and not member.name.endswith(f"/{ATTRIBUTES_FILE}"):
        raise Untrusted(
            "archive-name", f'"{label}" holds "{name}", which steers git or Treadle where it lies'
        )
    if member.name in seen:
        raise Untrusted("archive-name", f'"{label}" holds "{name}" twice')
    if not 0 <= member.size <= MAX_BYTES:
        size = f"{member.size / 1e6:,.1f} MB"
        raise _too_large(label, f'holds "{name}" of {size}; at most {MAX_BYTES >> 20} MB are taken')


def _shown(name: str) -> str:
    return ascii(name[:100])[1:-1]


def _goes_on(label: str) -> Mismatch:
    message = f'"{label}" goes on after the end of its archive: no manifest says what that is'
    return Mismatch("archive-goes-on", message, "Get it again from its sender.")


def _too_large(label: str, what: str) -> Untrusted:
    return Untrusted("archive-too-large", f'"{label}" {what}')
