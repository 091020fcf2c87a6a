"""Dates in .NET's standard and custom formats, invariant culture."""

import re
from dataclasses import replace
from typing import Final

from runner.octostache.dotnet.dates import (
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    DateValue,
    Zone,
    as_local,
    local_offset,
)
from runner.octostache.dotnet.number_formats import FormatError

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_LONG: Final = "dddd, dd MMMM yyyy"
_ROUND_TRIP: Final = "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK"
_STANDARD: Final = {
    "d": "MM/dd/yyyy",
    "D": _LONG,
    "f": _LONG + " HH:mm",
    "F": _LONG + " HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": _ROUND_TRIP,
    "O": _ROUND_TRIP,
    "r": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
    "U": _LONG + " HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
# A run of one letter, a quoted text (with escapes), an escaped character, "%" with what it protects, anything else.
_PIECE: Final = re.compile(
    r"([ghHfFtdMymsz])\1*|'(?:[^'\\]|\\.)*'?|\"(?:[^\"\\]|\\.)*\"?|\\.?|%.?|.", re.DOTALL
)


def round_trip(value: DateValue) -> str:
    """The standard format `O`."""
    return format_date(value, "O")


def format_date(value: DateValue, text: str) -> str:
    """`value` in the format `text`; raises `FormatError` for a format that .NET refuses."""
    if not text:
        text = "MM/dd/yyyy HH:mm:ss zzz" if value.zone is Zone.OFFSET else "G"
    if len(text) == 1:
        value, text = _standard(value, text)
    return _format_custom(value, text)


def _standard(value: DateValue, letter: str) -> tuple[DateValue, str]:
    pattern = _STANDARD.get(letter)
    if pattern is None or (letter == "U" and value.zone is Zone.OFFSET):
        raise FormatError(letter)
    if letter == "U" and value.zone is Zone.UNSPECIFIED:
        value = replace(value, ticks=value.ticks - local_offset(value.ticks) * TICKS_PER_MINUTE)
    elif letter == "U" or (letter in "rRu" and value.zone is Zone.OFFSET):
        value = DateValue(value.utc_ticks)
    return value, pattern


def _format_custom(value: DateValue, text: str) -> str:
    out: list[str] = []
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece[0] == "%":
            if len(piece) == 1 or piece[1] == "%":
                raise FormatError(text)
            out.append(_format_custom(value, piece[1] + "''"))
        elif piece[0] == "F" and out and out[-1].endswith(".") and not _field(value, piece):
            out[-1] = out[-1][:-1]
        else:
            out.append(_literal(piece) if match[1] is None and piece != "K" else _field(value, piece))
    return "".join(out)


def _literal(piece: str) -> str:
    if piece[0] in "'\"":
        if len(piece) == 1 or piece[-1] != piece[0] or re.fullmatch(r".(?:[^\\]|\\.)*\\.", piece, re.DOTALL):
            raise FormatError(piece)
        return re.sub(r"\\(.)", r"\1", piece[1:-1], flags=re.DOTALL)
    if piece[0] == "\\":
        if len(piece) == 1:
            raise FormatError(piece)
        return piece[1]
    return piece


def _field(value: DateValue, piece: str) -> str:
    count = len(piece)
    match piece[0]:
        case "g":
            return "A.D."
        case "h" | "H" | "m" | "s" | "t":
            return _clock(value.time, piece[0], count)
        case "f" | "F":
            return _fraction(value.time, piece)
        case "d" | "M" | "y":
            return _calendar(value, piece[0], count)
        case "z":
            return _offset(_minutes(value), count)
        case _:
            return (
                ""
                if value.zone is Zone.UNSPECIFIED
                else "Z"
                if value.zone is Zone.UTC
                else _offset(value.offset, 3)
            )


def _clock(time: int, letter: str, count: int) -> str:
    hour = time // TICKS_PER_HOUR
    if letter == "t":
        return ("AM" if hour < 12 else "PM")[:count]
    number = {
        "h": hour % 12 or 12,
        "H": hour,
        "m": time // TICKS_PER_MINUTE % 60,
        "s": time // TICKS_PER_SECOND % 60,
    }[letter]
    return f"{number:0{min(count, 2)}d}"


def _fraction(time: int, piece: str) -> str:
    if len(piece) > 7:
        raise FormatError(piece)
    digits = f"{time % TICKS_PER_SECOND:07d}"[: len(piece)]
    return digits.rstrip("0") if piece[0] == "F" else digits


def _calendar(value: DateValue, letter: str, count: int) -> str:
    day = value.day
    if letter == "y":
        return f"{day.year % 100:0{count}d}" if count <= 2 else f"{day.year:0{count}d}"
    names, name_index, number = (
        (DAYS, day.weekday(), day.day) if letter == "d" else (MONTHS, day.month - 1, day.month)
    )
    if count <= 2:
        return f"{number:0{count}d}"
    return names[name_index][:3] if count == 3 else names[name_index]


def _minutes(value: DateValue) -> int:
    if value.zone is Zone.UNSPECIFIED:
        return as_local(value.ticks).offset
    return value.offset


def _offset(minutes: int, count: int) -> str:
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    hours = f"{minutes // 60:0{min(count, 2)}d}"
    return f"{sign}{hours}:{minutes % 60:02d}" if count > 2 else sign + hours
