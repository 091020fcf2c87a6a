"""Changing entries of mappings in a YAML text; every other byte stays as it is.

The text is edited at the places that the parser reports, then read again: an edit that would change anything
else is refused, with what the user should write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, TypeAlias

import yaml

from registry.errors import Conflict, Invalid
from registry.model import path_text
from registry.text.document import KeyPath
from registry.text.yaml_document import LOADER, load_yaml

_PLAIN = re.compile(r"[A-Za-z0-9_./~][A-Za-z0-9_./:~@+=-]*(?<!:)")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_Splice = tuple[int, int, str]
"""Where a piece of the text begins and ends, and what takes its place."""


Entry: TypeAlias = "str | int | bool | Mapping[str, Entry] | Sequence[Entry]"
"""A value that can be written: a text, a number, true or false, or a mapping or list, which stand on one line."""


@dataclass(frozen=True, slots=True)
class MappingEdit:
    """What becomes of the mapping at `path`, by the names its keys have now: values replaced by other texts, keys
    renamed, entries removed; `added` go to its end. A mapping that isn't there is made for them; one that loses
    all its entries goes away with its key."""

    path: KeyPath
    replaced: Mapping[str, Entry] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    added: Mapping[str, Entry] = field(default_factory=dict)


def add_entry(text: str, section: str, name: str, entry: Mapping[str, str]) -> str:
    """`text` with `name: {entry}` at the end of the top-level mapping `section`. Raises as `edit_mappings`."""
    return edit_mappings(text, [MappingEdit((section,), added={name: entry})])


def remove_entry(text: str, section: str, name: str) -> str:
    """`text` without the entry `name` of `section`, and without the section when that was the last one."""
    return edit_mappings(text, [MappingEdit((section,), removed=frozenset({name}))])


def set_number(text: str, key: str, number: int) -> str:
    """`text` with this number as the value of a top-level key. Raises as `edit_mappings`."""
    data = _data(text)
    edit = MappingEdit((), replaced={key: number}) if key in data else MappingEdit((), added={key: number})
    return _edited(text, data, [edit])


def append_item(text: str, section: str, lines: Sequence[str], item: Any) -> str:
    """`text` with one more item at the end of the top-level list `section`, which is made where it isn't there.

    `lines` are the item, the dash of the list included; `item` is what they say. Raises as `edit_mappings`.
    """
    expected = _unshared(_data(text))
    present = expected.get(section) or []
    expected[section] = [*present, item]
    advice = "\n".join([f"{section}: add", *lines])
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    try:
        start, end, put = _appending_item(text, yaml.compose(text, LOADER), section, lines, fresh=not present)
    except LookupError as error:
        raise too_unusual(advice) from error
    return mark + checked_edit(text[:start] + put + text[end:], expected, advice)


def _appending_item(text: str, root: Any, section: str, lines: Sequence[str], *, fresh: bool) -> _Splice:
    """`fresh`: the list has no item yet. Raises LookupError where the list is written another way."""
    pairs = root.value if isinstance(root, yaml.MappingNode) and not root.flow_style else None
    if pairs is None and root is not None:
        raise KeyError(section)
    found = next((value for key, value in pairs or () if key.value == section), None)
    if found is None:
        return inserted(text, len(text), 0, [f"{section}:", *(f"  {line}" for line in lines)])
    if not fresh and isinstance(found, yaml.SequenceNode) and not found.flow_style:
        at = line_end(text, end_of_node(text, found.value[-1]))
        apart = _are_apart(text, found)
        return inserted(text, at, found.start_mark.column, [*([""] if apart else []), *lines])
    if not fresh:
        raise KeyError(section)
    # Nothing, `null` or `[]`, and whatever comment stands behind it.
    start, end = found.start_mark.index, found.end_mark.index
    behind = line_end(text, end)
    written = text[:start].rstrip(" ") + text[end:behind].rstrip("\r\n")
    newline = "\r\n" if "\r\n" in text else "\n"
    block = "".join(f"  {line}{newline}" for line in lines)
    return 0, behind, f"{written}{newline}{block}"


def _are_apart(text: str, node: Any) -> bool:
    """Whether empty lines stand between the items of a list."""
    if len(node.value) < 2:
        return False
    before, last = node.value[-2:]
    between = text[end_of_node(text, before) : last.start_mark.index]
    return any(not line.strip() for line in between.splitlines()[1:])


def edit_mappings(text: str, edits: Sequence[MappingEdit]) -> str:
    """`text` with all these edits, each of another mapping; an edit of the top one has the path `()`.

    A removed entry takes the comment behind it along. Raises Conflict where the text is laid out in a way that
    cannot be edited (entries that come from an anchor, say), Invalid where it is no YAML.
    """
    return _edited(text, _data(text), edits)


def _edited(text: str, data: Mapping[str, Any], edits: Sequence[MappingEdit]) -> str:
    """The edits, done to a text that says `data`."""
    expected = _unshared(data)
    advice = "\n".join(line for edit in edits for line in _advice(edit))
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    root = yaml.compose(text, LOADER)
    try:
        for edit in edits:
            _apply(edit, expected)
        splices = [splice for edit in edits for splice in _splices(text, root, edit)]
    except LookupError as error:
        raise too_unusual(advice) from error
    for start, end, put in sorted(splices, reverse=True):
        text = text[:start] + put + text[end:]
    return mark + checked_edit(text, expected, advice)


def _unshared(value: Any) -> Any:
    """A copy in which every alias has become data of its own."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def _apply(edit: MappingEdit, data: Any) -> None:
    """The edit, done to the data."""
    if not edit.path:
        after = _after(edit, data)
        data.clear()
        data.update(after)
        return
    *above, last = edit.path
    for key in above:
        data = data[key]
    before = data.get(last) if isinstance(data, dict) else data[last]
    if not isinstance(before, dict | None):
        raise KeyError(last)
    after = _after(edit, before or {})
    if after:
        data[last] = after
    elif isinstance(data, dict):
        data.pop(last, None)


def _after(edit: MappingEdit, before: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping after the edit."""
    return {
        edit.renamed.get(key, key): plain_entry(edit.replaced[key]) if key in edit.replaced else value
        for key, value in before.items()
        if key not in edit.removed
    } | {key: plain_entry(entry) for key, entry in edit.added.items()}


def plain_entry(entry: Entry) -> Any:
    """An entry as reading it gives it."""
    if isinstance(entry, Mapping):
        return {key: plain_entry(value) for key, value in entry.items()}
    return entry if isinstance(entry, str | int) else [plain_entry(item) for item in entry]


def _advice(edit: MappingEdit) -> Iterator[str]:
    """The edit, for somebody who has to do it."""
    where = path_text(edit.path) or "at the top"
    yield from (f"{where}: replace {key} by {written(entry)}" for key, entry in edit.replaced.items())
    yield from (f"{where}: rename {key} to {name}" for key, name in edit.renamed.items())
    yield from (f"{where}: remove {key}" for key in sorted(edit.removed))
    yield from (f"{where}: add {line}" for line in _lines(edit.added))


def _splices(text: str, root: Any, edit: MappingEdit) -> Iterator[_Splice]:
    """Raises LookupError for what is not where it should be."""
    parent, last = root, None
    for last in edit.path[:-1]:
        parent = child_node(parent, last)
    last = edit.path[-1] if edit.path else None
    node = root if last is None else child_node(parent, last, missing=bool(edit.added))
    if not isinstance(node, yaml.MappingNode) or not node.value:
        yield from _made(text, parent, last, node, edit.added)
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
    if all(gone) and not edit.added and last is not None:
        yield from _without(text, parent, [key.value == last for key, _ in parent.value])
        return
    yield from _without(text, node, gone)
    if edit.added:
        yield _appending(text, node, edit.added, rest=not all(gone))


def child_node(node: Any, key: str | int, *, missing: bool = False) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
        return node.value[key]
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    found = next((value for name, value in pairs if name.value == key), None)
    if found is None and not missing:
        raise KeyError(key)
    return found


def _replacing(text: str, value: Any, put: Entry) -> _Splice:
    start, end = value.start_mark.index, end_of_node(text, value)
    if isinstance(value, yaml.ScalarNode) and value.style in ("|", ">") and text[end - 1 : end] == "\n":
        end -= 2 if text[end - 2 : end] == "\r\n" else 1
    blank = " " if start == end else ""
    return start, end, blank + _restyled(put, value.style if isinstance(value, yaml.ScalarNode) else None)


def _without(text: str, node: Any, gone: Sequence[bool]) -> Iterator[_Splice]:
    """Take entries out of a mapping: whole lines of a block, an entry and its comma of a flow."""
    entries = node.value
    if not node.flow_style:
        for place, (key, value) in enumerate(entries):
            start = line_start(text, key.start_mark.index)
            if gone[place] and not text[start : key.start_mark.index].strip():
                yield start, line_end(text, end_of_node(text, value)), ""
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


def _appending(text: str, node: Any, added: Mapping[str, Entry], *, rest: bool) -> _Splice:
    """New entries at the end of a mapping; `rest`: some of those that it has will stay."""
    lines = _lines(added)
    if node.flow_style:
        end = node.value[-1][1].end_mark.index
        return end, end, (", " if rest else "") + ", ".join(lines)
    return inserted(text, line_end(text, end_of_node(text, node)), node.start_mark.column, lines)


def _made(
    text: str, parent: Any, key: str | int | None, node: Any, added: Mapping[str, Entry]
) -> Iterator[_Splice]:
    """A mapping with these entries, where there was none, or an empty one; `key` is its key in `parent`, None for the
    top one."""
    if not added or isinstance(key, int) or not (parent is None or isinstance(parent, yaml.MappingNode)):
        raise KeyError(key)
    lines = _lines(added)
    inline = f"{{{', '.join(lines)}}}"
    block = lines if key is None else [f"{scalar(key)}:", *(f"  {line}" for line in lines)]
    if parent is None:
        yield inserted(text, len(text), 0, block)
    elif node is not None and node.start_mark.index == node.end_mark.index and not parent.flow_style:
        indent = parent.start_mark.column + 2
        yield inserted(text, line_end(text, node.start_mark.index), indent, lines)
    elif node is not None:
        yield node.start_mark.index, node.end_mark.index, inline
    elif parent.flow_style:
        end = parent.value[-1][1].end_mark.index
        yield end, end, f", {scalar(str(key))}: {inline}"
    else:
        yield inserted(text, line_end(text, end_of_node(text, parent)), parent.start_mark.column, block)


def inserted(text: str, at: int, indent: int, lines: Sequence[str]) -> _Splice:
    newline = "\r\n" if "\r\n" in text else "\n"
    before = "" if not at or text[:at].endswith("\n") else newline
    return at, at, before + "".join(f"{' ' * indent}{line}".rstrip() + newline for line in lines)


def _lines(entries: Mapping[str, Entry]) -> list[str]:
    return [f"{scalar(name)}: {written(entry)}" for name, entry in entries.items()]


def written(entry: Entry) -> str:
    if isinstance(entry, Mapping):
        return f"{{{', '.join(_lines(entry))}}}"
    if isinstance(entry, str):
        return scalar(entry)
    if isinstance(entry, int):
        return str(entry).lower()
    return f"[{', '.join(map(written, entry))}]"


def _restyled(text: Entry, style: str | None) -> str:
    """A scalar in the quotes that the one before it had; what is not text has none."""
    if not isinstance(text, str):
        return written(text)
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return quoted(text) if style == '"' else scalar(text)


def end_of_node(text: str, node: Any) -> int:
    """Where the last thing in a node ends: a block's own mark lies behind the comments that follow it, the one
    of a literal text behind the blank lines, which are part of it only with a `+`."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of_node(text, last[1] if isinstance(last, tuple) else last)
    end = int(node.end_mark.index)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        kept = "+" in text[node.start_mark.index : end].partition("\n")[0].partition("#")[0]
        body = text[:end].rstrip(" \r\n")
        return end if kept else min(end, line_end(text, len(body)))
    return end


def line_start(text: str, index: int) -> int:
    """The start of the line that `index` is on."""
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """The start of the line after `index`."""
    if index and text[index - 1] == "\n":
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _data(text: str) -> dict[str, Any]:
    value = load_yaml(text, "").value
    return value if isinstance(value, dict) else {}


def unshared_data(text: str) -> dict[str, Any]:
    """What a YAML text says, every alias as data of its own. Raises Invalid."""
    return dict(_unshared(_data(text)))


def checked_edit(text: str, expected: Mapping[str, Any], advice: str) -> str:
    """The edited text, if it says what is expected of it. Raises Conflict with the advice if it does not."""
    try:
        if _data(text) == expected:
            return text
    except Invalid as error:
        raise too_unusual(advice) from error
    raise too_unusual(advice)


def too_unusual(advice: str) -> Conflict:
    """The refusal of a text that cannot be edited; `advice` is the edit, for somebody who has to do it."""
    return Conflict(
        "cannot-edit",
        "the file is laid out in a way that cannot be edited for you",
        hint=f"Edit it yourself:\n{advice}",
    )


def scalar(text: str) -> str:
    """A text as YAML, in quotes where it needs them; always on one line."""
    if _PLAIN.fullmatch(text) and isinstance(load_yaml(text, "").value, str):
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """A text as a double-quoted YAML scalar on one line."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
