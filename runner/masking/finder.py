"""Finding many patterns at once: one automaton over the squeezed text, then a look at what is in the gaps.

The automaton is Aho and Corasick's as `ahocorasick_rs` has it: it takes bytes, hence UTF-8 with a translation table's
speed in front of it, and reads on at about 150 MB/s with the 5,000 patterns of a few hundred secrets. pyahocorasick
takes text only and does a quarter of that; an expression of `re` for as many alternatives is slower by far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from runner.masking.patterns import MAX_GAP, MINIMUM, Layout, Pattern, ends_wrapped
from runner.masking.squeezing import DROPPED, advance, retreat, squeeze, views
from runner.masking.wrapped import WrappedFinder

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

Span = tuple[int, int]
"""Start and end of a hit, in bytes."""

_FEW = 500  # patterns that may be added before the large automaton is built anew


@dataclass(frozen=True, slots=True)
class OpenEnd:
    """The end of a text, from `start` on, with which a secret may begin: its first `length` bytes, squeezed.

    `length` is 0 where they are too common to be hidden if the rest does not come.
    """

    start: int
    length: int
    layout: Layout


@dataclass(frozen=True, slots=True)
class Found:
    """What is in some lines: hits, in order, and what the next line may complete."""

    spans: list[Span]
    open_end: OpenEnd | None


class _Automaton:
    """Patterns by their squeezed text; those too short for that are looked for as they are."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        found: dict[bytes, list[Pattern]] = defaultdict(list)
        self.odd: list[bytes] = []
        for pattern in patterns:
            if len(pattern.text) >= MINIMUM:
                found[pattern.text].append(pattern)
            else:
                self.odd.append(_as_printed(pattern))
        self._patterns = list(found.values())
        self._simple = [all(not p.gaps and not p.breaks for p in patterns) for patterns in self._patterns]
        self._automaton = _automaton(found)

    def spans(self, data: bytes) -> Iterator[Span]:
        """Where patterns occur, by their ends; hits inside the one before are left out."""
        for odd in self.odd:
            yield from _exactly(odd, data)
        hits = self._automaton.find_matches_as_indexes(squeeze(data), overlapping=True)
        position = counted = 0
        last: Span = (0, 0)
        ends: dict[int, Span] = {}  # of patterns without gaps: where the last hit ended, squeezed and not
        for number, begin, end in hits:
            position, counted = advance(data, position, end - counted), end
            # What repeats itself, "aaaa", has a hit at every character: the next one only makes the last one longer.
            counted_before, before = ends.get(number, (begin, 0))
            if position - before == end - counted_before < end - begin:
                last = min(last[0], before), position
                ends[number] = end, position
                continue
            start = retreat(data, position, end - begin)
            if self._simple[number] and position - start == end - begin:
                ends[number] = end, position
            if last[0] <= start and position <= last[1]:
                continue
            hit = self._checked(number, data, start, position, end - begin)
            if hit is not None:
                if last[1]:
                    yield last
                last = hit
        if last[1]:
            yield last

    def _checked(self, number: int, data: bytes, start: int, end: int, kept: int) -> Span | None:
        """The hit with what belongs to it, if what stands in its gaps fits one of the patterns of that text."""
        found = [
            pattern.around(data, start, end)
            for pattern in self._patterns[number]
            if pattern.fits(data, start, end, kept)
        ]
        return (min(found)[0], max(end for _, end in found)) if found else None


class _Beginnings:
    """The first bytes of patterns, to find out which of them a text ends with."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        heads: dict[bytes, list[Pattern]] = defaultdict(list)
        self._shorter: dict[bytes, list[Pattern]] = defaultdict(list)
        self._longest = 0
        for pattern in patterns:
            if len(pattern.text) < MINIMUM:
                continue
            heads[pattern.text[:MINIMUM]].append(pattern)
            self._longest = max(self._longest, len(pattern.text))
            for length in range(1, MINIMUM):
                self._shorter[pattern.text[:length]].append(pattern)
        self._heads = list(heads.values())
        self._automaton = _automaton(heads)

    def open_end(self, data: bytes, may_go_on: Callable[[Pattern, int, int], bool]) -> OpenEnd | None:
        """The longest end of `data` that a pattern begins with.

        `may_go_on` is asked with the pattern, how much of it is there, and where that ends.
        """
        if not self._longest:
            return None
        end = len(data.rstrip(DROPPED))
        if len(data) - end > MAX_GAP:
            return None
        tail = squeeze(data)[1 - self._longest :]
        for pattern, length in self._candidates(tail):
            start = retreat(data, end, length)
            if pattern.fits(data, start, end, length) and may_go_on(pattern, length, end):
                return OpenEnd(start, length, pattern.layout)
        return None

    def _candidates(self, tail: bytes) -> Iterator[tuple[Pattern, int]]:
        for number, begin, _ in self._automaton.find_matches_as_indexes(tail, overlapping=True):
            rest = tail[begin:]
            for pattern in self._heads[number]:
                if len(rest) < len(pattern.text) and pattern.text.startswith(rest):
                    yield pattern, len(rest)
        for length in range(min(MINIMUM - 1, len(tail)), 0, -1):
            for pattern in self._shorter.get(tail[-length:], ()):
                yield pattern, length


@dataclass(frozen=True)
class Finder:
    """An immutable set of patterns to look for."""

    settled: frozenset[Pattern] = frozenset()
    recent: frozenset[Pattern] = frozenset()
    wrapped: WrappedFinder = field(default_factory=WrappedFinder)
    _large: _Automaton | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.settled or self.recent)

    def plus(self, patterns: Iterable[Pattern], texts: Iterable[bytes] = ()) -> Finder:
        """These and `patterns`, and `texts` that may be broken into pieces."""
        wrapped = self.wrapped.plus(texts)
        recent = self.recent.union(patterns) - self.settled
        # Growing by a part of what is there, the large automaton is built anew only now and then.
        if len(recent) <= max(_FEW, len(self.settled) // 4):
            return Finder(self.settled, recent, wrapped, self._large)
        settled = self.settled | recent
        return Finder(settled, frozenset(), wrapped, _Automaton(settled))

    def spans(self, data: bytes) -> list[Span]:
        """Where they occur, in order; of hits inside others some are left out."""
        return self.look(data, go_on=False).spans

    def look(self, lines: bytes, go_on: bool = True) -> Found:
        """Where they occur in whole lines, and, with `go_on`, what the last of these ends with."""
        if not self:
            return Found([], None)
        spans = list(self._spans(lines))
        pieces, begun = self.wrapped.look(lines)
        spans += pieces
        ends = [self._open_end(lines)] if go_on else []
        if go_on and begun is not None:
            ends.append(OpenEnd(begun, 0, Layout.LINE))
        for view in views(lines):
            seen = self._spans(view.data)
            spans += ((view.original(start), view.original(end - 1) + 1) for start, end in seen)
            if go_on and (end := self._open_end(view.data)):
                ends.append(replace(end, start=view.original(end.start)))
        return Found(sorted(spans), _longest(ends))

    def cut_end(self, text: bytes) -> OpenEnd | None:
        """What `text` ends with that more of the same line might have completed."""
        return self._all.open_end(text, lambda pattern, length, end: True)

    def _spans(self, data: bytes) -> Iterator[Span]:
        if self._large is not None:
            yield from self._large.spans(data)
        if self.recent:
            yield from self._small.spans(data)

    def _open_end(self, data: bytes) -> OpenEnd | None:
        def may_go_on(pattern: Pattern, length: int, end: int) -> bool:
            return pattern.breaks_at(length, data, end)

        found = [self._of_lines.open_end(data, may_go_on)]
        end = len(data.rstrip(DROPPED))
        if ends_wrapped(data, end):
            found.append(self._wrapped.open_end(data, may_go_on))
        return _longest(found)

    @cached_property
    def _small(self) -> _Automaton:
        return _Automaton(self.recent)

    @cached_property
    def _all(self) -> _Beginnings:
        return _Beginnings(self.settled | self.recent)

    @cached_property
    def _of_lines(self) -> _Beginnings:
        return self._beginnings(Layout.LINES, Layout.DOCUMENT)

    @cached_property
    def _wrapped(self) -> _Beginnings:
        return self._beginnings(Layout.WRAPPED)

    def _beginnings(self, *layouts: Layout) -> _Beginnings:
        return _Beginnings(p for p in (*self.settled, *self.recent) if p.layout in layouts)


def _longest(ends: Iterable[OpenEnd | None]) -> OpenEnd | None:
    return min((end for end in ends if end), key=lambda end: end.start, default=None)


def _automaton(texts: Iterable[bytes]) -> BytesAhoCorasick:
    from ahocorasick_rs import BytesAhoCorasick  # 4 ms that commands without secrets do not pay

    return BytesAhoCorasick(texts)


def _as_printed(pattern: Pattern) -> bytes:
    pieces = [pattern.lead]
    for at in range(len(pattern.text)):
        pieces += (pattern.gaps.get(at, b""), pattern.text[at : at + 1])
    return b"".join((*pieces, pattern.trail))


def _exactly(text: bytes, data: bytes) -> Iterator[Span]:
    start = data.find(text)
    while start >= 0:
        yield start, start + len(text)
        start = data.find(text, start + 1)
