"""Hiding secrets in everything that is shown or stored.

A secret is hidden wherever its text occurs, inside words too, exactly and with its case; so are its base64,
URL and JSON forms. Overlapping hits become one mask, hits that merely touch stay two. Blank values and those
shorter than four characters are not hidden: they would tear every log to pieces.

A secret of several lines is matched with its line breaks taken out, against log lines taken as if joined. A
line that ends inside a possible match is therefore held back until the next line decides, or the stream ends.
Besides, every line of eight characters or more of such a secret is a secret of its own.

Masking works on whole lines. Never mask chunks: a secret may lie across two of them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, islice
from operator import itemgetter

from runner.masking.needles import MINIMUM, Needles, Span, forms
from runner.model import MASK, Level

_LINE_END = re.compile(r"\r\n|\r|\n")

Line = tuple[Level, str]


@dataclass(frozen=True, slots=True)
class Secrets:
    """A snapshot of what to look for: inside single lines, and in lines taken as joined."""

    in_line: Needles
    joined: Needles


class Masker:
    """The secrets of one run. Thread-safe; it only ever grows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._new: list[str] = []
        self._secrets = Secrets(Needles(), Needles())

    def add(self, value: str | None) -> None:
        """Hide `value` from now on. None, blank and very short values are ignored."""
        if value is None or len(value) < MINIMUM or not value.strip():
            return
        with self._lock:
            if value not in self._known:
                self._known.add(value)
                self._new.append(value)

    def mask_text(self, text: str) -> str:
        """`text` with every secret hidden: for messages, values and names.

        If nothing hits, it is returned as it is; else its lines end in line feeds.
        """
        lines = _LINE_END.split(text)
        stream = LineMasker(self)
        batches = (*stream.feed(Level.INFO, "\n".join(lines) + "\n"), *stream.close())
        masked = [line for _, batch in batches for line in batch]
        return text if masked == lines else "\n".join(masked)

    def mask_cut(self, text: str) -> str:
        """`text`, whose end was cut off, without the beginning of a secret at its end."""
        secrets = self.secrets()
        start = min(secrets.in_line.open_end(text), secrets.joined.open_end(text))
        return text if start == len(text) else text[:start] + MASK

    def secrets(self) -> Secrets:
        """What to look for at this moment."""
        with self._lock:  # whoever added a secret waits here while another thread takes it in
            if self._new:
                in_line, joined = forms(self._new)
                self._new = []
                known = self._secrets
                self._secrets = Secrets(known.in_line.plus(in_line), known.joined.plus(joined))
            return self._secrets


class LineMasker:
    """Masks the lines of one stream, in order. Not thread-safe; its `Masker` is."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held: list[Line] = []
        # Positions are in the held lines joined.
        self._in_lines: list[Span] = []
        self._covered = 0  # so many characters from the start are under a mask that was shown already

    def feed(self, level: Level, block: str) -> Iterator[tuple[Level, list[str]]]:
        """The lines of `block` (each ended by a line feed), masked, as far as they can be told now."""
        secrets = self._masker.secrets()
        lines = block[:-1].split("\n")
        hits = sorted(secrets.in_line.spans(block))
        if hits or self._held or _may_join(block, secrets.joined):
            self._in_lines += self._as_joined(hits, block)
            self._held += ((level, line) for line in lines)
            yield from self._release(secrets.joined, final=False)
        else:
            yield level, lines

    def close(self) -> Iterator[tuple[Level, list[str]]]:
        """What was held back: nothing follows that could complete a match."""
        yield from self._release(self._masker.secrets().joined, final=True)

    def _release(self, needles: Needles, final: bool) -> Iterator[tuple[Level, list[str]]]:
        """The held lines, up to the one where a match may be on its way."""
        lines, in_lines = self._held, self._in_lines
        texts = [text for _, text in lines]
        joined = "".join(texts)
        covered = [(-1, self._covered)] if self._covered else []
        spans = _merged([*covered, *in_lines, *needles.spans(joined)])
        ready = len(lines)
        if not final and (open_from := needles.open_end(joined)) < len(joined):
            ready = _line_at(texts, open_from)
        yield from _by_level(lines[:ready], _cover(texts[:ready], spans))
        boundary = sum(map(len, texts[:ready]))
        self._held = lines[ready:]
        self._in_lines = [(start - boundary, end - boundary) for start, end in in_lines if start >= boundary]
        self._covered = next((end - boundary for start, end in spans if start < boundary < end), 0)

    def _as_joined(self, hits: Iterable[Span], block: str) -> Iterator[Span]:
        """Hits in `block`, in order, as positions behind the held lines, joined."""
        offset = sum(len(line) for _, line in self._held)
        counted = 0
        for start, end in hits:
            offset, counted = offset - block.count("\n", counted, start), start
            yield offset + start, offset + end


def _may_join(block: str, needles: Needles) -> bool:
    """Whether lines of `block`, joined, have a hit or end in the beginning of one."""
    if not needles:
        return False
    joined = block.replace("\n", "")
    return any(True for _ in needles.spans(joined)) or needles.open_end(joined) < len(joined)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, overlapping ones made one; those that merely touch stay apart."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _line_at(lines: Sequence[str], position: int) -> int:
    """The number of the line that holds the character at `position` of the lines joined."""
    starts = accumulate(map(len, lines))
    return next(number for number, end in enumerate(starts) if position < end)


def _cover(lines: Sequence[str], spans: Sequence[Span]) -> Iterator[str | None]:
    """The lines with `spans` masked; None for one that lies wholly inside a hit begun on an earlier line."""
    start, first = 0, 0
    for line in lines:
        end = start + len(line)
        while first < len(spans) and spans[first][1] <= start:
            first += 1
        if first == len(spans) or spans[first][0] > end:
            yield line
        else:
            yield _cover_line(line, start, spans, first)
        start = end


def _cover_line(line: str, offset: int, spans: Sequence[Span], first: int) -> str | None:
    if spans[first][0] < offset and offset + len(line) <= spans[first][1]:
        return None
    pieces: list[str] = []
    position = 0
    for start, end in islice(spans, first, None):
        if start - offset >= len(line):
            break
        pieces += (line[position : max(0, start - offset)], MASK)
        position = end - offset
    return "".join((*pieces, line[position:]))


def _by_level(lines: Sequence[Line], texts: Iterable[str | None]) -> Iterator[tuple[Level, list[str]]]:
    """The texts that are left, as batches of one level."""
    kept = ((level, text) for (level, _), text in zip(lines, texts, strict=True) if text is not None)
    for level, batch in groupby(kept, itemgetter(0)):
        yield level, [text for _, text in batch]
