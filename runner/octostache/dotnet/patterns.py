"""Regular expressions written for .NET, run by the `regex` package.

The package is close to .NET's engine, so that a pattern needs only small translations. It works on UTF-16 units as
.NET does (callers split texts with `to_units`), and it can stop after a time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Any, Final

from registry.text.patterns import SECONDS, Dialect, PatternError, compile_untrusted

_CLASSES: Final = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": r"\p{L}\p{Mn}\p{Nd}\p{Pc}",
    "s": r"\f\n\r\t\v\x85\p{Z}",
}
_NEGATED: Final = {"W": "w", "S": "s"}
_SIMPLE: Final = {"e": r"\x1b", "z": r"\Z", "Z": r"(?=\n?\Z)"}
_GROUP_NAME: Final = re.compile(r"\(\?(?:<(\w+)>|'(\w+)')")
_REFERENCE: Final = re.compile(r"\\k(?:<(\w+)>|'(\w+)'|\{(\w+)\})")
_NUMBERED: Final = re.compile(r"\\([1-9][0-9]*)")
_LATER_FLAGS: Final = re.compile(r"(?<!^)\(\?[a-z\-]+\)")
_CATEGORY: Final = re.compile(r"\{(\w+)\}")
_QUANTIFIER: Final = re.compile(r"[*+?]|\{[0-9]+(?:,[0-9]*)?\}")


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern, and for each of .NET's group numbers the number in `compiled`."""

    compiled: Any
    numbers: tuple[int, ...]
    names: frozenset[str]

    def matches(self, text: str) -> Iterator[Any]:
        """All matches, as .NET goes on: behind an empty match with the next character.

        Raises `TimeoutError` when they take longer than a second together.
        """
        position, deadline = 0, monotonic() + SECONDS
        while position <= len(text):
            found = self.compiled.search(text, position, timeout=max(deadline - monotonic(), 1e-6))
            if found is None:
                return
            yield found
            position = found.end() + (found.end() == found.start())


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Raises `PatternError` where .NET would refuse the pattern, where it uses what cannot be translated, and where
    it is too large for a pattern from outside.
    """
    compiled = compile_untrusted(pattern, _translate).compiled
    translation = _Translation(pattern)
    return Pattern(compiled, translation.numbers(), frozenset(filter(None, translation.groups)))


def _translate(pattern: str) -> Dialect:
    import regex  # a large module that few evaluations need

    translation = _Translation(pattern)
    text = translation.run()
    # Version 1 knows classes in classes and flags that begin anywhere, but folds "\u00df" to "ss" under (?i).
    newer = translation.nested or _LATER_FLAGS.search(text)
    return Dialect(text, regex.VERSION1 if newer else regex.VERSION0)


class _Translation:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self.nested = False  # whether a class holds another one
        self.groups: list[str | None] = []  # of each capturing group, in order of its bracket, the name
        self._collect_groups()

    def numbers(self) -> tuple[int, ...]:
        """.NET numbers the groups without name first; of a repeated name the first group counts."""
        places = [0]
        places += [index for index, name in enumerate(self.groups, 1) if name is None]
        places += [
            index
            for index, name in enumerate(self.groups, 1)
            if name and self.groups.index(name) == index - 1
        ]
        return tuple(places)

    def _collect_groups(self) -> None:
        pattern, position = self._pattern, 0
        while position < len(pattern):
            char = pattern[position]
            if char == "\\":
                position += 1
            elif char == "[":
                position = _class_end(pattern, position) - 1
            elif char == "(":
                name = _GROUP_NAME.match(pattern, position)
                if name:
                    self.groups.append(name[1] or name[2])
                elif pattern[position + 1 : position + 2] != "?":
                    self.groups.append(None)
            position += 1

    def run(self) -> str:
        pattern, out = self._pattern, list[str]()
        while self._position < len(pattern):
            char = pattern[self._position]
            if char == "\\":
                out.append(self._escape())
            elif char == "[":
                out.append(self._class())
            elif name := _GROUP_NAME.match(pattern, self._position):
                out.append(f"(?P<{_safe_name(name[1] or name[2])}>")
                self._position = name.end()
            elif quantifier := _QUANTIFIER.match(pattern, self._position):
                out.append(self._quantifier(quantifier))
            elif char == "{":
                out.append("\\{")
                self._position += 1
            else:
                out.append(char)
                self._position += 1
        return "".join(out)

    def _quantifier(self, match: re.Match[str]) -> str:
        end = match.end()
        if self._position and self._pattern[self._position - 1] == "(" and match[0] == "?":
            self._position = end
            return "?"
        lazy = "?" if self._pattern.startswith("?", end) else ""
        end += len(lazy)
        if _QUANTIFIER.match(self._pattern, end):
            raise PatternError(f"nested quantifier {self._pattern[end]!r} at offset {end}")
        self._position = end
        return match[0] + lazy

    def _escape(self) -> str:
        start = self._position
        for reference, build in ((_REFERENCE, self._named_reference), (_NUMBERED, self._numbered_reference)):
            match = reference.match(self._pattern, start)
            if match:
                self._position = match.end()
                return build(match)
        char = self._pattern[start + 1 : start + 2]
        self._position = start + 2
        if char in _CLASSES:
            return f"[{_CLASSES[char]}]"
        if char in _NEGATED:
            return f"[^{_CLASSES[_NEGATED[char]]}]"
        return self._plain_escape(char)

    def _plain_escape(self, char: str) -> str:
        if char in ("p", "P"):
            return "\\" + char + self._category()
        if char in _SIMPLE:
            return _SIMPLE[char]
        if char == "c":
            control = self._pattern[self._position : self._position + 1]
            self._position += 1
            return f"\\x{ord(control.upper() or '@') & 31:02x}"
        if char.isalpha() and char not in "abfnrtvxuABGPp":
            raise PatternError(f"unrecognized escape sequence \\{char}")
        return "\\" + char

    def _category(self) -> str:
        """The braces of a category; .NET calls blocks `IsGreek` what the package calls `InGreek`."""
        match = _CATEGORY.match(self._pattern, self._position)
        if match is None:
            raise PatternError(f"incomplete category at offset {self._position}")
        self._position = match.end()
        return "{" + re.sub("^Is", "In", match[1]) + "}"

    def _named_reference(self, match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3]
        if name.isdecimal():
            return self._by_number(int(name))
        return f"(?P={_safe_name(name)})"

    def _numbered_reference(self, match: re.Match[str]) -> str:
        return self._by_number(int(match[1]))

    def _by_number(self, number: int) -> str:
        places = self.numbers()
        if number >= len(places):
            raise PatternError(f"reference to undefined group number {number}")
        return f"(?:\\{places[number]})"

    def _class(self) -> str:
        end = _class_end(self._pattern, self._position)
        text = _translate_class(self._pattern[self._position : end])
        self._position = end
        self.nested = self.nested or "[^" in text[2:] or "--[" in text
        return text


def _safe_name(name: str) -> str:
    return f"n{name}" if name[0].isdecimal() else name


def _class_end(pattern: str, start: int) -> int:
    """Behind the `]` that closes the class at `start`; subtractions `-[...]` nest."""
    position = start + 1
    if pattern.startswith("^", position):
        position += 1
    if pattern.startswith("]", position):
        position += 1
    while position < len(pattern):
        char = pattern[position]
        if char == "]":
            return position + 1
        if char == "\\":
            position += 1
        elif char == "[" and pattern[position - 1] == "-":
            position = _class_end(pattern, position) - 1
        position += 1
    raise PatternError(f"unterminated [] set at offset {start}")


def _translate_class(text: str) -> str:
    out, position, end = [text[0]], 1, len(text) - 1
    if text.startswith("^", position):
        out.append("^")
        position += 1
    while position < end:
        char = text[position]
        if char == "\\":
            out.append(_class_escape(text[position + 1]))
            position += 2
        elif text.startswith("-[", position) and text[position + 1 : end].endswith("]"):
            out.append("--" + _translate_class(text[position + 1 : end]))
            position = end
        else:
            out.append("\\" + char if char in "[]&~|" or text.startswith("--", position) else char)
            position += 1
    return "".join(out) + "]"


def _class_escape(char: str) -> str:
    if char in _CLASSES:
        return _CLASSES[char]
    if char in _NEGATED:
        return f"[^{_CLASSES[_NEGATED[char]]}]"
    return _SIMPLE["e"] if char == "e" else "\\" + char
