from __future__ import annotations

from pathlib import Path

import pytest

from runner.variables.value_file import MAX_VALUE_BYTES
from tests.runner.variables.sources.reading import read
from tests.support.problems import refusal


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"key\n", "key"),
        (b"key\r\n", "key"),
        (b"two\nlines\n\n", "two\nlines\n"),
        (b"", ""),
        (b"bare", "bare"),
        (b"a\r\nb", "a\r\nb"),
    ],
)
def test_a_file_without_its_last_line_end(tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "key").write_bytes(content)
    assert read({"file": "key"}, tmp_path) == text


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (".", "is neither a file nor a pipe [variable-file]"),
        ("binary", "is not UTF-8 text [variable-file]"),
        ("large", "holds more than 1,048,576 bytes [variable-file]"),
        ("/dev/zero", "is neither a file nor a pipe [variable-file]"),
    ],
)
def test_a_file_that_gives_no_value(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * (MAX_VALUE_BYTES + 1))
    assert refusal(lambda: read({"file": name}, tmp_path)) == [f'"{tmp_path / name}" {complaint}']


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert refusal(lambda: read({"file": "nope"}, tmp_path)) == [
        f'there is no file "{tmp_path}/nope" [variable-file]'
    ]
