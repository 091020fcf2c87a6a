"""Looking for many texts at once: which forms a secret may take, and where they occur."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

MINIMUM = 4
"""Shorter values are not secrets: nobody could hide every "1" of a log."""

MINIMUM_LINE = 8
"""From this length on a line of a multi-line secret is hidden by itself."""

_MINIMUM_BASE64 = 8
_ONE_BY_ONE = 400  # up to here looking for each needle in turn beats an expression for all of them

Span = tuple[int, int]
"""Start and end of a hit, in characters."""


def forms(values: Iterable[str]) -> tuple[set[str], set[str]]:
    """What to look for inside single lines, and in lines taken as joined, to hide `values`."""
    in_line: set[str] = set()
    joined: set[str] = set()
    for value in values:
        lines = [line for line in re.split(r"[\r\n]+", value) if line]
        text = "".join(lines)
        if len(text) < MINIMUM or not text.strip():
            continue
        (in_line if len(lines) == 1 else joined).add(text)
        if len(lines) > 1:
            in_line.update(line.strip() for line in lines if len(line) >= MINIMUM_LINE)
        in_line.update(_encoded(value))
    return {needle for needle in in_line if len(needle) >= MINIMUM}, joined


def _encoded(value: str) -> Iterator[str]:
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    data = value.encode("utf-8", "surrogatepass")
    for safe in ("", "/", "!'()*"):  # as most libraries do, as curl and urllib do, as encodeURIComponent does
        yield quote(data, safe=safe)
    yield quote_plus(data)
    yield from _base64_cores(data)


def _base64_cores(data: bytes) -> Iterator[str]:
    """What the base64 of any text with `data` in it holds, for each of the three ways it can be aligned."""
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data).decode()
        first, last = -(-offset * 8 // 6), (offset + len(data)) * 8 // 6
        core = encoded[first:last]
        if len(core) < _MINIMUM_BASE64:
            if offset:
                continue
            core = encoded  # too short to be told from other text, but for its padding
        yield core
        yield core.translate({ord("+"): "-", ord("/"): "_"})


@dataclass(frozen=True, slots=True)
class _Many:
    """Needles found by their first characters: one expression for all heads, then a look into the set.

    `lengths` are those of the needles with a head, the longest first.
    """

    needles: frozenset[str]
    heads: re.Pattern[str]
    lengths: Mapping[str, list[int]]

    @classmethod
    def of(cls, needles: frozenset[str]) -> _Many:
        found: dict[str, set[int]] = defaultdict(set)
        for needle in needles:
            found[needle[:MINIMUM]].add(len(needle))
        lengths = {head: sorted(sizes, reverse=True) for head, sizes in found.items()}
        return cls(needles, re.compile(_alternatives(sorted(lengths))), lengths)

    def spans(self, text: str) -> Iterator[Span]:
        at = self.heads.search(text)
        while at is not None:
            start = at.start()
            # The longest is enough: the others that begin here lie inside it.
            for length in self.lengths[at[0]]:
                if text[start : start + length] in self.needles:
                    yield start, start + length
                    break
            at = self.heads.search(text, start + 1)


def _alternatives(words: list[str]) -> str:
    """An expression for any of `words`, sorted and of one length, as a tree of their characters."""
    if not words[0]:
        return ""
    by_first: dict[str, list[str]] = defaultdict(list)
    for word in words:
        by_first[word[0]].append(word[1:])
    return "(?:" + "|".join(re.escape(c) + _alternatives(rest) for c, rest in by_first.items()) + ")"


@dataclass(frozen=True, slots=True)
class Needles:
    """An immutable set of texts, none shorter than `MINIMUM`, to look for."""

    few: tuple[str, ...] = ()
    settled: frozenset[str] = frozenset()
    many: _Many | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.few or self.settled)

    def plus(self, needles: Iterable[str]) -> Needles:
        """These and `needles`."""
        few = tuple({*self.few, *needles} - self.settled)
        # Growing by a part of what is there, the expression is made anew only now and then.
        if len(few) <= max(_ONE_BY_ONE, len(self.settled) // 4):
            return Needles(few, self.settled, self.many)
        settled = self.settled.union(few)
        return Needles((), settled, _Many.of(settled))

    def spans(self, text: str) -> Iterator[Span]:
        """Where they occur, in no order; hits inside or overlapping others may be left out or be made one."""
        for needle in self.few:
            start = text.find(needle)
            while start >= 0:
                end = last = start
                while last >= 0:  # and what overlaps it: of "aaaaa..." there may be millions
                    end = last + len(needle)
                    last = text.find(needle, last + 1, end + len(needle) - 1)
                yield start, end
                start = text.find(needle, end)
        if self.many is not None:
            yield from self.many.spans(text)

    def open_end(self, text: str) -> int:
        """Where the longest end of `text` starts that one of them begins with; else the text's length."""
        result = len(text)
        for needle in (*self.few, *self.settled):
            start = text.find(needle[0], max(0, len(text) - len(needle) + 1), result)
            while start >= 0:
                if needle.startswith(text[start:]):
                    result = start
                    break
                start = text.find(needle[0], start + 1, result)
        return result
