"""Archives: the same bytes for the same files, and nothing but plain files within limits out of any other."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid, Mismatch, Untrusted, UserError
from registry.sharing.archive import MAX_ARCHIVE_FILES, MAX_UNPACKED_BYTES, pack_archive, unpack_archive
from registry.template.portable import name_problems
from registry.text.document import MAX_BYTES

NAMES = st.from_regex(r"[a-z0-9é]{1,12}(/[A-Za-z0-9 ._-]{0,120}[a-z]){0,3}", fullmatch=True)


def _is_free(names: Mapping[str, bytes]) -> bool:
    return not name_problems(dict(names), "they")


def _read(data: bytes) -> dict[str, bytes]:
    return unpack_archive(io.BytesIO(data), "x.tar.gz")


def _member(name: str, data: bytes = b"", **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in more.items():
        setattr(member, key, value)
    return member, data


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar.gz of members as they are given, whatever they are."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for member, data in members:
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@given(st.dictionaries(NAMES, st.binary(max_size=2000), max_size=8).filter(_is_free))
def test_files_come_back_in_order_and_the_bytes_are_always_the_same(files: dict[str, bytes]) -> None:
    packed = pack_archive(files)
    assert list(_read(packed).items()) == list(files.items())
    assert pack_archive(dict(files)) == packed


def test_nothing_of_the_maker_is_in_it() -> None:
    data = pack_archive({"a": b"1"})
    assert data[4:8] == b"\0\0\0\0"
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        (member,) = archive.getmembers()
    assert (member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode) == (
        0,
        0,
        0,
        "",
        "",
        0o644,
    )


@pytest.mark.parametrize(
    "name",
    [
        "../up",
        "a/../../up",
        "/etc/passwd",
        "./a",
        "a//b",
        "a/",
        "..",
        "C:\\windows",
        "c:x",
        "a\nb",
        "a/.git/hooks/x",
        ".GIT/config",
        "x" * 401,
        "bad\udcff",
        "a" * 201,
        "\u00e9" * 101,
        "a/" * 200 + "b",
        "a/con.txt",
        "a.",
        "a /b",
        "a\u202eb",
        ".gitattributes",
        "a/.GitModules",
        "git~1/config",
        ".treadle/notices.yaml",
    ],
)
def test_a_name_that_leads_out_or_cannot_be_written_everywhere_is_refused(name: str) -> None:
    with pytest.raises(Untrusted, match=r'"x\.tar\.gz" holds') as refused:
        _read(_tar(_member("fine"), _member(name, b"x")))
    assert refused.value.code == "archive-name"


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.DIRTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CONTTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)
def test_anything_but_a_plain_file_is_refused(kind: bytes) -> None:
    with pytest.raises(Untrusted, match="not a plain file"):
        _read(_tar(_member("odd", type=kind, linkname="/etc/passwd")))


def test_one_name_twice_is_refused() -> None:
    with pytest.raises(Untrusted, match='"a" twice'):
        _read(_tar(_member("a", b"1"), _member("a", b"2")))


def test_a_file_that_is_a_folder_is_refused() -> None:
    with pytest.raises(Untrusted, match="one name on many systems"):
        _read(_tar(_member("a/b", b"1"), _member("a", b"2")))


@pytest.mark.parametrize(
    ("one", "other"), [("a", "A"), ("x/a", "X/b"), ("\u00e9", "e\u0301"), ("straße", "STRASSE"), ("A/b", "a")]
)
def test_names_that_are_one_elsewhere_are_refused(one: str, other: str) -> None:
    with pytest.raises(Untrusted, match="one name on many systems"):
        _read(_tar(_member(one, b"1"), _member(other, b"2")))


@pytest.mark.parametrize(
    "more", [b"x", b"\0" * 512 + b"x", gzip.compress(b"hidden", mtime=0), gzip.compress(b"", mtime=0)]
)
def test_whatever_follows_the_end_is_refused(more: bytes) -> None:
    packed = pack_archive({"a": b"1"})
    with pytest.raises(Mismatch, match="goes on after the end"):
        _read(packed + more)
    with pytest.raises(Mismatch, match="goes on after the end"):
        _read(gzip.compress(gzip.decompress(packed) + b"\0" * 1024 + more))
    assert _read(packed + b"\0" * 700_000) == {"a": b"1"}
    assert _read(gzip.compress(gzip.decompress(packed) + b"\0" * 700_000)) == {"a": b"1"}


def test_a_declared_size_is_refused_before_a_byte_is_read() -> None:
    header = _member("big")[0]
    header.size = 10 << 30
    with pytest.raises(Untrusted, match=r"10,737\.4 MB"):
        _read(gzip.compress(header.tobuf(tarfile.GNU_FORMAT)))


def test_a_bomb_costs_no_more_than_the_limits() -> None:
    half = MAX_BYTES
    members = (_member(str(number), bytes(half)) for number in range(MAX_UNPACKED_BYTES // half + 1))
    bomb = _tar(*members)
    assert len(bomb) < 1 << 20
    with pytest.raises(Untrusted, match="unpacks to more than"):
        _read(bomb)


def test_a_header_as_large_as_a_disk_is_refused() -> None:
    """The extended header of a name has a size, too, and tarfile would read it whole."""
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 10 << 30
    bomb = gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(MAX_UNPACKED_BYTES + 1024), 1)
    tracemalloc.start()
    try:
        with pytest.raises(Untrusted, match="unpacks to more than"):
            _read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_UNPACKED_BYTES
    finally:
        tracemalloc.stop()


def test_too_many_files_are_refused() -> None:
    with pytest.raises(Untrusted, match=f"more than {MAX_ARCHIVE_FILES} files"):
        _read(_tar(*(_member(str(number)) for number in range(MAX_ARCHIVE_FILES + 1))))


WHOLE = pack_archive({"a": b"1" * 5000, "b": b"2" * 5000})


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no archive at all",
        gzip.compress(b"no tar in it" * 100),
        WHOLE[:40],
        WHOLE[:-9],
        gzip.compress(gzip.decompress(WHOLE)[:3000]),
    ],
    ids=["empty", "text", "no tar", "cut early", "cut late", "tar cut"],
)
def test_what_is_no_complete_archive_is_refused(broken: bytes) -> None:
    with pytest.raises(Invalid, match="not a complete archive"):
        _read(broken)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_an_altered_archive_is_refused_or_means_the_same(place: int, change: int) -> None:
    altered = _read_or_refused(WHOLE[:place] + bytes([WHOLE[place] ^ change]) + WHOLE[place + 1 :])
    assert altered in (None, _read(WHOLE))


@given(st.integers(0, 1535), st.binary(min_size=1, max_size=12))
def test_an_altered_header_is_refused_or_names_files_inside(place: int, change: bytes) -> None:
    inner = gzip.decompress(WHOLE)
    altered = _read_or_refused(gzip.compress(inner[:place] + change + inner[place + len(change) :], 1))
    assert all(not name.startswith("/") and ".." not in name.split("/") for name in altered or ())
    assert sum(map(len, (altered or {}).values())) <= len(inner)


def _read_or_refused(data: bytes) -> dict[str, bytes] | None:
    """What is in an archive; None where it is refused. Anything else that it raises is a failure."""
    try:
        return _read(data)
    except UserError:
        return None
