"""Bytes of one stream to whole lines, the same lines however the bytes were cut into chunks."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineLimit:
    """How many characters of a line are kept: `plain`, or the larger `marked` if it begins with `marker`."""

    plain: int
    marker: str
    marked: int

    def of(self, line: str) -> int:
        return self.marked if line.startswith(self.marker) else self.plain


class LineSplitter:
    """Turns chunks of bytes into *blocks*: text of whole lines, each ended by one line feed.

    A line ends at LF, CRLF or a lone CR, the last one at the end of the stream. Bytes are UTF-8; bad ones
    become U+FFFD. A line over its limit is cut, for a script may print a gigabyte without a line end: what is
    kept goes through `on_cut`, and a note tells how many characters are missing.
    """

    def __init__(self, limit: LineLimit, on_cut: Callable[[str], str] = str) -> None:
        self._limit = limit
        self._on_cut = on_cut
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._after_cr = False
        self._parts: list[str] = []  # of the line that has not ended yet
        self._kept = 0
        self._dropped = 0
        self.cut_lines = 0

    def feed(self, chunk: bytes) -> str:
        """The lines that `chunk` completes; empty while there is none."""
        return self._split(self._decoder.decode(chunk))

    def close(self) -> str:
        """What is left when the stream ends: at most two lines."""
        block = self._split(self._decoder.decode(b"", final=True))
        return block + (self._finish_line() + "\n" if self._kept else "")

    def _split(self, text: str) -> str:
        head, line_end, tail = self._with_line_feeds(text).rpartition("\n")
        if not line_end:
            self._keep(tail)
            return ""
        first, line_end, others = head.partition("\n")
        self._keep(first)
        block = self._finish_line() + "\n"
        if line_end:
            block += self._cut_long_lines(others) + "\n"
        self._keep(tail)
        return block

    def _with_line_feeds(self, text: str) -> str:
        # A CR ends its line at once, to show a progress display in time; a LF after it is its other half.
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix("\n")
        if "\r" in text:
            self._after_cr = text.endswith("\r")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text

    def _keep(self, part: str) -> None:
        """Add to the unfinished line what its limit leaves room for."""
        if self._dropped:
            self._dropped += len(part)
        elif part:
            self._parts.append(part)
            self._kept += len(part)
            if self._kept > self._limit.plain:
                self._shorten()

    def _shorten(self) -> None:
        line = "".join(self._parts)
        limit = self._limit.of(line)
        self._dropped = max(0, len(line) - limit)
        self._parts = [line[:limit]]
        self._kept = len(self._parts[0])

    def _finish_line(self) -> str:
        line, dropped = "".join(self._parts), self._dropped
        self._parts, self._kept, self._dropped = [], 0, 0
        return self._noted(line, dropped) if dropped else line

    def _cut_long_lines(self, lines: str) -> str:
        if len(lines) <= self._limit.plain:
            return lines  # no line in it can be too long
        return "\n".join(self._cut(line) for line in lines.split("\n"))

    def _cut(self, line: str) -> str:
        limit = self._limit.of(line)
        return line if len(line) <= limit else self._noted(line[:limit], len(line) - limit)

    def _noted(self, line: str, dropped: int) -> str:
        self.cut_lines += 1
        return f"{self._on_cut(line)} ({dropped:,} more characters dropped)"
