from __future__ import annotations

import itertools
import re
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from runner.execution.lines import LineLimit, LineSplitter

LIMIT = LineLimit(plain=8, marker="##", marked=20)
BYTES = st.lists(
    st.sampled_from(
        [b"\n", b"\r", b"\r\n", b"a", b"bc", b"##", b"x" * 9, "é€😀".encode(), b"\xe2\x82", b"\xff"]
    )
).map(b"".join)


def split(chunks: list[bytes], limit: LineLimit = LIMIT) -> str:
    """The lines, those over their limit with one character more than it."""
    splitter = LineSplitter(limit)
    block = "".join([*(splitter.feed(chunk) for chunk in chunks), splitter.close()])
    return "".join(line[: limit.of(line) + 1] + "\n" for line in block.split("\n")[:-1])


def cuts(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(BYTES, st.lists(st.integers(0, 1000)))
def test_chunks_make_no_difference(data: bytes, at: list[int]) -> None:
    assert split(cuts(data, at)) == split([data])


@given(BYTES)
def test_byte_by_byte_makes_no_difference(data: bytes) -> None:
    assert split([data[n : n + 1] for n in range(len(data))]) == split([data])


@given(BYTES)
def test_lines_are_those_of_a_universal_reader(data: bytes) -> None:
    wide = LineLimit(plain=10_000, marker="##", marked=10_000)
    lines = re.split(r"\r\n|\r|\n", data.decode("utf-8", "replace"))
    expected = "".join(line + "\n" for line in lines[:-1]) + (lines[-1] + "\n" if lines[-1] else "")
    assert split([data], wide) == expected


def test_a_line_is_told_as_soon_as_it_ends() -> None:
    splitter = LineSplitter(LIMIT)
    assert splitter.feed(b"10 %\r") == "10 %\n"
    assert splitter.feed(b"\n20 %") == ""
    assert splitter.feed(b"\n") == "20 %\n"


def test_other_separators_do_not_end_a_line() -> None:
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f"
    assert split([text.encode()], LineLimit(100, "##", 100)) == text + "\n"


def test_of_a_long_line_one_character_more_than_allowed_is_kept() -> None:
    splitter = LineSplitter(LIMIT)
    assert splitter.feed(b"abcdefgh") == ""
    assert splitter.feed(b"ijk" * 1000) == ""
    assert splitter.feed(b"\nnext\n") == "abcdefghi\nnext\n"
    assert splitter.feed(b"12345678") + splitter.close() == "12345678\n"


def test_a_marked_line_may_be_longer() -> None:
    assert split([b"##", b"345678901234567890\n"]) == "##345678901234567890\n"
    assert split([b"#", b"#", b"345678901234567890", b"123\n"]) == "##3456789012345678901\n"


def test_a_gigabyte_without_a_line_end_takes_no_memory() -> None:
    splitter = LineSplitter(LineLimit(1024**2, "##", 2 * 1024**2))
    chunk = b"x" * 1024**2
    tracemalloc.start()
    for _ in range(1024):
        assert splitter.feed(chunk) == ""
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024**2
    assert len(splitter.close()) == 1024**2 + 2
