"""Filters on regular expressions."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from registry.text.patterns import SECONDS, PatternError, shortened
from runner.octostache.dotnet.characters import to_units
from runner.octostache.dotnet.patterns import Pattern, compile_pattern
from runner.octostache.filters.base import LONGEST_RESULT, FilterFailure

_REFERENCE: Final = re.compile(r"\$(?:\{(\w+)\}|([0-9]+)|([$&`'+_]))")


def match(argument: str | None, options: Sequence[str]) -> str | None:
    """`Match pattern`: `true` if the pattern is found anywhere."""
    if argument is None or len(options) != 1:
        return None
    pattern = _compile(options[0])
    try:
        found = next(pattern.matches(to_units(argument)), None)
    except TimeoutError as error:
        raise _too_slow(options[0]) from error
    return "false" if found is None else "true"


def replace(argument: str | None, options: Sequence[str]) -> str | None:
    """`Replace pattern [replacement]`; the replacement knows `$1`, `${name}`, `$&` and the other references."""
    if argument is None or not options:
        return None
    pattern = _compile(options[0])
    text = to_units(argument)
    replacement = list(_parse_replacement(to_units(options[1]) if len(options) > 1 else "", pattern))
    try:
        return _replace_all(pattern, text, replacement)
    except TimeoutError as error:
        raise _too_slow(options[0]) from error


def _replace_all(pattern: Pattern, text: str, replacement: "list[str | int]") -> str:
    out: list[str] = []
    end = length = 0
    for found in pattern.matches(text):
        parts = [text[end : found.start()], *(_expand(part, found, text) for part in replacement)]
        length += sum(map(len, parts))
        if length > LONGEST_RESULT + len(text):
            raise FilterFailure(f"the replaced text is longer than {LONGEST_RESULT} characters")
        out += parts
        end = found.end()
    return "".join(out) + text[end:]


def _compile(pattern: str) -> Pattern:
    try:
        return compile_pattern(to_units(pattern))
    except PatternError as error:
        raise FilterFailure(f"the pattern '{shortened(pattern)}' cannot be used: {error}") from error


def _too_slow(pattern: str) -> FilterFailure:
    return FilterFailure(f"the pattern '{shortened(pattern)}' takes longer than {SECONDS:.0f} s on it")


_BEFORE, _AFTER, _WHOLE = -1, -2, -3


def _parse_replacement(text: str, pattern: Pattern) -> "Iterator[str | int]":
    """Texts, numbers of groups in the compiled pattern, and negative numbers for parts of the input."""
    end = 0
    for found in _REFERENCE.finditer(text):
        part = _reference(found, pattern)
        if part is not None:
            yield text[end : found.start()]
            yield part
            end = found.end()
    yield text[end:]


def _reference(found: re.Match[str], pattern: Pattern) -> "str | int | None":
    name, digits, sign = found.groups()
    if sign:
        last = pattern.numbers[-1]
        parts: dict[str, str | int] = {"$": "$", "&": 0, "`": _BEFORE, "'": _AFTER, "+": last, "_": _WHOLE}
        return parts[sign]
    if name and not name.isdecimal():
        return int(pattern.compiled.groupindex[name]) if name in pattern.names else None
    number = int((name or digits)[:9])
    return pattern.numbers[number] if number < len(pattern.numbers) else None


def _expand(part: "str | int", found: Any, text: str) -> str:
    if isinstance(part, str):
        return part
    match part:
        case -1:
            return text[: found.start()]
        case -2:
            return text[found.end() :]
        case -3:
            return text
        case _:
            return str(found[part] or "")
