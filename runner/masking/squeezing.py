"""Text without what may stand between the characters of a secret: white space, quotes, backslashes, controls.

Shells, serialisers and terminals put such characters in, double or drop them. So both sides are compared without
them; what then looks like a hit is checked against what really stands in the gaps (`runner.masking.patterns`).
All texts are UTF-8, all positions in bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

SPACE = b" \t\n\r\x0b\x0c"
MARKS = b"\"'\\"
DROPPED = bytes(range(33)) + MARKS + b"\x7f"
"""The bytes that are left out; each is a character of its own in UTF-8."""

GAP = re.compile(b"[" + re.escape(DROPPED) + b"]+")

# Control sequences, which colour text, move the cursor, set a title or a link; and characters that take no room: soft
# hyphen, zero-width ones, marks of direction, byte order mark, variation selectors.
_STRING = rb"[^\x07\x1b\n]*(?:\x07|\x1b\\)"  # to its terminator: BEL as in xterm, or ST
_CONTROL = rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-B]|[]PX^_]" + _STRING + rb")"
_NO_ROOM = rb"\xc2\xad|\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xa9])|\xef(?:\xbb\xbf|\xb8[\x80-\x8f])"
_CONTROLS = re.compile(_CONTROL)
_INVISIBLE = re.compile(_CONTROL + b"|" + _NO_ROOM)
_OVERSTRUCK = re.compile(rb"(?:[\xc2-\xf4][\x80-\xbf]+|[^\n])\x08")


def squeeze(data: bytes) -> bytes:
    """`data` without the bytes in `DROPPED`."""
    return data.translate(None, DROPPED)


def advance(data: bytes, start: int, count: int) -> int:
    """The position behind the next `count` bytes from `start` on that are not dropped; they must be there."""
    while count:
        step = data[start : start + count]
        start += len(step)
        count -= len(squeeze(step))
    return start


def retreat(data: bytes, end: int, count: int) -> int:
    """The position of the first of the last `count` bytes before `end` that are not dropped; they must be there."""
    while count:
        step = data[max(0, end - count) : end]
        end -= len(step)
        count -= len(squeeze(step))
    return end


class View:
    """A text with some parts cut out: `data` is what is left."""

    def __init__(self, whole: bytes, parts: re.Pattern[bytes]) -> None:
        self.data = parts.sub(b"", whole)
        self._whole = whole
        self._parts = parts

    def original(self, position: int) -> int:
        """Where the byte at `position` of `data` stands in the whole text."""
        cuts, lengths = self._cuts
        before = bisect_right(cuts, position)
        return position + (lengths[before - 1] if before else 0)

    @cached_property
    def _cuts(self) -> tuple[list[int], list[int]]:
        """The positions in `data` where something is missing, and how much until there in total."""
        cuts: list[int] = []
        lengths: list[int] = []
        total = 0
        for hit in self._parts.finditer(self._whole):
            cuts.append(hit.start() - total)
            total += hit.end() - hit.start()
            lengths.append(total)
        return cuts, lengths


def views(data: bytes) -> list[View]:
    """The text as a terminal shows it, if that differs: without control sequences and overstruck characters, and
    without what takes no room."""
    found: list[View] = []
    if b"\x08" in data and _OVERSTRUCK.search(data):
        found.append(View(data, _OVERSTRUCK))
    if data.isascii():
        if b"\x1b" in data and _CONTROLS.search(data):
            found.append(View(data, _CONTROLS))
    elif _INVISIBLE.search(data):
        found.append(View(data, _INVISIBLE))
    return found
