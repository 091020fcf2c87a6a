"""Masking a log as it comes: lines are held back as long as a secret may go on in the next, but not for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from runner.masking.finder import Finder, OpenEnd, Span
from runner.masking.masker import Masker, covered, merged
from runner.masking.patterns import Layout
from runner.model import Level

PATIENCE = 0.1
"""Seconds that a line is held back at most, for the end of a secret that may never come."""

_TELLING = 8  # bytes of a secret's beginning from which on it is hidden when the rest does not come in time
_TELLING_BASE64 = 16

Batch = tuple[Level, list[str]]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole lines of one level, held back since a moment."""

    level: Level
    data: bytes
    since: float


class LineMasker:
    """Masks the lines of one stream, in order. Not thread-safe; its `Masker` is.

    `clock` tells seconds, for `release_overdue`.
    """

    def __init__(self, masker: Masker, clock: Clock = time.monotonic) -> None:
        self._masker = masker
        self._clock = clock
        self._held: list[_Block] = []
        # Lines that were given out although a secret may have begun in them; a hit may begin there.
        self._context = b""
        self._covered = 0  # so many bytes from the start are under a mask that was shown already

    @property
    def deadline(self) -> float | None:
        """When `release_overdue` has something to give out, by the clock; None if nothing is held back."""
        return self._held[0].since + PATIENCE if self._held else None

    def feed(self, level: Level, block: str) -> Iterator[Batch]:
        """The lines of `block` (each ended by a line feed), masked, as far as they can be told now."""
        finder = self._masker.finder()
        if not finder and not self._held:
            yield level, block[:-1].split("\n")
            return
        data = block.encode("utf-8", "surrogatepass")
        if self._held or self._context:
            self._held.append(_Block(level, data, self._clock()))
            yield from self._release(finder)
            return
        found = finder.look(data)
        if found.spans or found.open_end:
            self._held.append(_Block(level, data, self._clock()))
            yield from self._give_out(data, merged(found.spans), _up_to(data, found.open_end), found.open_end)
        else:
            yield level, block[:-1].split("\n")

    def release_overdue(self) -> Iterator[Batch]:
        """What was held back for too long. The beginning of a secret is hidden if it is long enough to be one."""
        deadline = self.deadline
        if deadline is not None and deadline <= self._clock():
            yield from self._release(self._masker.finder(), at_once=True)

    def close(self) -> Iterator[Batch]:
        """What was held back: nothing follows that could complete a match."""
        data = self._data()
        found = self._masker.finder().look(data)
        spans, open_end = found.spans, found.open_end
        if open_end and open_end.layout is Layout.WRAPPED and open_end.length >= _TELLING_BASE64:
            spans.append((open_end.start, len(data) - 1))
        yield from self._give_out(data, self._with_covered(spans), len(data), None)

    def _data(self) -> bytes:
        return b"".join((self._context, *(block.data for block in self._held)))

    def _with_covered(self, spans: Iterable[Span]) -> list[Span]:
        return merged([*([(-1, self._covered)] if self._covered else []), *spans])

    def _release(self, finder: Finder, at_once: bool = False) -> Iterator[Batch]:
        """The held lines, up to the one where a secret may have begun; with `at_once` those, too."""
        data = self._data()
        found = finder.look(data)
        spans, open_end = found.spans, found.open_end
        if not at_once or open_end is None:
            yield from self._give_out(data, self._with_covered(spans), _up_to(data, open_end), open_end)
            return
        hidden = open_end.length >= _TELLING
        if hidden:
            spans.append((open_end.start, len(data) - 1))
        yield from self._give_out(data, self._with_covered(spans), len(data), open_end)
        if hidden:
            self._covered = len(self._context)

    def _give_out(
        self, data: bytes, spans: Sequence[Span], ready: int, open_end: OpenEnd | None
    ) -> Iterator[Batch]:
        """The held lines before `ready`; what a secret may have begun in is kept, as context if it is given out."""
        start = len(self._context)
        ready = max(ready, start)
        # Of a hit that began in lines given out in clear, the mask comes now.
        spans = [(start if 0 <= begin < start < end else begin, end) for begin, end in spans]
        yield from _rendered(data, spans, list(self._split_held(start, ready)))
        kept_from = min(ready, _up_to(data, open_end))
        self._context = data[kept_from:ready]
        self._covered = max((end - kept_from for begin, end in spans if begin < kept_from < end), default=0)

    def _split_held(self, start: int, ready: int) -> Iterator[tuple[Level, int, int]]:
        """Level, start and end of the held blocks' lines before `ready`; the others stay held."""
        left: list[_Block] = []
        for block in self._held:
            end = start + len(block.data)
            if start < ready:
                yield block.level, start, min(end, ready)
            if end > ready:
                left.append(_Block(block.level, block.data[max(0, ready - start) :], block.since))
            start = end
        self._held = left


def _up_to(data: bytes, open_end: OpenEnd | None) -> int:
    """Where the line begins that has `open_end`; else the end of `data`."""
    return len(data) if open_end is None else data.rfind(b"\n", 0, open_end.start) + 1


def _rendered(data: bytes, spans: Sequence[Span], parts: Iterable[tuple[Level, int, int]]) -> Iterator[Batch]:
    """The lines of the parts, masked, as batches of one level."""
    for level, group in groupby(parts, key=lambda part: part[0]):
        ranges = list(group)
        text = covered(data, spans, ranges[0][1], ranges[-1][2]).decode("utf-8", "surrogatepass")
        if text:
            yield level, text[:-1].split("\n")
