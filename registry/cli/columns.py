"""Text in the columns of a terminal: how wide it is, and how a line is broken into several."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from typing import TextIO

_NUMBER = int.from_bytes(os.urandom(8))
MARK = re.compile(rf"\x1b\[([0-9;]*);{_NUMBER}m")
"""A colour of our own in a text: nobody else can know the number in it."""

_ESCAPE = re.compile(r"\x1b\[[0-9;:]{0,64}m")
_WORDS = re.compile(r" *(?:`[^`\n]*`|[^ ])+")  # what is in backticks is one word: a command to copy
_NARROWEST_TEXT = 20
_NARROWEST_CELL = 8


def mark(codes: str) -> str:
    """The colour or emphasis of these SGR codes, as `MARK` finds it."""
    return f"\x1b[{codes};{_NUMBER}m"


def cell_width(text: str) -> int:
    """The columns that a line takes on a terminal: two for a wide character of East Asia, none for a mark."""
    plain = MARK.sub("", text)
    if plain.isascii():
        return len(plain)
    return sum(columns(character) for character in plain)


def columns(character: str) -> int:
    """As `cell_width`, of a single character."""
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def terminal_height(stream: TextIO) -> int | None:
    """The rows of the terminal that reads a stream; None where it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).lines or None
    except (OSError, ValueError):
        return None


def rows_of(text: str, width: int) -> int:
    """The rows of a terminal `width` columns wide that a text takes which ends its lines."""
    lines = _ESCAPE.sub("", text).splitlines()
    return sum(max(-(-cell_width(line) // width), 1) for line in lines)


def fold(line: str, more: str, width: int, *, tear: bool = False) -> str:
    """A line broken between words into lines of at most `width` columns, all but the first behind `more`.

    A word that is longer stays whole, so that it can be copied, unless `tear` is given.
    """
    width = max(width, cell_width(more) + _NARROWEST_TEXT)
    if cell_width(line) <= width:
        return line
    lines, room = [""], width
    for word in _WORDS.findall(line):
        for piece in _torn(word, width - cell_width(more)) if tear else [word]:
            if cell_width(piece) > room and lines[-1].strip():
                piece, room = piece.lstrip(" "), width - cell_width(more)
                lines.append(more)
            lines[-1] += piece
            room -= cell_width(piece)
    return "\n".join(lines)


def _torn(word: str, width: int) -> Iterator[str]:
    """A word in pieces of at most `width` columns; colours stay whole."""
    piece, room = "", width
    for number, part in enumerate(MARK.split(word)):
        if number % 2:
            piece += mark(part)
            continue
        for character in part:
            if columns(character) > room:
                yield piece
                piece, room = "", width
            piece += character
            room -= columns(character)
    yield piece


def narrowed(widths: list[int], gap: int, width: int, whole: Collection[int]) -> list[int]:
    """The widths of columns, `gap` between them, made to fit into `width`: the widest are cut, none of `whole`."""
    sizes = list(widths)
    excess = sum(sizes) + gap * (len(sizes) - 1) - width
    cut = [column for column in range(len(sizes)) if column not in whole]
    while excess > 0 and cut:
        widest = max(cut, key=sizes.__getitem__)
        if sizes[widest] <= _NARROWEST_CELL:
            break
        sizes[widest] -= 1
        excess -= 1
    return sizes


def cut_line(text: str, width: int) -> str:
    """The beginning of a line, `width` columns wide, with an ellipsis; its colours stay."""
    kept, room = "", width - 1
    pieces = MARK.split(text)
    for number, piece in enumerate(pieces):
        if number % 2:
            kept += mark(piece)
            continue
        for character in piece:
            room -= columns(character)
            if room < 0:
                break
            kept += character
    codes = pieces[1::2]
    return f"{kept}…{mark('0')}" if codes else f"{kept}…"
