"""Custom number formats of .NET (`#,##0.00;(0);zero`) in the invariant culture."""

import re
from dataclasses import dataclass, field
from typing import Final

from runner.octostache.dotnet.numbers import Digits, exponent

# The pieces of a format: quoted text, an escaped character, an exponent, any other character.
_PIECE: Final = re.compile(r"'[^'\x00]*'?|\"[^\"\x00]*\"?|\\.?|[Ee](?:[+-]?0+)|.", re.DOTALL)
_LONGEST_EXPONENT: Final = 10


def format_custom(number: Digits, text: str) -> str:
    """`number` in the custom format `text`; any text is a valid format."""
    sections = _split(text.split("\0", 1)[0])
    chosen = _choose(sections, 2 if not number.digits else 1 if number.negative else 0)
    layout = _Layout(sections[chosen])
    rounded = layout.round(number)
    if number.digits and not rounded.digits:
        again = _choose(sections, 2)
        if again != chosen:
            chosen, layout = again, _Layout(sections[again])
            rounded = layout.round(number)
    body = _Writer(layout, rounded).write()
    return "-" + body if rounded.negative and chosen == 0 and (body or rounded.scale) else body


def _split(text: str) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    for piece in _PIECE.findall(text):
        if piece == ";":
            sections.append([])
        else:
            sections[-1].append(piece)
    return sections


def _choose(sections: list[list[str]], wanted: int) -> int:
    """The section for positive (0), negative (1) or zero (2) values: the first one where that is empty."""
    return wanted if wanted < len(sections) and sections[wanted] else 0


@dataclass
class _Layout:
    """What a first pass over a section finds out."""

    pieces: list[str]
    digits: int = 0
    point: int = -1
    first_zero: int | None = None
    last_zero: int = 0
    groups: bool = False
    shift: int = 0
    scientific: bool = False
    _comma: int = field(default=-1, repr=False)
    _commas: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        for piece in self.pieces:
            self._note(piece)
        if self.point < 0:
            self.point = self.digits
        if self._comma >= 0:
            if self._comma == self.point:
                self.shift -= 3 * self._commas
            else:
                self.groups = True

    def _note(self, piece: str) -> None:
        match piece:
            case "#" | "0":
                if piece == "0" and self.first_zero is None:
                    self.first_zero = self.digits
                self.digits += 1
                if piece == "0":
                    self.last_zero = self.digits
            case ".":
                self.point = self.digits if self.point < 0 else self.point
            case ",":
                self._note_comma()
            case "%":
                self.shift += 2
            case "\u2030":
                self.shift += 3
            case _ if piece[0] in "Ee" and len(piece) > 1:
                self.scientific = True

    def _note_comma(self) -> None:
        if not self.digits or self.point >= 0:
            return
        if self._comma == self.digits:
            self._commas += 1
            return
        self.groups = self.groups or self._comma >= 0
        self._comma, self._commas = self.digits, 1

    def round(self, number: Digits) -> Digits:
        """`number` with as many digits as the section has room for."""
        if not number.digits:
            return Digits(number.negative and number.floating, "", 0, number.floating)
        moved = Digits(number.negative, number.digits, number.scale + self.shift, number.floating)
        return moved.rounded(self.digits if self.scientific else moved.scale + self.digits - self.point)


class _Writer:
    """The second pass: puts the digits of a rounded number into the places of a section."""

    def __init__(self, layout: _Layout, number: Digits) -> None:
        self._layout = layout
        self._number = number
        self._digits = iter(number.digits)
        self._left = len(number.digits)
        self._out: list[str] = []
        self._scientific = layout.scientific
        point = layout.point
        self._first = max(point - layout.first_zero, 0) if layout.first_zero is not None else 0
        self._last = min(point - layout.last_zero, 0)
        # `_place` counts the places before the point down to zero and on; `_surplus` digits have no place of
        # their own, or (negative) so many places stay without digit.
        self._place = point if self._scientific else max(number.scale, point)
        self._surplus = 0 if self._scientific else number.scale - point
        self._point_written = False

    def write(self) -> str:
        for piece in self._layout.pieces:
            if piece in ("#", "0", "."):
                while self._surplus > 0:
                    self._put(next(self._digits, None) or "0")
                    self._surplus -= 1
            self._write_piece(piece)
        return "".join(self._out)

    def _write_piece(self, piece: str) -> None:
        match piece:
            case "#" | "0":
                self._put(self._next_digit())
            case ".":
                self._write_point()
            case ",":
                pass
            case _ if piece[0] in "'\"":
                self._out.append(piece[1:].removesuffix(piece[0]))
            case _ if piece[0] == "\\":
                self._out.append(piece[1:])
            case _ if piece[0] in "Ee" and len(piece) > 1 and self._scientific:
                self._write_exponent(piece)
            case _:
                self._out.append(piece)

    def _next_digit(self) -> str | None:
        if self._surplus < 0:
            self._surplus += 1
            return "0" if self._place <= self._first else None
        digit = next(self._digits, None)
        return digit or ("0" if self._place > self._last else None)

    def _put(self, digit: str | None) -> None:
        if digit is not None:
            self._out.append(digit)
            self._left -= 1
            if self._layout.groups and self._place > 1 and self._place % 3 == 1:
                self._out.append(",")
        self._place -= 1

    def _write_point(self) -> None:
        if self._place != 0 or self._point_written:
            return
        written = max(self._number.scale, 0) if not self._layout.scientific else self._layout.point
        remaining = len(self._number.digits) > written
        if self._last < 0 or (self._layout.point < self._layout.digits and remaining):
            self._out.append(".")
            self._point_written = True

    def _write_exponent(self, piece: str) -> None:
        zeros = piece.count("0")
        power = self._number.scale - self._layout.point if self._number.digits else 0
        self._out.append(exponent(power, piece[0], min(zeros, _LONGEST_EXPONENT), plus="+" in piece))
        self._scientific = False
