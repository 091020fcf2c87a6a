"""Regular expressions that come from outside: compiled under limits of size, run under a limit of time.

The only place that compiles such a pattern. The `regex` package writes repeats out: `a{1000}` takes a thousand nodes,
each `+` doubles what it repeats, and nested ones multiply; so the size is worked out before anything is compiled.
A leaf that the variable language may use, too: a limit that two libraries count differently protects neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

SECONDS = 1.0
"""What one search may take."""
MAX_LENGTH = 10_000  # characters
MAX_REPEATS = 100_000  # product of the bounds of repeats inside each other
MAX_DEPTH = 100  # groups inside each other
_MAX_NODES = 250_000  # about 100 MB while it is compiled

_TRANSPARENT = re.compile(r"\(\?#[^)]*\)|\(\?[A-Za-z0-9\-]*\)")
_CLASS = re.compile(r"\[(?:[^\]\\]|\\.)*\]", re.DOTALL)
_REPEAT = re.compile(r"[*+?]|\{(?P<low>[0-9\s]*)(?:,(?P<high>[0-9\s]*))?\}")
_VERBOSE = re.compile(r"\(\?[A-Za-z0-9\-]*x")
_COMMENT = re.compile(r"(?<!\\)#")
_LONGEST_NUMBER = 9  # digits
_MAX_SHOWN = 80


class PatternError(ValueError):
    """A pattern cannot be used: it is too large, or not valid. The message says why, as the end of a sentence."""


class Dialect(NamedTuple):
    """A pattern in the words of the `regex` package, and the flags to compile it with."""

    text: str
    flags: int


@dataclass(frozen=True, slots=True)
class UntrustedPattern:
    """A compiled pattern. `compiled` is the `regex` package's own; its methods take `timeout`."""

    compiled: Any

    def matches(self, text: str) -> bool:
        """Whether all of `text` matches. Raises TimeoutError."""
        return self.compiled.fullmatch(text, timeout=SECONDS) is not None

    def is_in(self, text: str) -> bool:
        """Whether a part of `text` matches. Raises TimeoutError."""
        return self.compiled.search(text, timeout=SECONDS) is not None


def compile_untrusted(pattern: str, translate: Callable[[str], Dialect] | None = None) -> UntrustedPattern:
    """Compile a pattern from outside, after `translate` has put it into the words of the `regex` package.

    Raises PatternError for more than 10,000 characters, groups more than 100 deep, repeats that multiply to more
    than 100,000, and for what is not valid.
    """
    _check_size(pattern)
    import regex  # a large module that few commands need

    try:
        text, flags = translate(pattern) if translate else Dialect(pattern, 0)
        return UntrustedPattern(regex.compile(text, flags))
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise PatternError(str(error) or "it is nested too deep") from error


def shortened(pattern: str) -> str:
    """`pattern` for a message: at most 80 characters of it."""
    return pattern if len(pattern) <= _MAX_SHOWN else pattern[: _MAX_SHOWN - 3] + "..."


@dataclass(slots=True)
class _Group:
    """What an open group comes to so far: its nodes, the largest product of repeats, and both for its last part."""

    nodes: int = 1
    product: int = 1
    last_nodes: int = 0
    last_product: int = 1

    def add(self, nodes: int, product: int = 1) -> None:
        self.nodes += nodes
        self.last_nodes, self.last_product = nodes, product
        self.product = max(self.product, product)

    def repeat(self, copies: int, bound: int) -> None:
        self.nodes += self.last_nodes * (copies - 1)
        self.last_nodes *= copies
        self.last_product *= bound
        self.product = max(self.product, self.last_product)
        if self.product > MAX_REPEATS or self.nodes > _MAX_NODES:
            raise PatternError(f"its repeats multiply to more than {MAX_REPEATS:,}")


def _check_size(pattern: str) -> None:
    """Raises PatternError. Where the package might read a pattern in two ways, the larger reading counts."""
    if len(pattern) > MAX_LENGTH:
        raise PatternError(f"it is longer than {MAX_LENGTH:,} characters")
    verbose = _VERBOSE.search(pattern) is not None
    if verbose and _COMMENT.search(pattern) and "{" in pattern:
        raise PatternError("comments and counted repeats do not go together in a pattern with the flag x")
    groups = [_Group()]
    position = 0
    while position < len(pattern):
        position = _next_part(pattern, position, groups, verbose)
        if len(groups) > MAX_DEPTH + 1:
            raise PatternError(f"its groups are nested more than {MAX_DEPTH} deep")


def _next_part(pattern: str, position: int, groups: list[_Group], verbose: bool) -> int:
    """Counts the part at `position`; returns where it ends."""
    char = pattern[position]
    if char == "\\":
        groups[-1].add(1)
        return position + 2
    if char == "[" and (found := _CLASS.match(pattern, position)):
        groups[-1].add(1)
        return found.end()
    if char == "(":
        return _open_group(pattern, position, groups)
    if char == ")" and len(groups) > 1:
        group = groups.pop()
        groups[-1].add(group.nodes, group.product)
    elif char in "*+?{" and (found := _repeat_at(pattern, position)):
        low, high = _bounds(found)
        groups[-1].repeat(low + 1, high)
        end = found.end()
        return end + (pattern[end : end + 1] in ("?", "+"))  # lazy, possessive
    elif not (verbose and char.isspace()):
        groups[-1].add(1)
    return position + 1


def _open_group(pattern: str, position: int, groups: list[_Group]) -> int:
    """Comments and flags stand between a part and its repeat without being in the way."""
    if found := _TRANSPARENT.match(pattern, position):
        return found.end()
    groups.append(_Group())
    return position + (2 if pattern.startswith("(?", position) else 1)


def _repeat_at(pattern: str, position: int) -> re.Match[str] | None:
    found = _REPEAT.match(pattern, position)
    return found if found and (found[0] in ("*", "+", "?") or found["low"].strip() or found["high"]) else None


def _bounds(found: re.Match[str]) -> tuple[int, int]:
    """The least and the greatest number of a repeat; without a greatest, the least (at least 1) stands for it."""
    if found[0] in ("*", "+", "?"):
        return int(found[0] == "+"), 1
    low, high = _number(found["low"]), _number(found["high"] or "")
    return low, max(low, high, 1)


def _number(digits: str) -> int:
    text = "".join(digits.split()).lstrip("0")
    if len(text) > _LONGEST_NUMBER:
        raise PatternError(f"its repeats multiply to more than {MAX_REPEATS:,}")
    return int(text or "0")
