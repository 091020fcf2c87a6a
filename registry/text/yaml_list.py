"""Moving, removing and inserting items of a list in a YAML text; every other byte stays as it is.

An item takes its comments along: those directly above it, and those behind it that are indented further than its
dash. Empty lines between items stay where they are, as they set places apart and not items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from registry.model import path_text
from registry.text.document import KeyPath
from registry.text.yaml_document import LOADER
from registry.text.yaml_edit import (
    Entry,
    checked_edit,
    child_node,
    end_of_node,
    inserted,
    line_end,
    line_start,
    plain_entry,
    too_unusual,
    unshared_data,
    written,
)


def move_item(text: str, section: str, index: int, to: int) -> str:
    """`text` with the item at `index` of the top-level list `section` at the place `to`, counted without it.

    Raises Conflict where the text is laid out in a way that cannot be edited.
    """
    expected = unshared_data(text)
    items = expected[section]
    items.insert(to, items.pop(index))
    order: list[int | Sequence[str]] = list(range(len(items)))
    order.insert(to, order.pop(index))
    advice = f"{section}: move item {index + 1} to place {to + 1}"
    return _rewritten(text, section, expected, advice, order)


def remove_item(text: str, section: str, index: int) -> str:
    """`text` without the item at `index` of the top-level list `section`, which has others. Raises as `move_item`."""
    expected = unshared_data(text)
    del expected[section][index]
    order: list[int | Sequence[str]] = list(range(len(expected[section]) + 1))
    del order[index]
    return _rewritten(text, section, expected, f"{section}: remove item {index + 1}", order)


def insert_item(text: str, section: str, index: int, lines: Sequence[str], item: Any) -> str:
    """`text` with a new item before that at `index` of the top-level list `section`.

    `lines` are the item, its dash included; `item` is what they say. Raises as `move_item`.
    """
    expected = unshared_data(text)
    expected[section].insert(index, item)
    order: list[int | Sequence[str]] = list(range(len(expected[section]) - 1))
    order.insert(index, lines)
    advice = "\n".join([f"{section}: put in as item {index + 1}", *lines])
    return _rewritten(text, section, expected, advice, order)


@dataclass(frozen=True, slots=True)
class _Layout:
    """A list as it stands in a text.

    items: whole lines of each, its comments among them
    gaps: what stands between them; one fewer than items
    start, end: where all of that begins and ends in the text
    indent: the column of the dashes
    """

    items: list[str]
    gaps: list[str]
    start: int
    end: int
    indent: int


def _rewritten(
    text: str, section: str, expected: Any, advice: str, order: Sequence[int | Sequence[str]]
) -> str:
    """`text` with the items in this order; a new one is given by its lines."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    try:
        layout = _layout(text, section)
    except LookupError as error:
        raise too_unusual(advice) from error
    newline = "\r\n" if "\r\n" in text else "\n"
    gaps = [*_gaps(layout, order), ""]
    pieces = []
    for item, gap in zip(order, gaps, strict=True):
        lines = [layout.items[item]] if isinstance(item, int) else _indented(item, layout.indent, newline)
        piece = "".join(lines)
        pieces += [piece if piece.endswith("\n") else piece + newline, gap]
    return mark + checked_edit(text[: layout.start] + "".join(pieces) + text[layout.end :], expected, advice)


def _gaps(layout: _Layout, order: Sequence[int | Sequence[str]]) -> list[str]:
    """What stands between the items then: one gap less or more than before, where there is one item less or more."""
    gaps = list(layout.gaps)
    if len(order) < len(layout.items):
        gone = next(place for place in range(len(layout.items)) if place not in order)
        del gaps[min(gone, len(gaps) - 1)]
    elif len(order) > len(layout.items):
        gaps.append(gaps[-1] if gaps else "")
    return gaps


def _indented(lines: Sequence[str], indent: int, newline: str) -> list[str]:
    return [f"{' ' * indent}{line}".rstrip() + newline for line in lines]


def _layout(text: str, section: str) -> _Layout:
    """Raises LookupError where the list is not written as one item below the other."""
    root = yaml.compose(text, LOADER)
    pairs = root.value if isinstance(root, yaml.MappingNode) and not root.flow_style else []
    key, found = next(pair for pair in (*pairs, (None, None)) if pair[0] is None or pair[0].value == section)
    if not isinstance(found, yaml.SequenceNode) or found.flow_style or not found.value:
        raise KeyError(section)
    indent = found.start_mark.column
    starts, ends = [], []
    floor = line_end(text, key.end_mark.index)
    for node in found.value:
        dash = line_start(text, node.start_mark.index)
        if dash < floor or text[dash:][indent : indent + 1] != "-":
            raise KeyError(section)
        starts.append(_with_comments_above(text, dash, floor))
        floor = _with_deeper_comments(text, line_end(text, end_of_node(text, node)), indent)
        ends.append(floor)
    items = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    gaps = [text[end:start] for end, start in zip(ends, starts[1:], strict=False)]
    return _Layout(items, gaps, starts[0], ends[-1], indent)


def _with_comments_above(text: str, start: int, floor: int) -> int:
    """The start of the comments that stand directly above the line at `start`, but not before `floor`."""
    while start > floor:
        above = line_start(text, start - 1)
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


def _with_deeper_comments(text: str, end: int, indent: int) -> int:
    """The end of the comments behind `end` that are indented further than `indent`."""
    while (line := text[end:].partition("\n")[0]).lstrip().startswith("#"):
        if len(line) - len(line.lstrip()) <= indent:
            break
        end = min(end + len(line) + 1, len(text))
    return end


def append_entry(text: str, path: KeyPath, entry: Mapping[str, Entry]) -> str:
    """`text` with a mapping, written on one line, at the end of the list at `path`, which is not empty. Raises as
    `move_item`."""
    expected = unshared_data(text)
    advice = f"{path_text(path)}: add - {written(entry)}"
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    items: Any = expected
    node = yaml.compose(text, LOADER)
    try:
        for key in path:
            items, node = items[key], child_node(node, key)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise KeyError(path[-1])
    except LookupError as error:
        raise too_unusual(advice) from error
    items.append(plain_entry(entry))
    if node.flow_style:
        start = end = node.value[-1].end_mark.index
        put = f", {written(entry)}"
    else:
        line = line_end(text, end_of_node(text, node))
        start, end, put = inserted(text, line, node.start_mark.column, [f"- {written(entry)}"])
    return mark + checked_edit(text[:start] + put + text[end:], expected, advice)
