"""A reader of JSON as lenient as the one templates were written for.

It takes unquoted and single-quoted names, single-quoted strings, comments, trailing commas, missing array elements,
hexadecimal and octal integers. Nesting beyond 64 counts as no JSON.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

from runner.octostache.dotnet.characters import WHITE_SPACE

MAX_DEPTH: Final = 64


class JsonError(ValueError):
    """The text is no JSON, not even lenient JSON."""


class Undefined(Enum):
    """The value of a missing array element and of the word `undefined`."""

    UNDEFINED = "undefined"


JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | Undefined | None"

_BLANK: Final = re.compile(rf"(?:[{WHITE_SPACE}]++|/\*(?:(?!\*/).)*+\*/|//[^\r\n]*+)*+", re.DOTALL)
_NAME: Final = re.compile(r"[\w$]++")
_NUMBER: Final = re.compile(r"[-+.0-9a-fA-FxX]+")
_DECIMAL: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_STRINGS: Final = {
    quote: re.compile(rf"[^{quote}\\]*+(?:\\.[^{quote}\\]*+)*+{quote}", re.DOTALL) for quote in "'\""
}
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.?))", re.DOTALL)
_SIMPLE_ESCAPES: Final = {
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "f": "\f",
    "r": "\r",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "/": "/",
}
_WORDS: Final[dict[str, JsonValue]] = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": Undefined.UNDEFINED,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_AFTER_SCALAR: Final = re.compile(rf"[,\]}})/{WHITE_SPACE}]|\Z")


def read_json(text: str) -> JsonValue:
    """The value that `text` holds; None if it is blank. Raises `JsonError`."""
    return _Reader(text).read()


def make_object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """An object of these members: a repeated name takes the place of its last appearance."""
    members: dict[str, JsonValue] = {}
    for name, value in pairs:
        members.pop(name, None)
        members[name] = value
    return members


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0

    def read(self) -> JsonValue:
        self._skip()
        if self._position == len(self._text):
            return None
        value = self._value()
        self._skip()
        if self._position < len(self._text):
            raise JsonError("text after the value")
        return value

    def _skip(self) -> None:
        match = _BLANK.match(self._text, self._position)
        self._position = match.end() if match else self._position

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _value(self) -> JsonValue:
        char = self._peek()
        if char == "{":
            return self._nested(self._object)
        if char == "[":
            return self._nested(self._array)
        if char in _STRINGS:
            return self._string()
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._position):
                self._position += len(word)
                self._end_scalar()
                return value
        return self._number()

    def _nested(self, read: "Callable[[], JsonValue]") -> JsonValue:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise JsonError("nested too deep")
        self._position += 1
        value = read()
        self._depth -= 1
        return value

    def _object(self) -> JsonValue:
        pairs: list[tuple[str, JsonValue]] = []
        while True:
            self._skip()
            if self._peek() == "}":
                self._position += 1
                return make_object(pairs)
            name = self._name()
            self._skip()
            if self._peek() != ":":
                raise JsonError("a member without ':'")
            self._position += 1
            self._skip()
            pairs.append((name, self._value()))
            self._separator("}")

    def _array(self) -> JsonValue:
        items: list[JsonValue] = []
        while True:
            self._skip()
            char = self._peek()
            if char == "]":
                self._position += 1
                return items
            if char == ",":
                self._position += 1
                items.append(Undefined.UNDEFINED)
                continue
            items.append(self._value())
            self._separator("]")

    def _separator(self, close: str) -> None:
        self._skip()
        char = self._peek()
        if char == ",":
            self._position += 1
        elif char != close:
            raise JsonError(f"neither ',' nor '{close}'")

    def _name(self) -> str:
        if self._peek() in _STRINGS:
            return self._string()
        match = _NAME.match(self._text, self._position)
        if match is None:
            raise JsonError("no name")
        self._position = match.end()
        return match[0]

    def _string(self) -> str:
        quote = self._peek()
        if not quote:
            raise JsonError("the text ends too early")
        match = _STRINGS[quote].match(self._text, self._position + 1)
        if match is None:
            raise JsonError("a string without end")
        self._position = match.end()
        raw = match[0][:-1]
        return _ESCAPE.sub(_unescape, raw) if "\\" in raw else raw

    def _number(self) -> JsonValue:
        match = _NUMBER.match(self._text, self._position)
        if match is None or match[0][0] not in "-.0123456789":
            raise JsonError("no value")
        self._position = match.end()
        self._end_scalar()
        return _to_number(match[0])

    def _end_scalar(self) -> None:
        if not _AFTER_SCALAR.match(self._text, self._position):
            raise JsonError("a value runs into something else")


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    char = _SIMPLE_ESCAPES.get(match[2])
    if char is None:
        raise JsonError("an unknown escape")
    return char


def _to_number(text: str) -> int | float:
    try:
        if text[0] == "0" and len(text) > 1 and text[1] not in ".eE":
            return _in_64_bits(int(text, 16) if text[:2] in ("0x", "0X") else int(text, 8))
        if text.lstrip("-").isdecimal():
            return int(text)
    except ValueError as error:
        raise JsonError("no number") from error
    if not _DECIMAL.fullmatch(text):
        raise JsonError("no number")
    return float(text)


def _in_64_bits(number: int) -> int:
    if number >= 2**64:
        raise JsonError("a number beyond 64 bits")
    return number - 2**64 if number >= 2**63 else number
