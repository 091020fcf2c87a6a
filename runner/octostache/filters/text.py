"""Filters on plain text: case, trimming, joining, cutting, indenting, comparing."""

import re
from collections.abc import Sequence
from typing import Final

from runner.octostache.dotnet.characters import WHITE_SPACE, to_lower, to_units, to_upper
from runner.octostache.dotnet.numbers import parse_int32
from runner.octostache.filters.base import LONGEST_RESULT, FilterFailure

_INDENT: Final = re.compile(r"(?:([0-9]{1,3})?(/))?([0-9]{1,3})\n?")


def lower(argument: str | None, options: Sequence[str]) -> str | None:
    """`ToLower`."""
    return None if argument is None or options else to_lower(argument)


def upper(argument: str | None, options: Sequence[str]) -> str | None:
    """`ToUpper`."""
    return None if argument is None or options else to_upper(argument)


def trim(argument: str | None, options: Sequence[str]) -> str | None:
    """`Trim [start|end]`."""
    if argument is None:
        return None
    if not options:
        return argument.strip(WHITE_SPACE)
    match options[0].lower():
        case "start":
            return argument.lstrip(WHITE_SPACE)
        case "end":
            return argument.rstrip(WHITE_SPACE)
        case _:
            return None


def append(argument: str | None, options: Sequence[str]) -> str | None:
    """`Append text ...`; without input only the texts."""
    return (argument or "") + "".join(options) if options else None


def prepend(argument: str | None, options: Sequence[str]) -> str | None:
    """`Prepend text ...`; without input only the texts."""
    return "".join(options) + (argument or "") if options else None


def truncate(argument: str | None, options: Sequence[str]) -> str | None:
    """`Truncate length [suffix]`."""
    length = parse_int32(options[0]) if options else None
    if argument is None or length is None or length < 0:
        return None
    units = to_units(argument)
    suffix = options[1] if len(options) > 1 else "..."
    return units[:length] + suffix if length < len(units) else argument


def substring(argument: str | None, options: Sequence[str]) -> str | None:
    """`Substring [start] length`; what reaches beyond the end is cut."""
    numbers = [parse_int32(option) for option in options]
    if argument is None or not 1 <= len(numbers) <= 2:
        return None
    start, length = numbers if len(numbers) == 2 else (0, numbers[0])
    units = to_units(argument)
    if start is None or length is None or start < 0 or length < 0 or start > len(units):
        return None
    return units[start : start + length]


def starts_with(argument: str | None, options: Sequence[str]) -> str | None:
    """`StartsWith text`."""
    return None if argument is None or len(options) != 1 else _flag(argument.startswith(options[0]))


def ends_with(argument: str | None, options: Sequence[str]) -> str | None:
    """`EndsWith text`."""
    return None if argument is None or len(options) != 1 else _flag(argument.endswith(options[0]))


def contains(argument: str | None, options: Sequence[str]) -> str | None:
    """`Contains text`."""
    return None if argument is None or len(options) != 1 else _flag(options[0] in argument)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def indent(argument: str | None, options: Sequence[str]) -> str | None:
    """`Indent [n | a/b | prefix [prefix of later lines]]`."""
    if argument is None or argument == "":
        return argument
    if len(options) > 2:
        return None
    first, later = _indents(options)
    if len(first) + len(argument) + argument.count("\n") * len(later) > LONGEST_RESULT:
        raise FilterFailure(f"the indented text is longer than {LONGEST_RESULT} characters")
    return first + argument.replace("\n", "\n" + later)


def _indents(options: Sequence[str]) -> tuple[str, str]:
    if not options:
        return " " * 4, " " * 4
    if len(options) == 2:
        return options[0], options[1]
    match = _INDENT.fullmatch(options[0])
    if match:
        later = int(match[3])
        first = int(match[1] or 0) if match[2] else later
        if first <= 255 and later <= 255:
            return " " * first, " " * later
    return options[0], options[0]
