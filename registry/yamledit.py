"""Adding and removing an entry of a mapping in a YAML text; every other byte stays as it is.

The text is edited at the places that the parser reports, then read again: an edit that would change anything
else is refused, and the user told what to write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from registry.errors import Conflict
from registry.yamldoc import load_yaml

_PLAIN = re.compile(r"[A-Za-z0-9_./~][A-Za-z0-9_./:~@+=-]*(?<!:)")


def add_entry(text: str, section: str, name: str, entry: Mapping[str, str]) -> str:
    """`text` with `name: {entry}` at the end of the top-level mapping `section`, which is made if needed.

    Raises Conflict where the text is laid out in a way that can't be edited, Invalid where it is no YAML.
    """
    line = f"{_scalar(name)}: {{{', '.join(f'{key}: {_scalar(value)}' for key, value in entry.items())}}}"
    data = _data(text)
    expected = {**data, section: {**(data.get(section) or {}), name: dict(entry)}}
    return _checked(_added(text, section, line), expected, f"{section}:\n  {line}")


def set_number(text: str, key: str, number: int) -> str:
    """`text` with this number as the value of a top-level key, which is added at the end if needed.

    Raises Conflict where the text is laid out in a way that can't be edited, Invalid where it is no YAML.
    """
    found = _find(text, key)
    if found is None:
        start = text if not text or text.endswith("\n") else f"{text}\n"
        edited = f"{start}{key}: {number}\n"
    else:
        value = found[1]
        edited = f"{text[: value.start_mark.index]}{number}{text[value.end_mark.index :]}"
    return _checked(edited, {**_data(text), key: number}, f"{key}: {number}")


def remove_entry(text: str, section: str, name: str) -> str:
    """`text` without the entry `name` of `section`, and without the section when that was the last one."""
    data = _data(text)
    rest = {key: value for key, value in data[section].items() if key != name}
    expected = {key: value for key, value in data.items() if key != section}
    if rest:
        expected = {key: rest if key == section else value for key, value in data.items()}
    return _checked(_removed(text, section, name), expected, f'Remove "{name}" below "{section}" yourself.')


def _added(text: str, section: str, line: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    found = _find(text, section)
    if found is None:
        start = text if not text or text.endswith("\n") else text + newline
        return f"{start}{section}:{newline}  {line}{newline}"
    key, value = found
    if isinstance(value, yaml.MappingNode) and value.flow_style:
        inner = value.value[-1][1].end_mark.index if value.value else value.start_mark.index + 1
        return text[:inner] + (", " if value.value else "") + line + text[inner:]
    if isinstance(value, yaml.MappingNode):
        end, indent = _line_end(text, _end(value)), value.start_mark.column
    else:
        end, indent = _line_end(text, key.end_mark.index), key.start_mark.column + 2
    before = text[:end] if text[:end].endswith("\n") else text[:end] + newline
    return f"{before}{' ' * indent}{line}{newline}{text[end:]}"


def _removed(text: str, section: str, name: str) -> str:
    found = _find(text, section)
    assert found is not None
    key, value = found
    entries = value.value
    number = next(place for place, (entry, _) in enumerate(entries) if entry.value == name)
    if len(entries) == 1:
        first, last = key, value
    elif value.flow_style:
        return _removed_from_flow(text, entries, number)
    else:
        first, last = entries[number]
    start = first.start_mark.index - first.start_mark.column
    return text[:start] + text[_line_end(text, _end(last)) :]


def _removed_from_flow(text: str, entries: list[Any], number: int) -> str:
    if number:
        return text[: entries[number - 1][1].end_mark.index] + text[entries[number][1].end_mark.index :]
    return text[: entries[0][0].start_mark.index] + text[entries[1][0].start_mark.index :]


def _find(text: str, section: str) -> tuple[Any, Any] | None:
    root = yaml.compose(text, yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == section), None)


def _end(node: Any) -> int:
    """Where the last thing in a node ends: a block's own mark lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    """The start of the line after `index`."""
    if index and text[index - 1] == "\n":
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _data(text: str) -> dict[str, Any]:
    value = load_yaml(text, "").value
    return value if isinstance(value, dict) else {}


def _checked(text: str, expected: Mapping[str, Any], advice: str) -> str:
    try:
        if _data(text) == expected:
            return text
    except Exception as error:
        raise _too_unusual(advice) from error
    raise _too_unusual(advice)


def _too_unusual(advice: str) -> Conflict:
    return Conflict(
        "cannot-edit", "the file is laid out in a way that can't be edited for you", hint=f"Write:\n{advice}"
    )


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and isinstance(load_yaml(text, "").value, str):
        return text
    return json.dumps(text, ensure_ascii=False)
