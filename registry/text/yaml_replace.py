"""Replacing words inside the texts of a YAML document; every other byte stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from registry.errors import Invalid
from registry.text.document import KeyPath
from registry.text.yaml_document import LOADER, load_yaml


@dataclass(frozen=True, slots=True)
class TextReplacement:
    """A document with other words in it.

    text: the whole document
    changed: the texts that have changed, by their paths
    left: those that should have changed, but are written in a way that cannot be edited (folded in the middle of a
    word, escaped)
    """

    text: str
    changed: tuple[KeyPath, ...]
    left: tuple[KeyPath, ...]


def replace_in_texts(text: str, change: Callable[[str], str]) -> TextReplacement:
    """`change` done to every value that is a text; keys are left alone. Raises Invalid for what is not YAML.

    A text is changed where it stands; the document must then say what `change` makes of the value, else it is left.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    changed: list[KeyPath] = []
    left: list[KeyPath] = []
    # From the end on, so that the places before a change stay true.
    for path, node in sorted(
        _scalars(yaml.compose(text, LOADER), ()), key=lambda found: -found[1].start_mark.index
    ):
        if change(node.value) == node.value:
            continue
        edited = _with_change(text, node, change)
        if _says(edited, path, change(node.value), text):
            text = edited
            changed.insert(0, path)
        else:
            left.insert(0, path)
    return TextReplacement(mark + text, tuple(changed), tuple(left))


def _scalars(node: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _scalars(value, (*path, index))
    elif isinstance(node, yaml.ScalarNode):
        yield path, node


def _with_change(text: str, node: Any, change: Callable[[str], str]) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    return text[:start] + change(text[start:end]) + text[end:]


def _says(edited: str, path: KeyPath, wanted: str, before: str) -> bool:
    """Whether the edited document has that text at `path`, and else says what it said before."""
    try:
        now, then = load_yaml(edited, "").value, load_yaml(before, "").value
    except Invalid:
        return False
    return bool(now == _with_value(then, path, wanted))


def _with_value(value: Any, path: KeyPath, wanted: str) -> Any:
    if not path:
        return wanted
    first, *rest = path
    if isinstance(value, list):
        return [
            _with_value(item, tuple(rest), wanted) if at == first else item for at, item in enumerate(value)
        ]
    return {
        key: _with_value(item, tuple(rest), wanted) if key == first else item for key, item in value.items()
    }
