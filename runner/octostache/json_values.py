"""Variables whose values are JSON: steps into them, iteration over them, and JSON as text again."""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from runner.octostache.dotnet.date_formats import format_date
from runner.octostache.dotnet.dates import parse_json_date
from runner.octostache.dotnet.numbers import parse_int32, shortest_double
from runner.octostache.errors import InvalidValueError
from runner.octostache.json_reader import (
    MAX_DEPTH,
    JsonError,
    JsonValue,
    Undefined,
    make_object,
    read_json,
)

_STRING_ESCAPES: Final = re.compile('["\\\\\x00-\x1f\x85\u2028\u2029]')
_JSON_DATE: Final = "yyyy'-'MM'-'dd'T'HH':'mm':'ss.FFFFFFFK"
_SHORT_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}


def json_member(text: str, member: str) -> str | None:
    """What the step `member` into the JSON document `text` gives; None if it leads nowhere.

    An absent member of an object and an index beyond the end of an array give an empty text.
    Raises `InvalidValueError` for a negative index and for an integer beyond 64 bits.
    """
    document = _load(text)
    if isinstance(document, dict):
        return _as_text(document[member]) if member in document else ""
    if not isinstance(document, list):
        return None
    index = parse_int32(member)
    if index is None:
        return None
    if index < 0:
        raise InvalidValueError(f"'{member}' is not an index of a JSON array: it must not be negative")
    return _as_text(document[index]) if index < len(document) else ""


def json_items(text: str) -> "list[str | tuple[str, str]] | None":
    """The elements of a JSON array, or name and value of an object's members; None if `text` is neither."""
    document = _load(text)
    if isinstance(document, dict):
        return [(name, _as_text(value)) for name, value in document.items()]
    if isinstance(document, list):
        return [_as_text(item) for item in document]
    return None


def write_flat_object(entries: Iterable[tuple[str, str | None]]) -> str:
    """A JSON object of texts, one member a line, indented by two spaces."""
    lines = [f"  {_quote(name)}: {'null' if value is None else _quote(value)}" for name, value in entries]
    return "{\n" + ",\n".join(lines) + "\n}" if lines else "{}"


@lru_cache(maxsize=32)
def _load(text: str) -> JsonValue:
    if text.lstrip()[:1] not in ("{", "[", "/"):
        return None  # only objects and arrays can be stepped into
    try:
        document: JsonValue = json.loads(
            text, object_pairs_hook=make_object, parse_constant=float, strict=False
        )
        _check_depth(document)
    except (json.JSONDecodeError, RecursionError, ValueError):
        try:
            document = read_json(text)
        except JsonError:
            return None
    return document


def _check_depth(document: JsonValue) -> None:
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [item for container in level for item in _contents(container)]
        if not level:
            return
    if any(isinstance(item, list | dict) for item in level):
        raise JsonError("nested too deep")


def _contents(value: JsonValue) -> Iterable[JsonValue]:
    return value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()


def _as_text(value: JsonValue) -> str:
    match value:
        case None | Undefined():
            return ""
        case bool():
            return str(value)
        case str():
            date = parse_json_date(value)
            return str(value) if date is None else format_date(date, "G")
        case int():
            if not -(2**63) <= value < 2**63:
                raise InvalidValueError(f"the JSON number {value} does not fit 64 bits: put it in quotes")
            return str(value)
        case float():
            return shortest_double(value)
        case _:
            return _write(value)


def _write(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case Undefined():
            return value.value
        case bool():
            return "true" if value else "false"
        case str():
            date = parse_json_date(value)
            return _quote(value) if date is None else f'"{format_date(date, _JSON_DATE)}"'
        case int():
            return str(value)
        case float():
            return _write_double(value)
        case dict():
            return "{" + ",".join(f"{_quote(name)}:{_write(item)}" for name, item in value.items()) + "}"
        case _:
            return "[" + ",".join(_write(item) for item in value) + "]"


def _write_double(value: float) -> str:
    text = shortest_double(value)
    if value != value or value in (float("inf"), float("-inf")):
        return f'"{text}"'
    return text if any(char in text for char in ".eE") else text + ".0"


def _quote(text: str) -> str:
    return '"' + _STRING_ESCAPES.sub(lambda match: _escape(match[0]), text) + '"'


def _escape(char: str) -> str:
    return _SHORT_ESCAPES.get(char) or f"\\u{ord(char):04x}"
