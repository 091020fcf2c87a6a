"""Filters that take a version apart."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from runner.octostache.filters.base import Filter, FilterFailure

_TIMEOUT: Final = 1.0  # seconds; the pattern's optional spaces make it slow on long texts of blanks
_LARGEST: Final = 2**31 - 1

# One alternative per line: an optional release of up to four numbers, then pre-release, then metadata.
_VERSION: Final = (
    r"^\s*(?:\s*(?<prefix>v|V)?\s*(?<major>\d+)\s*"
    r"(?:\.\s*(?<minor>\d+)\s*)?(?:\.\s*(?<patch>\d+)\s*)?(?:\.\s*(?<revision>\d+)\s*)?)?"
    r"(?:[.\-_\\])?"
    r"(?<release>(?<release_prefix>[A-Za-z0-9]*?)(?:[.\-_\\](?<release_counter>[A-Za-z0-9.\-_\\]*?)?)?)?"
    r"(?:\+(?<metadata>[A-Za-z0-9_\-.\\+]*?))?\s*$"
)


@lru_cache(maxsize=1)
def _pattern() -> Any:
    import regex  # a large module that few evaluations need

    return regex.compile(_VERSION)


def _part(argument: str, part: str) -> str:
    if not argument.strip():
        raise FilterFailure("a version cannot be empty")
    try:
        match = _pattern().match(argument, timeout=_TIMEOUT)
    except TimeoutError as error:
        raise FilterFailure(f"it takes longer than {_TIMEOUT:.0f} s to read it as a version") from error
    if match is None:
        raise FilterFailure("it is not a version")
    for number in ("major", "minor", "patch", "revision"):
        if match[number] and not (match[number].isascii() and int(match[number][:4000]) <= _LARGEST):
            raise FilterFailure(f"its {number} part is not a number up to {_LARGEST}")
    return match[part] or ""


def version_number(part: str) -> Filter:
    """`VersionMajor` and its sisters: `0` where the version has no such part."""
    return _filter(lambda argument: str(int(_part(argument, part) or "0")))


def version_text(part: str) -> Filter:
    """`VersionPreRelease` and its sisters: empty where the version has no such part."""
    return _filter(lambda argument: _part(argument, part))


def _filter(take: Callable[[str], str]) -> Filter:
    def apply(argument: str | None, options: Sequence[str]) -> str | None:
        return None if argument is None else take(argument)

    return apply
