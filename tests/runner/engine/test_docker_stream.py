"""Taking the frames of an attached container apart, however they arrive."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.base import Stream
from runner.engine.docker_stream import BUFFER_SIZE, BrokenStream, demultiplex

KINDS = {Stream.STDOUT: 1, Stream.STDERR: 2}

frames = st.lists(st.tuples(st.sampled_from(Stream), st.binary(max_size=300)), max_size=30)


def encoded(chunks: Iterable[tuple[Stream, bytes]]) -> bytes:
    return b"".join(bytes((KINDS[kind], 0, 0, 0)) + len(chunk).to_bytes(4) + chunk for kind, chunk in chunks)


def received(content: bytes, step: int = BUFFER_SIZE) -> list[tuple[Stream, bytes]]:
    """What comes of `content` when at most `step` bytes arrive at a time."""
    source = io.BytesIO(content)
    return list(demultiplex(lambda buffer: source.readinto(buffer[:step])))


def merged(chunks: Iterable[tuple[Stream, bytes]]) -> list[tuple[Stream, bytes]]:
    """Neighbours of one stream as one chunk, empty ones left out."""
    result: list[tuple[Stream, bytes]] = []
    for kind, chunk in chunks:
        if chunk and result and result[-1][0] is kind:
            result[-1] = (kind, result[-1][1] + chunk)
        elif chunk:
            result.append((kind, chunk))
    return result


@given(frames, st.integers(1, 400))
def test_the_same_comes_out_for_every_way_of_arriving(chunks: list[tuple[Stream, bytes]], step: int) -> None:
    assert merged(received(encoded(chunks), step)) == merged(chunks)


def test_neighbours_of_one_stream_come_as_one_chunk() -> None:
    chunks = [(Stream.STDOUT, b"a"), (Stream.STDOUT, b"b"), (Stream.STDERR, b"c")]
    assert received(encoded(chunks)) == [(Stream.STDOUT, b"ab"), (Stream.STDERR, b"c")]


def test_a_frame_may_be_larger_than_the_buffer() -> None:
    large = bytes(range(256)) * (BUFFER_SIZE // 100)
    assert received(encoded([(Stream.STDERR, large)])) == [(Stream.STDERR, large)]


@pytest.mark.parametrize("missing", [1, 5, 9])
def test_an_end_inside_a_frame_is_told(missing: int) -> None:
    whole = encoded([(Stream.STDOUT, b"text")])
    with pytest.raises(BrokenStream, match="inside a frame"):
        received(whole[:-missing])


def test_what_is_no_frame_is_told() -> None:
    with pytest.raises(BrokenStream, match="unknown kind 72"):
        received(b"HTTP\0\0\0\1x")
