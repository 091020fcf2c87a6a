from __future__ import annotations

import io
import os
import shutil
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from registry.errors import Unavailable
from runner.execution.artifacts import (
    Artifact,
    ArtifactLimits,
    ArtifactStore,
    file_name,
)
from runner.execution.container_files import ArtifactMissing, ArtifactRefused, CollectionEnded, ContainerFiles


def entry(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, len(content), 0o6755
    return info, content


def tar(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def folder(name: str = "d", mode: int = 0o755, uid: int = 0) -> tuple[tarfile.TarInfo, bytes]:
    info, _ = entry(name, kind=tarfile.DIRTYPE)
    info.mode, info.uid, info.gid = mode, uid, uid
    return info, b""


def container(files: dict[str, bytes], chunk: int = 700, user: int = 1000, **options: Any) -> ContainerFiles:
    """What is at each path, as tar streams in chunks that fit nothing; the folders above are root's, but the work
    directory is the user's."""
    folders = {str(parent): tar(folder()) for path in files for parent in PurePosixPath(path).parents}
    there = {**folders, "/treadle/work": tar(folder(uid=user)), **files}

    def fetch(path: str) -> Iterator[bytes]:
        if path not in there:
            raise FileNotFoundError(path)
        for start in range(0, len(there[path]), chunk):
            yield there[path][start : start + chunk]

    return ContainerFiles(fetch, **options)


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.name.startswith(".part"))


def test_a_file(tmp_path: Path) -> None:
    content = os.urandom(100_000)
    fetch = container({"/treadle/work/a.bin": tar(entry("a.bin", content))})
    artifact = ArtifactStore(tmp_path).collect(fetch, "/treadle/work/a.bin", "Report.bin", "deploy@web-1")
    assert artifact == Artifact("Report.bin", "artifacts/deploy@web-1/Report.bin", 100_000)
    assert (tmp_path / artifact.path).read_bytes() == content
    assert left_over(tmp_path) == []


def test_an_empty_file_with_a_relative_path(tmp_path: Path) -> None:
    fetch = container({"/treadle/work/a": tar(entry("a"))})
    assert ArtifactStore(tmp_path).collect(fetch, "a", "a", "x").size == 0


def test_the_same_name_twice_is_two_artifacts(tmp_path: Path) -> None:
    fetch = container({"/a": tar(entry("a", b"1")), "/b": tar(entry("b", b"2"))})
    store = ArtifactStore(tmp_path)
    paths = [store.collect(fetch, path, "log.tar.gz", "x").path for path in ("/a", "/b", "/a")]
    assert paths == ["artifacts/x/log.tar.gz", "artifacts/x/log-2.tar.gz", "artifacts/x/log-3.tar.gz"]
    assert [(tmp_path / path).read_bytes() for path in paths] == [b"1", b"2", b"1"]


def test_a_folder_is_packed_without_what_is_no_file(tmp_path: Path) -> None:
    fetch = container(
        {
            "/logs": tar(
                entry("logs", kind=tarfile.DIRTYPE),
                entry("logs/a.txt", b"hello"),
                entry("logs/link", kind=tarfile.SYMTYPE, link="/etc/passwd"),
                entry("logs/hard", kind=tarfile.LNKTYPE, link="logs/a.txt"),
                entry("logs/pipe", kind=tarfile.FIFOTYPE),
                entry("logs/../../b.txt", b"out"),
                entry("/etc/c.txt", b"out"),
                entry("logs/sub/d.txt", b"deep"),
            )
        }
    )
    artifact = ArtifactStore(tmp_path).collect(fetch, "/logs", "logs", "x")
    assert artifact.path == "artifacts/x/logs.tar.gz"
    with tarfile.open(tmp_path / artifact.path) as packed:
        assert packed.getnames() == ["logs", "logs/a.txt", "logs/sub/d.txt"]
        assert {member.mode for member in packed} == {0o755}
        content = packed.extractfile("logs/a.txt")
        assert content is not None
        assert content.read() == b"hello"
    assert artifact.left_out == (
        "logs/link: is a link",
        "logs/hard: is a link",
        "logs/pipe: is not a file",
        "logs/../../b.txt: leads out of the folder",
        "/etc/c.txt: leads out of the folder",
    )


def test_a_link_is_followed(tmp_path: Path) -> None:
    fetch = container(
        {
            "/treadle/work/current": tar(entry("current", kind=tarfile.SYMTYPE, link="releases/../2/b")),
            "/treadle/work/releases": tar(folder()),
            "/treadle/work/2": tar(entry("2", kind=tarfile.SYMTYPE, link="/treadle/work/two")),
            "/treadle/work/two/b": tar(entry("b", kind=tarfile.SYMTYPE, link="c")),
            "/treadle/work/two/c": tar(entry("c", b"content")),
        }
    )
    artifact = ArtifactStore(tmp_path).collect(fetch, "current", "current", "x")
    assert (tmp_path / artifact.path).read_bytes() == b"content"


@pytest.mark.parametrize("to", ["/etc/shadow", "../../etc/shadow", "sub/../../x"])
def test_a_link_that_leads_out_is_refused(tmp_path: Path, to: str) -> None:
    link = tar(entry("link", kind=tarfile.SYMTYPE, link=to))
    there = {
        "/treadle/work/link": link,
        "/etc/shadow": tar(entry("shadow", b"x")),
        "/treadle/x": tar(entry("x")),
    }
    with pytest.raises(ArtifactRefused, match="leads out of its folder"):
        ArtifactStore(tmp_path).collect(container(there), "link", "link", "x")


def test_a_folder_on_the_way_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    there = {
        "/treadle/work/d": tar(entry("d", kind=tarfile.SYMTYPE, link="/data")),
        "/data/f": tar(entry("f", b"x")),
    }
    with pytest.raises(
        ArtifactRefused, match='the link "/treadle/work/d" leads out of its folder, to "/data"'
    ):
        ArtifactStore(tmp_path).collect(container(there), "d/f", "f", "x")


def test_a_work_directory_that_became_a_link_is_no_way_out(tmp_path: Path) -> None:
    there = {
        "/treadle/work": tar(entry("work", kind=tarfile.SYMTYPE, link="/root")),
        "/root/f": tar(entry("f", b"x")),
    }
    with pytest.raises(ArtifactRefused, match="leads out of its folder"):
        ArtifactStore(tmp_path).collect(container(there), "f", "f", "x")


@pytest.mark.parametrize(
    ("mode", "owner", "user", "kept"),
    [
        (0o600, 0, 1000, False),
        (0o640, 0, 1000, False),
        (0o604, 0, 1000, True),
        (0o400, 1000, 1000, True),
        (0o044, 1000, 1000, False),
        (0o600, 1000, 0, False),
        (0o600, 0, 0, True),
    ],
)
def test_only_what_the_user_may_read_is_kept(
    tmp_path: Path, mode: int, owner: int, user: int, kept: bool
) -> None:
    info, content = entry("f", b"content")
    info.mode, info.uid, info.gid = mode, owner, owner
    files = container({"/data/f": tar((info, content))}, user=user)
    if kept:
        assert ArtifactStore(tmp_path).collect(files, "/data/f", "f", "x").size == 7
        return
    with pytest.raises(ArtifactRefused, match='the action\'s user may not read "/data/f"'):
        ArtifactStore(tmp_path).collect(files, "/data/f", "f", "x")
    assert left_over(tmp_path) == []


def test_the_group_counts_where_the_owner_is_another(tmp_path: Path) -> None:
    info, content = entry("f", b"content")
    info.mode, info.uid, info.gid = 0o640, 0, 1000
    assert ArtifactStore(tmp_path).collect(container({"/f": tar((info, content))}), "/f", "f", "x").size == 7


def test_root_with_the_capability_reads_everything(tmp_path: Path) -> None:
    info, content = entry("f", b"content")
    info.mode, info.uid = 0o600, 1000
    there = {"/data/f": tar((info, content))}
    assert (
        ArtifactStore(tmp_path).collect(container(there, user=0, privileged=True), "/data/f", "f", "x").size
    )
    with pytest.raises(ArtifactRefused):
        ArtifactStore(tmp_path).collect(container(there, user=999, privileged=True), "/data/f", "f", "x")


def test_every_folder_on_the_way_must_let_the_user_through(tmp_path: Path) -> None:
    there = {
        "/data": tar(folder("data")),
        "/data/private": tar(folder("private", 0o700)),
        "/data/private/f": tar(entry("f")),
    }
    with pytest.raises(ArtifactRefused, match="may not read"):
        ArtifactStore(tmp_path).collect(container(there), "/data/private/f", "f", "x")


def test_a_folder_is_packed_without_what_the_user_may_not_read(tmp_path: Path) -> None:
    secret, _ = entry("d/secret")
    secret.mode = 0o600
    there = {
        "/d": tar(
            folder("d"),
            entry("d/a"),
            folder("d/closed", 0o700),
            entry("d/closed/b"),
            folder("d/closed/deep"),
            entry("d/closed/deep/c"),
            entry("d/closed/z"),
            (secret, b""),
        )
    }
    artifact = ArtifactStore(tmp_path).collect(container(there), "/d", "d", "x")
    with tarfile.open(tmp_path / artifact.path) as packed:
        assert packed.getnames() == ["d", "d/a"]
    assert artifact.left_out[0] == "d/closed: the action's user may not read it"
    assert len(artifact.left_out) == 6


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    fetch = container({"/a": tar(entry("a", kind=tarfile.SYMTYPE, link="a"))})
    with pytest.raises(ArtifactRefused, match='"a" is a link that leads nowhere'):
        ArtifactStore(tmp_path).collect(fetch, "/a", "a", "x")


def test_a_device_is_refused(tmp_path: Path) -> None:
    fetch = container({"/dev/zero": tar(entry("zero", kind=tarfile.CHRTYPE))})
    with pytest.raises(ArtifactRefused, match="neither a file nor a folder"):
        ArtifactStore(tmp_path).collect(fetch, "/dev/zero", "zero", "x")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match=r'"a.txt" is not kept: there is no "/treadle/work/a.txt"'):
        ArtifactStore(tmp_path).collect(container({}), "a.txt", "a.txt", "x")
    assert left_over(tmp_path) == []


def test_a_hundred_gigabytes_are_refused_before_they_come(tmp_path: Path) -> None:
    info = tarfile.TarInfo("huge")
    info.size = 100 * 1024**3
    closed = threading.Event()
    sent = 0

    def fetch(_: str) -> Iterator[bytes]:
        nonlocal sent
        try:
            yield info.tobuf(tarfile.GNU_FORMAT)
            while True:
                sent += 1024**2
                yield bytes(1024**2)
        finally:
            closed.set()

    with pytest.raises(
        ArtifactRefused, match="it has at least 107,374,182,400 bytes; 1,073,741,824 are allowed"
    ):
        ArtifactStore(tmp_path).collect(ContainerFiles(fetch), "/huge", "huge", "x")
    assert closed.is_set()
    assert sent <= 8 * 1024**2
    assert left_over(tmp_path) == []


def test_a_folder_is_counted_while_it_comes(tmp_path: Path) -> None:
    entries = [entry("d", kind=tarfile.DIRTYPE), *(entry(f"d/{n}", bytes(1000)) for n in range(10))]
    store = ArtifactStore(tmp_path, ArtifactLimits(bytes_each=5000))
    with pytest.raises(ArtifactRefused, match="at least 5,048 bytes; 5,000 are allowed"):
        store.collect(container({"/d": tar(*entries)}), "/d", "d", "x")
    assert left_over(tmp_path) == []


def test_a_run_has_a_budget_and_gets_back_what_was_refused(tmp_path: Path) -> None:
    fetch = container({"/a": tar(entry("a", bytes(600))), "/big": tar(entry("big", bytes(900)))})
    store = ArtifactStore(tmp_path, ArtifactLimits(bytes_each=800, bytes_total=1300, number=4))
    store.collect(fetch, "/a", "a", "x")
    with pytest.raises(ArtifactRefused, match="at least 900"):
        store.collect(fetch, "/big", "big", "x")
    store.collect(fetch, "/a", "b", "y")
    with pytest.raises(ArtifactRefused, match='"c" is not kept: the artifacts of a run may have 1,300 bytes'):
        store.collect(fetch, "/a", "c", "y")
    with pytest.raises(CollectionEnded, match="a run may have 4 of them"):
        store.collect(fetch, "/a", "d", "y")


@pytest.mark.parametrize("keep", [100, 512, 700, 1500])
def test_a_stream_that_breaks_off(tmp_path: Path, keep: int) -> None:
    fetch = container({"/a": tar(entry("a", os.urandom(2000)))[:keep]})
    with pytest.raises(Unavailable, match='artifact "a" did not arrive completely'):
        ArtifactStore(tmp_path).collect(fetch, "/a", "a", "x")
    assert left_over(tmp_path) == []


def test_a_folder_that_breaks_off(tmp_path: Path) -> None:
    data = tar(entry("d", kind=tarfile.DIRTYPE), entry("d/a", os.urandom(9000)))[:3000]
    with pytest.raises(Unavailable, match="did not arrive completely"):
        ArtifactStore(tmp_path).collect(container({"/d": data}), "/d", "d", "x")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    store, files = ArtifactStore(tmp_path), container({"/a": tar(entry("a", b"1"))})
    store.collect(files, "/a", "a", "x")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match='cannot keep artifact "a": No space left on device'):
        store.settle()
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(Unavailable, match='cannot keep artifact "b": No space left on device'):
        store.collect(files, "/a", "b", "x")
    assert left_over(tmp_path) == []


def test_thousands_of_one_name_take_time_in_proportion(tmp_path: Path) -> None:
    store, files = ArtifactStore(tmp_path), container({"/a": tar(entry("a", b"1"))})
    started = time.monotonic()
    for _ in range(2_000):
        store.collect(files, "/a", "a.txt", "x")
    store.settle()
    assert time.monotonic() - started < 15
    assert (tmp_path / "artifacts/x/a-2000.txt").exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.html", "report.html"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("..", "artifact"),
        ("", "artifact"),
        (".bashrc", "_bashrc"),
        ("a/b\\c:d\n\0", "a_b_c_d__"),
        ("Bericht für März 1.0.pdf", "Bericht für März 1.0.pdf"),
        ("€" * 200 + ".tar.gz", "€" * 64 + ".tar.gz"),
    ],
)
def test_names_of_files(name: str, expected: str) -> None:
    assert file_name(name) == expected
    assert len(file_name(name, ".tar.gz").encode()) <= 200


def test_reading_ends_when_it_is_over_in_the_middle_of_a_file_even(tmp_path: Path) -> None:
    looks = iter([*[False] * 8, *[True] * 100])
    files = container({"/a": tar(entry("a", bytes(100_000)))}, is_over=lambda: next(looks))
    with pytest.raises(CollectionEnded):
        ArtifactStore(tmp_path).collect(files, "/a", "a", "x")
    assert next(looks)
    assert left_over(tmp_path) == []
