"""Where a process speaks of one of its steps by name: `Octopus.Action[NAME]...` and `Octopus.Step[NAME]...`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.text.document import KeyPath
from registry.text.yaml_document import YamlDocument, load_yaml
from registry.text.yaml_replace import replace_in_texts

_INDEXED = r"(Octopus\.(?:Action|Step)\[)"
_COMPUTED = re.compile(_INDEXED + r"[#$\"'{%]", re.IGNORECASE)
"""An index that the script or an expression makes up as it runs."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that speaks of a step.

    file, line, column: where (1-based)
    text: the line, without the blanks around it
    computed: the name is made up at run time, so it may be this step's or not
    """

    file: str
    line: int
    column: int
    text: str
    computed: bool = False


@dataclass(frozen=True, slots=True)
class RewrittenMentions:
    """A process file after a step got another name, and the mentions that changed along, as they stand now."""

    text: str
    mentions: tuple[Mention, ...]


def find_mentions(document: YamlDocument, name: str) -> Iterator[Mention]:
    """The places that speak of the step `name`, in order; those with a computed name are among them."""
    pattern = _mention_of(name)
    for path, text in _texts(document.value, ()):
        for found in pattern.finditer(text):
            yield _mention(document, path, text, found.start())
        for found in _COMPUTED.finditer(text):
            yield _mention(document, path, text, found.start(), computed=True)


def rewrite_mentions(
    text: str, label: str, old: str, new: str
) -> tuple[RewrittenMentions, tuple[Mention, ...]]:
    """The process `text` with the name `new` wherever it speaks of the step `old`; and what a person should look at.

    The step itself keeps its name.
    """
    pattern = _mention_of(old)
    replaced = replace_in_texts(text, lambda value: pattern.sub(lambda found: f"{found[1]}{new}]", value))
    document = load_yaml(replaced.text, label)
    now = [mention for mention in find_mentions(document, new) if not mention.computed]
    left = [
        mention
        for mention in find_mentions(document, old)
        if mention.computed or new.casefold() != old.casefold()
    ]
    return RewrittenMentions(replaced.text, tuple(now)), tuple(left)


def _mention_of(name: str) -> re.Pattern[str]:
    return re.compile(_INDEXED + re.escape(name) + r"\]", re.IGNORECASE)


def _texts(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(item, (*path, key))


def _mention(
    document: YamlDocument, path: KeyPath, text: str, offset: int, *, computed: bool = False
) -> Mention:
    line, column = document.text_place(path).of(text, offset)
    return Mention(document.file, line, column, document.raw_line(line).strip(), computed)
