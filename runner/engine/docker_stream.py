"""The attached stream of a container: both outputs in one connection, in frames with a header of 8 bytes.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.engine.base import Stream

BUFFER_SIZE = 1024 * 1024
HEADER_SIZE = 8

_STREAMS = {1: Stream.STDOUT, 2: Stream.STDERR}

Receive = Callable[[memoryview], int]
"""Fills the start of a buffer, blocking until there is something, and returns how much; 0 at the end."""


class BrokenStream(Exception):
    """The connection ended inside a frame, or what came is not a frame."""


def demultiplex(receive: Receive) -> Iterator[tuple[Stream, bytes]]:
    """Chunks of the two streams, in the order of the frames; neighbours of one stream come as one chunk.

    Raises BrokenStream.
    """
    buffer = bytearray(BUFFER_SIZE)
    view = memoryview(buffer)
    filled = 0
    while count := receive(view[filled:]):
        filled += count
        chunks, used = _whole_frames(buffer, view, filled)
        yield from chunks
        rest = filled - used
        if used and rest:
            view[:rest] = bytes(view[used:filled])
        filled = rest
        if filled == len(buffer):
            view.release()
            buffer.extend(bytes(len(buffer)))
            view = memoryview(buffer)
    if filled:
        raise BrokenStream("the connection ended inside a frame")


def _whole_frames(buffer: bytearray, view: memoryview, filled: int) -> tuple[list[tuple[Stream, bytes]], int]:
    """The chunks of all complete frames in `buffer[:filled]`, and how many bytes those took."""
    chunks: list[tuple[Stream, bytes]] = []
    run: list[memoryview] = []
    kind = 0
    position = 0
    while filled - position >= HEADER_SIZE:
        start = position + HEADER_SIZE
        end = start + int.from_bytes(view[position + 4 : start])
        if end > filled:
            break
        if buffer[position] != kind:
            _flush(chunks, kind, run)
            kind = buffer[position]
            run = []
        run.append(view[start:end])
        position = end
    _flush(chunks, kind, run)
    return chunks, position


def _flush(chunks: list[tuple[Stream, bytes]], kind: int, run: list[memoryview]) -> None:
    if not run:
        return
    if kind not in _STREAMS:
        raise BrokenStream(f"frame of unknown kind {kind}")
    if chunk := b"".join(run):
        chunks.append((_STREAMS[kind], chunk))
