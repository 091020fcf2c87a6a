"""Changing entries of mappings in a YAML text; every other byte stays as it is.

The text is edited at the places that the parser reports, then read again: an edit that would change anything
else is refused, and the user told what to write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import yaml

from registry.errors import Conflict
from registry.text.document import KeyPath
from registry.text.yaml_document import LOADER, load_yaml

_PLAIN = re.compile(r"[A-Za-z0-9_./~][A-Za-z0-9_./:~@+=-]*(?<!:)")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_Splice = tuple[int, int, str]
"""Where a piece of the text begins and ends, and what takes its place."""


@dataclass(frozen=True, slots=True)
class MappingEdit:
    """What becomes of the mapping at `path`, by the names its keys have now: values replaced by other texts, keys
    renamed, entries removed; `added` go to its end. A mapping that isn't there is made for them; one that loses
    all its entries goes away with its key."""

    path: KeyPath
    replaced: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    added: Mapping[str, str] = field(default_factory=dict)


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


def edit_mappings(text: str, edits: Sequence[MappingEdit]) -> str:
    """`text` with all these edits, each of another mapping below the top one.

    A removed entry takes the comment behind it along. Raises Conflict where the text is laid out in a way that
    can't be edited (entries that come from an anchor, say), Invalid where it is no YAML.
    """
    expected = _unshared(_data(text))
    advice = "\n".join(line for edit in edits for line in _advice(edit))
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    root = yaml.compose(text, LOADER)
    try:
        for edit in edits:
            _apply(edit, expected)
        splices = [splice for edit in edits for splice in _splices(text, root, edit)]
    except LookupError as error:
        raise _too_unusual(advice) from error
    for start, end, put in sorted(splices, reverse=True):
        text = text[:start] + put + text[end:]
    return mark + _checked(text, expected, advice)


def _unshared(value: Any) -> Any:
    """A copy in which every alias has become data of its own."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def _apply(edit: MappingEdit, data: Any) -> None:
    """The edit, done to the data."""
    *above, last = edit.path
    for key in above:
        data = data[key]
    before = data.get(last) if isinstance(data, dict) else data[last]
    if not isinstance(before, dict | None):
        raise KeyError(last)
    after = {
        edit.renamed.get(key, key): edit.replaced.get(key, value)
        for key, value in (before or {}).items()
        if key not in edit.removed
    } | dict(edit.added)
    if after:
        data[last] = after
    elif isinstance(data, dict):
        data.pop(last, None)


def _advice(edit: MappingEdit) -> Iterator[str]:
    """The edit, for somebody who has to do it."""
    where = ".".join(str(key) for key in edit.path)
    yield from (f"{where}: replace {key} by {_scalar(text)}" for key, text in edit.replaced.items())
    yield from (f"{where}: rename {key} to {name}" for key, name in edit.renamed.items())
    yield from (f"{where}: remove {key}" for key in sorted(edit.removed))
    yield from (f"{where}: add {_scalar(key)}: {_scalar(text)}" for key, text in edit.added.items())


def _splices(text: str, root: Any, edit: MappingEdit) -> Iterator[_Splice]:
    """Raises LookupError for what is not where it should be."""
    *above, last = edit.path
    parent = root
    for key in above:
        parent = _child(parent, key)
    node = _child(parent, last, missing=bool(edit.added))
    if not isinstance(node, yaml.MappingNode) or not node.value:
        yield from _made(text, parent, str(last), node, edit.added)
        return
    entries = [(key.value, key, value) for key, value in node.value]
    changed = {*edit.replaced, *edit.renamed, *edit.removed}
    if not changed <= {name for name, _, _ in entries}:
        raise KeyError(last)
    for name, key, value in entries:
        if name in edit.removed:
            continue
        if name in edit.renamed:
            yield key.start_mark.index, key.end_mark.index, _restyled(edit.renamed[name], key.style)
        if name in edit.replaced:
            yield _replacing(text, value, edit.replaced[name])
    gone = [name in edit.removed for name, _, _ in entries]
    if all(gone) and not edit.added:
        yield from _without(text, parent, [key.value == last for key, _ in parent.value])
        return
    yield from _without(text, node, gone)
    if edit.added:
        yield _appending(text, node, edit.added, rest=not all(gone))


def _child(node: Any, key: str | int, *, missing: bool = False) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
        return node.value[key]
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    found = next((value for name, value in pairs if name.value == key), None)
    if found is None and not missing:
        raise KeyError(key)
    return found


def _replacing(text: str, value: Any, put: str) -> _Splice:
    start, end = value.start_mark.index, _end(text, value)
    if isinstance(value, yaml.ScalarNode) and value.style in ("|", ">") and text[end - 1 : end] == "\n":
        end -= 2 if text[end - 2 : end] == "\r\n" else 1
    blank = " " if start == end else ""
    return start, end, blank + _restyled(put, value.style if isinstance(value, yaml.ScalarNode) else None)


def _without(text: str, node: Any, gone: Sequence[bool]) -> Iterator[_Splice]:
    """Take entries out of a mapping: whole lines of a block, an entry and its comma of a flow."""
    entries = node.value
    if not node.flow_style:
        for place, (key, value) in enumerate(entries):
            start = _line_start(text, key.start_mark.index)
            if gone[place] and not text[start : key.start_mark.index].strip():
                yield start, _line_end(text, _end(text, value)), ""
            elif gone[place]:  # behind the dash of a list
                yield key.start_mark.index, entries[place + 1][0].start_mark.index, ""
        return
    if all(gone):
        yield entries[0][0].start_mark.index, entries[-1][1].end_mark.index, ""
        return
    leading = sum(1 for _ in takewhile(bool, gone))
    if leading:
        yield entries[0][0].start_mark.index, entries[leading][0].start_mark.index, ""
    for place in range(leading + 1, len(entries)):
        if gone[place]:
            yield entries[place - 1][1].end_mark.index, entries[place][1].end_mark.index, ""


def _appending(text: str, node: Any, added: Mapping[str, str], *, rest: bool) -> _Splice:
    """New entries at the end of a mapping; `rest`: some of those that it has will stay."""
    lines = [f"{_scalar(name)}: {_scalar(value)}" for name, value in added.items()]
    if node.flow_style:
        end = node.value[-1][1].end_mark.index
        return end, end, (", " if rest else "") + ", ".join(lines)
    return _inserted(text, _line_end(text, _end(text, node)), node.start_mark.column, lines)


def _made(text: str, parent: Any, name: str, node: Any, added: Mapping[str, str]) -> Iterator[_Splice]:
    """A mapping with these entries, where there was none, or an empty one."""
    if not isinstance(parent, yaml.MappingNode) or not added:
        raise KeyError(name)
    lines = [f"{_scalar(key)}: {_scalar(value)}" for key, value in added.items()]
    inline = f"{{{', '.join(lines)}}}"
    if node is not None:
        start, end = node.start_mark.index, node.end_mark.index
        yield start, end, f" {inline}" if start == end else inline
    elif parent.flow_style:
        end = parent.value[-1][1].end_mark.index
        yield end, end, f", {_scalar(name)}: {inline}"
    else:
        indent = parent.start_mark.column
        block = [f"{_scalar(name)}:", *(f"  {line}" for line in lines)]
        yield _inserted(text, _line_end(text, _end(text, parent)), indent, block)


def _inserted(text: str, at: int, indent: int, lines: Sequence[str]) -> _Splice:
    newline = "\r\n" if "\r\n" in text else "\n"
    before = "" if text[:at].endswith("\n") else newline
    return at, at, before + "".join(f"{' ' * indent}{line}{newline}" for line in lines)


def _restyled(text: str, style: str | None) -> str:
    """A scalar in the quotes that the one before it had."""
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return _quoted(text) if style == '"' else _scalar(text)


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
        end, indent = _line_end(text, _end(text, value)), value.start_mark.column
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
    return text[:start] + text[_line_end(text, _end(text, last)) :]


def _removed_from_flow(text: str, entries: list[Any], number: int) -> str:
    if number:
        return text[: entries[number - 1][1].end_mark.index] + text[entries[number][1].end_mark.index :]
    return text[: entries[0][0].start_mark.index] + text[entries[1][0].start_mark.index :]


def _find(text: str, section: str) -> tuple[Any, Any] | None:
    root = yaml.compose(text, LOADER)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == section), None)


def _end(text: str, node: Any) -> int:
    """Where the last thing in a node ends: a block's own mark lies behind the comments that follow it, the one
    of a literal text behind the blank lines, which are part of it only with a `+`."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end = int(node.end_mark.index)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        kept = "+" in text[node.start_mark.index : end].partition("\n")[0].partition("#")[0]
        body = text[:end].rstrip(" \r\n")
        return end if kept else min(end, _line_end(text, len(body)))
    return end


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


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
    return _quoted(text)


def _quoted(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
