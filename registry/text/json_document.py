"""JSON text <-> plain data that comes back as it was: order, numbers, layout, byte order mark.

Reading is as fast as the standard library's; positions are computed when somebody first asks for one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from registry.errors import Invalid
from registry.model import Problem, path_text
from registry.text.document import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_VALUES,
    KeyPath,
    Position,
    TextLines,
    decode_utf8,
    nearest,
    unreadable,
)
from registry.text.numbers import number_text, read_number

_INDENT = re.compile(r"^( *)\S", re.MULTILINE)
_ESCAPED_LETTER = re.compile(r"(?<!\\)(?:\\\\)*\\u(?!00[01])")
_BRACKET_OR_TEXT = re.compile(r'[\[\]{}]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_COMMA_THEN_END = re.compile(r",[ \t\r\n]*[\]}]")
_BLANK_CONTROLS = ("\t", "\n", "\r")  # outside of a text they are blanks: the parser stops at none
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class JsonLayout:
    """How a JSON text is laid out beyond its data; the defaults are what we write ourselves.

    `margin` is indentation that every line but the first has on top (some exports were pasted so); `end`
    follows the last brace. Line ends in `end` are written as `newline` says.
    """

    indent: int = 2
    margin: int = 0
    ascii_only: bool = False
    newline: str = "\n"
    byte_order_mark: bool = False
    end: str = "\n"


@dataclass(frozen=True)
class JsonDocument:
    """The data of one JSON text. `problems` are those that leave it readable, such as a duplicate key."""

    value: Any
    file: str
    text: str = field(repr=False)
    byte_order_mark: bool = False
    has_duplicates: bool = False

    def position(self, path: Sequence[str | int]) -> Position:
        """Line and column (1-based) of the value at `path`, of its nearest parent where there is none."""
        return self._lines.position(nearest(self._places.values, path, 0))

    def key_position(self, path: Sequence[str | int]) -> Position:
        """Line and column (1-based) of the key itself, for a finding about the key."""
        offset = self._places.keys.get(tuple(path))
        return self.position(path) if offset is None else self._lines.position(offset)

    def replaced(self, scalars: Mapping[KeyPath, str | int]) -> str:
        """The text with the scalars at these paths replaced, every other character as it was."""
        text = self.text
        for path in sorted(scalars, key=lambda path: self._places.values[path], reverse=True):
            start = self._places.values[path]
            text = (
                text[:start]
                + json.dumps(scalars[path], ensure_ascii=False)
                + text[_scalar_end(text, start) :]
            )
        return text

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        duplicates = self._places.duplicates if self.has_duplicates else ()
        return tuple(self._duplicate(path, offset) for path, offset in duplicates)

    @cached_property
    def layout(self) -> JsonLayout:
        """How the text is laid out; what it cannot show (stray blanks) is left out."""
        return _guess_layout(self.text, self.byte_order_mark)

    @cached_property
    def _lines(self) -> TextLines:
        return TextLines(self.text)

    @cached_property
    def _places(self) -> _Places:
        return _find_places(self.text)

    def _duplicate(self, path: KeyPath, offset: int) -> Problem:
        line, column = self._lines.position(offset)
        message = f'duplicate key "{path[-1]}"'
        hint = "The last one counts; remove the others."
        return Problem(
            message, "duplicate-key", path_text(path), hint, file=self.file, line=line, column=column
        )


def load_json(data: bytes, file: str) -> JsonDocument:
    """Read one JSON text. `file` is its name for messages.

    Raises Invalid where the bytes are not UTF-8 or not JSON, are more than 10 MB or 100,000 values, or nest deeper
    than 64 levels.
    """
    if len(data) > MAX_BYTES:
        message = f"the file is {len(data) / 1e6:.1f} MB large; at most {MAX_BYTES >> 20} MB are read"
        raise unreadable(file, message, "json-too-large")
    text = decode_utf8(data, file)
    objects = _Objects(file)
    value = _parse(text, file, objects)
    if _count(value, MAX_DEPTH, file) > MAX_VALUES:
        raise _too_many(file)
    if _SURROGATE_ESCAPE.search(text) and not _has_utf8(value):
        raise unreadable(file, 'a text holds half a character, such as "\\ud83d" alone', "json-surrogate")
    return JsonDocument(value, file, text, data.startswith(b"\xef\xbb\xbf"), objects.have_duplicates)


def dump_json(value: Any, layout: JsonLayout = JsonLayout()) -> bytes:
    """The bytes of `value` in that layout, numbers as they were written."""
    text = "".join(_written(value, layout, "\n" + " " * layout.margin)) + layout.end
    if layout.newline != "\n":
        text = text.replace("\n", layout.newline)
    data = text.encode()
    return b"\xef\xbb\xbf" + data if layout.byte_order_mark else data


def _too_many(file: str) -> Invalid:
    return unreadable(file, f"more than {MAX_VALUES} values", "json-too-large")


class _Objects:
    """Builds objects, and notices a key that comes twice in one. Members that repeat a key count, too: each would be a
    problem of its own."""

    have_duplicates = False

    def __init__(self, file: str) -> None:
        self._file = file
        self._members = 0

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self._members += len(pairs)
        if self._members > MAX_VALUES:
            raise _too_many(self._file)
        built = dict(pairs)
        if len(built) != len(pairs):
            self.have_duplicates = True
        return built


def _parse(text: str, file: str, objects: _Objects) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=objects,
            parse_int=read_number,
            parse_float=read_number,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        if _nests_deeper(text[: error.pos], MAX_DEPTH):
            raise _too_deep(file) from None
        said, hint = _explained(text, error)
        position = (error.lineno, error.colno)
        raise unreadable(file, f"this is not JSON: {said}", "json-syntax", hint, position) from None
    except ValueError as error:
        place = _number_position(text)
        raise unreadable(file, f"this is not JSON: {error}", "json-number", position=place) from None
    except RecursionError:
        raise _too_deep(file) from None


def _number_position(text: str) -> Position | None:
    """Where the first number stands that cannot be read."""
    for found in _NUMBER.finditer(text):
        if found[1]:
            try:
                read_number(found[1])
            except ValueError:
                offset = found.start(1)
                return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    return None


def _no_constant(name: str) -> Any:
    raise ValueError(f'"{name}" is no JSON value')


def _nests_deeper(text: str, levels: int) -> bool:
    """Whether a text, the part before a mistake, opens more than so many levels."""
    level = 0
    for found in _BRACKET_OR_TEXT.finditer(text):
        level += (found[0] in "[{") - (found[0] in "]}")
        if level > levels:
            return True
    return False


def _explained(text: str, error: json.JSONDecodeError) -> tuple[str, str | None]:
    """What is wrong and what to do, by what stands where the parser stopped: its own words and its place for
    the same mistake change with Python's version.
    """
    said = f"{error.msg[0].lower()}{error.msg[1:]}"
    if not text.strip():
        return said, "The file is empty."
    if text.startswith(("<<<<<<<", "=======", ">>>>>>>"), text.rfind("\n", 0, error.pos) + 1):
        return said, "A merge conflict was committed: resolve it."
    if text[error.pos : error.pos + 1] in _BLANK_CONTROLS:
        return said, "Write a line end or tab inside a text as \\n or \\t."
    if _ends_after_comma(text, error.pos):
        return "a comma stands before the closing bracket", "Remove the comma before it."
    return said, None


def _ends_after_comma(text: str, index: int) -> bool:
    """Before 3.13, Python stops at the bracket; from then on, at the comma."""
    comma = text.rfind(",", 0, index + 1)
    found = _COMMA_THEN_END.match(text, comma) if comma >= 0 else None
    return found is not None and found.end() > index


def _too_deep(file: str) -> Invalid:
    return unreadable(file, f"more than {MAX_DEPTH} levels of nesting", "json-too-deep")


def _has_utf8(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _count(value: Any, levels: int, file: str) -> int:
    """How many values there are. Raises Invalid where they nest deeper than so many levels."""
    if not isinstance(value, dict | list):
        return 1
    if levels == 0:
        raise _too_deep(file)
    inner = value.values() if isinstance(value, dict) else value
    return 1 + sum(_count(item, levels - 1, file) for item in inner)


def _written(value: Any, layout: JsonLayout, line: str) -> Iterator[str]:
    """Pieces of text; `line` is the line break with the indentation of the enclosing level."""
    if isinstance(value, dict | list) and value:
        deeper = line + " " * layout.indent
        yield "{" if isinstance(value, dict) else "["
        for number, item in enumerate(value):
            yield "," + deeper if number else deeper
            if isinstance(value, dict):
                yield json.dumps(item, ensure_ascii=layout.ascii_only) + ": "
                item = value[item]
            yield from _written(item, layout, deeper)
        yield line + ("}" if isinstance(value, dict) else "]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield number_text(value)
    else:
        yield json.dumps(value, ensure_ascii=layout.ascii_only)


def _guess_layout(text: str, byte_order_mark: bool) -> JsonLayout:
    body = text.rstrip()
    newline = "\r\n" if "\r\n" in text else "\n"
    indents = (len(found[1]) for found in _INDENT.finditer(text))
    first = next((indent for indent in indents if indent), 2)
    second = next((indent for indent in indents if indent > first), 2 * first)
    return JsonLayout(
        indent=second - first,
        margin=max(0, 2 * first - second),
        ascii_only="\\u" in text and body.isascii() and _ESCAPED_LETTER.search(body) is not None,
        newline=newline,
        byte_order_mark=byte_order_mark,
        end=text[len(body) :].replace("\r\n", "\n"),
    )


@dataclass
class _Places:
    """Offsets of values and keys by path, and of keys that a later equal key hides."""

    values: dict[KeyPath, int] = field(default_factory=dict)
    keys: dict[KeyPath, int] = field(default_factory=dict)
    duplicates: list[tuple[KeyPath, int]] = field(default_factory=list)


_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|(-?[0-9][0-9.eE+-]*|-?Infinity|NaN)', re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*")
# Possessive: the engine would remember every character of a long text to come back to it.
_SCALAR = re.compile(r'"(?:[^"\\]++|\\.)*+"|[^\s,\]}]+', re.DOTALL)


def _find_places(text: str) -> _Places:
    """Scan a text that is known to be JSON."""
    places = _Places()
    _scan(text, _skip(text, 0), (), places)
    return places


def _scan(text: str, offset: int, path: KeyPath, places: _Places) -> int:
    """Note the value that begins at `offset`; returns the offset behind it."""
    places.values[path] = offset
    if text[offset] == "{":
        return _scan_members(text, offset, path, places)
    if text[offset] == "[":
        return _scan_items(text, offset, path, places)
    return _scalar_end(text, offset)


def _scan_members(text: str, offset: int, path: KeyPath, places: _Places) -> int:
    offset = _skip(text, offset + 1)
    while text[offset] != "}":
        end = _scalar_end(text, offset)
        here = (*path, json.loads(text[offset:end]))
        if here in places.keys:
            places.duplicates.append((here, offset))
        places.keys[here] = offset
        offset = _skip(text, _scan(text, _skip(text, _skip(text, end) + 1), here, places))
        if text[offset] == ",":
            offset = _skip(text, offset + 1)
    return offset + 1


def _scan_items(text: str, offset: int, path: KeyPath, places: _Places) -> int:
    offset, count = _skip(text, offset + 1), 0
    while text[offset] != "]":
        offset = _skip(text, _scan(text, offset, (*path, count), places))
        count += 1
        if text[offset] == ",":
            offset = _skip(text, offset + 1)
    return offset + 1


def _skip(text: str, offset: int) -> int:
    found = _SPACE.match(text, offset)
    return found.end() if found else offset


def _scalar_end(text: str, offset: int) -> int:
    found = _SCALAR.match(text, offset)
    return found.end() if found else offset + 1
