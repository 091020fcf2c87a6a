"""Characters in a template that its readers don't see, or that their terminals obey (`registry.text.visible`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.text.visible import unseen

KeyPath = tuple[str | int, ...]

_ONE_LINE = frozenset(("Name", "Label", "Category", "ActionType", "Author"))
_SHOWN = 3


def hidden_texts(value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, list[tuple[int, str]]]]:
    """Each text of an Octopus value that holds such characters: its path, itself, and where they are in it, with how
    they are written out. In a name a line end is one of them."""
    yield from _search(value, ())


def hidden_in_text(text: str) -> list[tuple[int, str]]:
    """Those in a text of several lines. A lone carriage return is none of them: old Macs ended lines so, and the lint
    rule `line-ends` tells of it."""
    return [(offset, spelling) for offset, spelling in unseen(text) if spelling != "^M"]


def describe_hidden(found: Sequence[tuple[int, str]]) -> str:
    """Characters as a message tells of them: `^[, \\u202e`."""
    spellings = list(dict.fromkeys(spelling for _, spelling in found))
    more = ", ..." if len(spellings) > _SHOWN else ""
    return ", ".join(spellings[:_SHOWN]) + more


def _search(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str, list[tuple[int, str]]]]:
    if isinstance(value, str):
        is_name = bool(path) and path[-1] in _ONE_LINE
        found = unseen(value, one_line=True) if is_name else hidden_in_text(value)
        if found:
            yield path, value, found
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _search(item, (*path, key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _search(item, (*path, number))
