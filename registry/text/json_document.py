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
from registry.text.numbers import number_text, read_number

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 64

_INDENT = re.compile(r"^( *)\S", re.MULTILINE)
_ESCAPED_LETTER = re.compile(r"(?<!\\)(?:\\\\)*\\u(?!00[01])")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")

KeyPath = tuple[str | int, ...]
Position = tuple[int, int]


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
        return self._line_and_column(_nearest(self._places.values, tuple(path)))

    def key_position(self, path: Sequence[str | int]) -> Position:
        """Line and column (1-based) of the key itself, for a finding about the key."""
        offset = self._places.keys.get(tuple(path))
        return self.position(path) if offset is None else self._line_and_column(offset)

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
        """How the text is laid out; what can't be told by it (stray blanks) is left out."""
        return _guess_layout(self.text, self.byte_order_mark)

    @cached_property
    def _places(self) -> _Places:
        return _find_places(self.text)

    def _duplicate(self, path: KeyPath, offset: int) -> Problem:
        line, column = self._line_and_column(offset)
        message = f'duplicate key "{path[-1]}"'
        hint = "the last one counts; remove the others"
        return Problem(
            message, "duplicate-key", path_text(path), hint, file=self.file, line=line, column=column
        )

    def _line_and_column(self, offset: int) -> Position:
        return self.text.count("\n", 0, offset) + 1, offset - (self.text.rfind("\n", 0, offset) + 1) + 1


def load_json(data: bytes, file: str) -> JsonDocument:
    """Read one JSON text. `file` is its name for messages.

    Raises Invalid where the bytes are no UTF-8, no JSON, more than 10 MB, or nest deeper than 64 levels.
    """
    if len(data) > MAX_BYTES:
        message = f"the file is {len(data) / 1e6:.1f} MB large; at most {MAX_BYTES >> 20} MB are read"
        raise _unreadable(file, message, "json-too-large")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text (byte {error.start})"
        raise _unreadable(file, message, "not-utf8", "save the file as UTF-8") from None
    objects = _Objects()
    value = _parse(text, file, objects)
    if _deeper_than(value, MAX_DEPTH):
        raise _unreadable(file, f"more than {MAX_DEPTH} levels of nesting", "json-too-deep")
    if _SURROGATE_ESCAPE.search(text) and not _has_utf8(value):
        raise _unreadable(file, 'a text holds half a character, such as "\\ud83d" alone', "json-surrogate")
    return JsonDocument(value, file, text, data.startswith(b"\xef\xbb\xbf"), objects.have_duplicates)


def dump_json(value: Any, layout: JsonLayout = JsonLayout()) -> bytes:
    """The bytes of `value` in that layout, numbers as they were written."""
    text = "".join(_written(value, layout, "\n" + " " * layout.margin)) + layout.end
    if layout.newline != "\n":
        text = text.replace("\n", layout.newline)
    data = text.encode()
    return b"\xef\xbb\xbf" + data if layout.byte_order_mark else data


class _Objects:
    """Builds objects, and notices a key that comes twice in one."""

    have_duplicates = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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
        position = (error.lineno, error.colno)
        message = f"this is not JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise _unreadable(file, message, "json-syntax", _syntax_hint(text, error), position) from None
    except ValueError as error:
        place = _number_position(text)
        raise _unreadable(file, f"this is not JSON: {error}", "json-number", position=place) from None
    except RecursionError:
        raise _unreadable(file, f"more than {MAX_DEPTH} levels of nesting", "json-too-deep") from None


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


def _syntax_hint(text: str, error: json.JSONDecodeError) -> str | None:
    if not text.strip():
        return "the file is empty"
    if text.startswith(("<<<<<<<", "=======", ">>>>>>>"), text.rfind("\n", 0, error.pos) + 1):
        return "a merge conflict was committed: resolve it"
    if error.msg.startswith("Invalid control character"):
        return "write a line end or tab inside a text as \\n or \\t"
    if error.msg.startswith("Expecting property name") and text[error.pos : error.pos + 1] in "}]":
        return "remove the comma before it"
    return None


def _unreadable(
    file: str, message: str, code: str, hint: str | None = None, position: Position | None = None
) -> Invalid:
    line, column = position or (None, None)
    problem = Problem(message, code, hint=hint, file=file, line=line, column=column)
    return Invalid(code, f"{file}: {message}", hint, [problem])


def _has_utf8(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_deeper_than(item, levels - 1) for item in inner)


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
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,\]}]+', re.DOTALL)


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


def _nearest(offsets: Mapping[KeyPath, int], path: KeyPath) -> int:
    while path and path not in offsets:
        path = path[:-1]
    return offsets.get(path, 0)
