"""Secrets that a formatter has broken: in the cells of a table, or where lines are wrapped at a width.

PowerShell does that in tables, lists and errors where a script asks for few columns. A piece of the secret ends a cell
or a line; the next one begins a line below, in the same column, or at the beginning of the line, behind blanks and the
bar that PowerShell draws beside errors.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

Span = tuple[int, int]

HEAD = 6
"""Bytes that the first piece has at least: a narrower column is not looked for."""

SHORTEST = 8
"""Bytes of a secret from which on it is looked for in pieces."""

MOST_LINES = 200
"""Lines over which a secret is followed."""

_FEW = 16
_RECENT = 500

_INDENT = re.compile(rb" *(?:\| ?)?")


class _Heads:
    """Secrets by their first bytes."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self.secrets: dict[bytes, list[bytes]] = defaultdict(list)
        for secret in secrets:
            self.secrets[secret[:HEAD]].append(secret)
        self._heads = list(self.secrets)
        self._automaton = _automaton(self._heads) if len(self._heads) > _FEW else None

    def begun(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """The secrets that begin in `data`, and where. Searching for each is quicker while there are few."""
        if self._automaton is not None:
            for number, start, _ in self._automaton.find_matches_as_indexes(data, overlapping=True):
                yield from ((secret, start) for secret in self.secrets[self._heads[number]])
            return
        for head, secrets in self.secrets.items():
            start = data.find(head)
            while start >= 0:
                yield from ((secret, start) for secret in secrets)
                start = data.find(head, start + 1)


@dataclass(frozen=True)
class WrappedFinder:
    """Finds secrets in pieces. Immutable; new ones are gathered before the large search is built anew."""

    settled: frozenset[bytes] = frozenset()
    recent: frozenset[bytes] = frozenset()
    _large: _Heads | None = field(default=None, repr=False)

    def plus(self, secrets: Iterable[bytes]) -> WrappedFinder:
        """These and `secrets`."""
        new = {secret for secret in secrets if len(secret) >= SHORTEST and b"\n" not in secret}
        recent = self.recent.union(new) - self.settled
        if len(recent) <= max(_RECENT, len(self.settled) // 4):
            return WrappedFinder(self.settled, recent, self._large)
        settled = self.settled | recent
        return WrappedFinder(settled, frozenset(), _Heads(settled))

    def look(self, data: bytes) -> tuple[list[Span], int | None]:
        """The pieces of secrets in whole lines, and where one begins that the lines to come may complete."""
        spans: list[Span] = []
        first_open: int | None = None
        for secret, start in self._begun(data):
            pieces, ended = _followed(secret, data, start)
            if ended:
                spans += pieces
            elif pieces:
                first_open = start if first_open is None else min(first_open, start)
        return spans, first_open

    def _begun(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        if self._large is not None:
            yield from self._large.begun(data)
        if self.recent:
            yield from self._small.begun(data)

    @cached_property
    def _small(self) -> _Heads:
        return _Heads(self.recent)


def _followed(secret: bytes, data: bytes, start: int) -> tuple[list[Span], bool]:
    """The pieces of `secret` whose first one begins at `start`, and whether they are all of it.

    Empty where it goes on in another way, or is whole: that is found without us.
    """
    length = _common(secret, data, start)
    if length == len(secret) or not _ends_cell(data, start + length):
        return [], False
    pieces = [(start, start + length)]
    column = _column(data, start)
    line = data.find(b"\n", start) + 1
    for _ in range(MOST_LINES):
        if line >= len(data):
            return pieces, False
        rest = secret[length:].lstrip(b" ")
        found = _next_piece(rest, data, line, column)
        if found is None:
            return [], False
        pieces.append(found)
        length = len(secret) - len(rest) + found[1] - found[0]
        if length == len(secret):
            return pieces, True
        line = data.find(b"\n", line) + 1
    return [], False


def _next_piece(rest: bytes, data: bytes, line: int, column: int) -> Span | None:
    """The longest piece that `rest` begins with, in the line that begins at `line`."""
    indent = _INDENT.match(data, line)
    assert indent is not None
    best: Span | None = None
    for start in {_place(data, line, column), indent.end(), line}:
        length = _common(rest, data, start)
        longer = best is None or length > best[1] - best[0]
        if length and longer and (length == len(rest) or _ends_cell(data, start + length)):
            best = (start, start + length)
    return best


def _common(text: bytes, data: bytes, start: int) -> int:
    """How much of `text` stands in the line of `data[start:]`."""
    end = data.find(b"\n", start, start + len(text))
    found = data[start : start + len(text) if end < 0 else end]
    if text.startswith(found):
        return len(found)
    low, high = 0, len(found)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text.startswith(found[:middle]) else (low, middle - 1)
    return low


def _ends_cell(data: bytes, end: int) -> bool:
    return end >= len(data) or data[end : end + 1] in (b" ", b"\n")


def _column(data: bytes, position: int) -> int:
    """The column of a byte, in characters."""
    line = data.rfind(b"\n", 0, position) + 1
    return len(data[line:position].decode("utf-8", "replace"))


def _place(data: bytes, line: int, column: int) -> int:
    """The byte at a column of a line, or the line's end."""
    end = data.find(b"\n", line)
    text = data[line : len(data) if end < 0 else end]
    if text.isascii():
        return line + min(column, len(text))
    return line + len(text.decode("utf-8", "replace")[:column].encode("utf-8", "replace"))


def _automaton(heads: list[bytes]) -> BytesAhoCorasick:
    from ahocorasick_rs import BytesAhoCorasick  # 4 ms that commands without secrets do not pay

    return BytesAhoCorasick(heads)
