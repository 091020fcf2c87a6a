"""Bytes of one stream to whole lines, the same lines however the bytes were cut into chunks."""

from __future__ import annotations

import codecs
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineLimit:
    """How long a line may be, in characters: `plain`, or the larger `marked` if it begins with `marker`."""

    plain: int
    marker: str
    marked: int

    def of(self, line: str) -> int:
        return self.marked if line.startswith(self.marker) else self.plain


class LineSplitter:
    """Turns chunks of bytes into *blocks*: text of whole lines, each ended by one line feed.

    A line ends at LF, CRLF or a lone CR, the last one at the end of the stream. Bytes are UTF-8; bad ones
    become U+FFFD. Of a line over its limit at least one character more than the limit is there, for the taker
    to see; the others may be gone, for a script may print a gigabyte without a line end.
    """

    def __init__(self, limit: LineLimit) -> None:
        self._limit = limit
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._after_cr = False
        self._parts: list[str] = []  # of the line that has not ended yet
        self._length = 0
        self._allowed = limit.plain
        self._full = False

    def feed(self, chunk: bytes) -> str:
        """The lines that `chunk` completes; empty while there is none."""
        return self._split(self._decoder.decode(chunk))

    def close(self) -> str:
        """What is left when the stream ends: at most two lines."""
        block = self._split(self._decoder.decode(b"", final=True))
        return block + (self._finish_line() if self._length else "")

    def _split(self, text: str) -> str:
        head, line_end, tail = self._with_line_feeds(text).partition("\n")
        self._keep(head)
        if not line_end:
            return ""
        lines, line_end, rest = tail.rpartition("\n")
        block = self._finish_line() + lines + line_end
        self._keep(rest)
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
        """Add to the unfinished line."""
        if part and not self._full:
            self._parts.append(part)
            self._length += len(part)
            if self._length > self._allowed:
                self._shorten()

    def _shorten(self) -> None:
        line = "".join(self._parts)
        self._allowed = self._limit.of(line)
        self._full = len(line) > self._allowed
        self._parts = [line[: self._allowed + 1]]

    def _finish_line(self) -> str:
        line = "".join((*self._parts, "\n"))
        self._parts, self._length = [], 0
        self._allowed, self._full = self._limit.plain, False
        return line
