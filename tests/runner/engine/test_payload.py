"""The tar that a waiting container is given."""

from __future__ import annotations

import io
import tarfile

from runner.engine.payload import PRIVATE_DIR, START_FILE, WORK_DIR, Payload, PayloadFile

PAYLOAD = Payload(
    (
        PayloadFile(f"{WORK_DIR}/folder/", mode=0o755),
        PayloadFile(f"{WORK_DIR}/folder/file", b"four", 0o644),
        PayloadFile(f"{PRIVATE_DIR}/secret", b"sixsix"),
        PayloadFile(START_FILE, b"exit 0"),
    )
)


def test_files_keep_order_modes_and_contents() -> None:
    with tarfile.open(fileobj=io.BytesIO(PAYLOAD.to_tar())) as tar:
        entries = [(one.name, one.mode, one.isdir()) for one in tar]
        assert entries == [
            ("treadle/work/folder", 0o755, True),
            ("treadle/work/folder/file", 0o644, False),
            ("run/treadle/secret", 0o600, False),
            ("run/treadle/start", 0o600, False),
        ]
        file = tar.extractfile("treadle/work/folder/file")
        assert file is not None
        assert file.read() == b"four"


def test_long_and_odd_names_survive() -> None:
    name = f"{WORK_DIR}/{'long/' * 60}ünïcode '\" name"
    with tarfile.open(fileobj=io.BytesIO(Payload((PayloadFile(name, b"x"),)).to_tar())) as tar:
        assert tar.getnames() == [name.strip("/")]


def test_only_what_lies_on_the_tmpfs_counts_as_private() -> None:
    assert PAYLOAD.private_size == len(b"sixsix") + len(b"exit 0")


def test_a_link_points_where_it_was_told() -> None:
    payload = Payload((PayloadFile("/treadle/work/a.txt", link_to="/run/treadle/files/0-a.txt"),))
    with tarfile.open(fileobj=io.BytesIO(payload.to_tar())) as tar:
        (entry,) = tar
    assert entry.issym()
    assert (entry.name, entry.linkname) == ("treadle/work/a.txt", "/run/treadle/files/0-a.txt")
