"""Hiding secrets in everything that is shown or stored.

A secret is hidden wherever its text occurs, inside words too, with its case; so is every form of it that
`runner.masking.patterns` knows. Overlapping hits become one mask, hits that merely touch stay two. Blank values and
those shorter than four characters are not hidden: they would tear every log to pieces.

Masking works on whole lines. Never mask chunks: a secret may lie across two of them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runner.masking.finder import Finder, Span
from runner.masking.patterns import patterns_of, why_not_hidden
from runner.model import MASK

_LINE_END = re.compile(r"\r\n|\r")
_MASK = MASK.encode()


class Masker:
    """The secrets of one run. Thread-safe; it only ever grows."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._new: list[str] = []
        self._finder = Finder()
        self.add(*secrets)

    def add(self, *values: str | None) -> None:
        """Hide `values` from now on. None, blank and very short ones are ignored."""
        hidden = [value for value in values if value is not None and why_not_hidden(value) is None]
        with self._lock:
            for value in hidden:
                for form in (value, *_as_decoded(value)):
                    if form not in self._known:
                        self._known.add(form)
                        self._new.append(form)

    def mask_text(self, text: str) -> str:
        """`text` with every secret hidden: for messages, values and names.

        If nothing hits, it is returned as it is; else its lines end in line feeds.
        """
        finder = self.finder()
        if not finder or not text:
            return text
        data = _LINE_END.sub("\n", text).encode("utf-8", "surrogatepass") + b"\n"
        spans = merged(finder.spans(data))
        if not spans:
            return text
        return covered(data, spans).removesuffix(b"\n").decode("utf-8", "surrogatepass")

    def mask_cut(self, text: str) -> str:
        """`text`, whose end was cut off, without the beginning of a secret at its end."""
        data = text.encode("utf-8", "surrogatepass")
        begun = self.finder().cut_end(data)
        return text if begun is None else data[: begun.start].decode("utf-8", "surrogatepass") + MASK

    def mask_all(self, value: Any) -> Any:
        """Plain data with every secret hidden in its texts, names of members included."""
        match value:
            case str():
                return self.mask_text(value)
            case dict():
                return self._mask_members(value)
            case list() | tuple():
                return [self.mask_all(item) for item in value]
            case _:
                return value

    def _mask_members(self, members: Mapping[Any, Any]) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for name, member in members.items():
            shown = self.mask_all(name)
            while shown in result:  # another name that is a secret
                shown += "*"
            result[shown] = self.mask_all(member)
        return result

    def finder(self) -> Finder:
        """What to look for at this moment."""
        with self._lock:  # whoever added a secret waits here while another thread takes it in
            if self._new:
                patterns = [pattern for secret in self._new for pattern in patterns_of(secret)]
                self._finder = self._finder.plus(patterns, _unbroken(self._new))
                self._new = []
            return self._finder


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, overlapping ones made one; those that merely touch stay apart."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def covered(data: bytes, spans: Iterable[Span], start: int = 0, end: int | None = None) -> bytes:
    """The whole lines `data[start:end]`, each ended by a line feed, with `spans` masked.

    A span may begin before `start` and end behind `end`. Lines that lie wholly inside a hit begun on an earlier line
    are left out.
    """
    end = len(data) if end is None else end
    pieces: list[bytes] = []
    position = start
    for first, last in spans:
        if last <= start:
            continue
        if first >= end:
            break
        last = min(last, end - 1)
        begun, whole = max(first, start), data[last : last + 1] == b"\n"
        pieces.append(data[position:begun])
        position = last
        if first < start:  # its mask stands on an earlier line
            position += whole
            pieces.append(b"" if whole else _MASK)
        else:
            goes_on = b"\n" in data[begun:last] and not whole
            pieces.append(_MASK + b"\n" + _MASK if goes_on else _MASK)
    return b"".join((*pieces, data[position:end]))


def _unbroken(secrets: Iterable[str]) -> Iterator[bytes]:
    """What is looked for in pieces: secrets as they are, or their lines."""
    for secret in secrets:
        for line in secret.splitlines():
            yield line.strip().encode("utf-8", "surrogatepass")


def _as_decoded(value: str) -> tuple[str, ...]:
    """What programs are given, and print, in place of `value` if it is not text: U+FFFD for what is bad in it."""
    if value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value):
        return ()
    units = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    try:
        return units, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # its surrogates are not bytes that Python could not decode
        return (units,)
