"""Values from files: a regular file or a pipe, with a limit and an end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from registry.errors import Invalid, NotFound
from runner.variables import value_file
from runner.variables.value_file import MAX_VALUE_BYTES, read_value_file


def test_a_file_is_read_without_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\r\ntwo\r\n")
    assert read_value_file(tmp_path / "a") == "one\r\ntwo"


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"x" * 200_000,))
    writer.start()
    assert read_value_file(tmp_path / "pipe") == "x" * 200_000
    writer.join()


def test_a_pipe_that_is_closed_already_is_empty() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    assert read_value_file(Path(f"/dev/fd/{reader}")) == ""
    os.close(reader)


def test_a_pipe_that_nobody_writes_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_file, "_WAIT_FOR_WRITER", 0.2)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="nobody who writes to it"):
        read_value_file(tmp_path / "pipe")


def test_a_pipe_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_file, "_WAIT_FOR_END", 0.2)
    os.mkfifo(tmp_path / "pipe")
    held = os.open(tmp_path / "pipe", os.O_RDWR)
    with pytest.raises(Invalid, match="did not end"):
        read_value_file(tmp_path / "pipe")
    os.close(held)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/tmp"])
def test_what_is_neither_file_nor_pipe_is_refused(path: str) -> None:
    with pytest.raises(Invalid, match="neither a file nor a pipe"):
        read_value_file(Path(path))


def test_a_value_has_a_limit(tmp_path: Path) -> None:
    (tmp_path / "most").write_bytes(b"x" * MAX_VALUE_BYTES)
    assert len(read_value_file(tmp_path / "most")) == MAX_VALUE_BYTES
    (tmp_path / "more").write_bytes(b"x" * (MAX_VALUE_BYTES + 1))
    with pytest.raises(Invalid, match="holds more than"):
        read_value_file(tmp_path / "more")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        read_value_file(tmp_path / "a")
