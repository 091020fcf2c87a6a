"""YAML text <-> plain data, with positions and limits.

The reading follows YAML 1.2's core schema where YAML 1.1 surprises people: only `true` and `false` are
booleans, dates and `0x1F` are text, keys are always text. Numbers remember their spelling
(`registry.text.numbers`), so that `1.10` given for a text parameter stays `1.10`.

A blank and `#{` begin a comment in YAML, which silently swallows an unquoted `#{Variable}`: a problem here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from registry.errors import Invalid
from registry.model import Problem, TextPlace, path_text
from registry.text.document import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_VALUES,
    KeyPath,
    Position,
    TextLines,
    nearest,
    unreadable,
)
from registry.text.numbers import WrittenFloat, WrittenInt, number_text, read_number
from registry.text.yaml_syntax import explain, nests_deeper

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in use: the two that there are don't accept quite the same texts."""

_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_YAML_BREAK = re.compile("[\x85\u2028\u2029]")
_COMMENTED_OUT = re.compile(r"\s*#\{")
_SWALLOWED = re.compile(r"(?:(?<=[\s,:\[{-])|^)#\{")


@dataclass(frozen=True)
class YamlDocument:
    """The data of one YAML text, and where each part of it stands.

    `value` is None, bool, int, float, str, list or dict (keys are text). `problems` are those that leave the
    data readable, such as a duplicate key; a caller that validates passes them on.
    """

    value: Any
    file: str
    text: str = field(repr=False)
    problems: tuple[Problem, ...] = ()
    _values: Mapping[KeyPath, Position] = field(default_factory=dict, repr=False)
    _keys: Mapping[KeyPath, Position] = field(default_factory=dict, repr=False)

    def position(self, path: Sequence[str | int]) -> Position:
        """Line and column (1-based) of the value at `path`, of its nearest parent where there is none."""
        return nearest(self._values, path, (1, 1))

    def key_position(self, path: Sequence[str | int]) -> Position:
        """Line and column (1-based) of the key itself, for a finding about the key."""
        return self._keys.get(tuple(path)) or self.position(path)

    def text_place(self, path: Sequence[str | int]) -> TextPlace:
        """Where the text at `path` stands, so that a character of it can be pointed at."""
        line, column = self.position(path)
        text = self.value
        for key in path:
            text = text[key]
        head = self.raw_line(line)[column - 1 :]
        if head.startswith("|"):
            return _block_place(self, text, line)
        first = self.raw_line(line).find(text, column - 1) if "\n" not in text else -1
        return TextPlace(line, column) if first < 0 else TextPlace(line, first + 1, first + 1)

    def raw_line(self, line: int) -> str:
        """The text of a line (1-based), without its line end; empty past the end."""
        return self._lines.line(line)

    @cached_property
    def _lines(self) -> TextLines:
        return TextLines(self.text)


def load_yaml(text: str, file: str) -> YamlDocument:
    """Read one YAML document. `file` is its name for messages.

    Raises Invalid where the text is no YAML, is too large or nests too deep.
    """
    if len(text) > MAX_BYTES:
        raise unreadable(file, f"the file is larger than {MAX_BYTES >> 20} MB", "yaml-too-large")
    text = text.removeprefix("\ufeff")
    reader = _Reader(text, file)
    try:
        value = reader.read()
    except yaml.YAMLError as error:
        raise _syntax_error(text, file, error) from None
    return YamlDocument(value, file, text, tuple(reader.problems), reader.values, reader.keys)


class Inline(list[Any]):
    """A list to be written on one line."""


def dump_yaml(value: Any) -> str:
    """YAML text that `load_yaml` reads as `value` again; several lines of text become a literal block."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))


def _block_place(document: YamlDocument, text: str, head: int) -> TextPlace:
    """Where the text of a literal block begins whose `|` is on the line `head`."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    raw = document.raw_line(head + 1 + first)
    indent = len(raw) - len(lines[first]) + 1
    return TextPlace(head + 1, indent, indent)


@dataclass
class _Anchor:
    """`nodes` and `levels` say how large the value is, and how deep it nests, wherever an alias puts it."""

    value: Any
    nodes: int
    levels: int


class _Reader:
    """Builds data from parser events, so that depth and size are checked before anything grows."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.problems: list[Problem] = []
        self.values: dict[KeyPath, Position] = {}
        self.keys: dict[KeyPath, Position] = {}
        self.nodes = 0
        self._deepest = 0
        self._anchors: dict[str, _Anchor | None] = {}
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=LOADER))

    def read(self) -> Any:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self._node(next(self._events), ())
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._refused(
                event, "a second document begins here", "yaml-documents", "Keep one per file."
            )
        return value

    def _node(self, event: Any, path: KeyPath) -> Any:
        self.values.setdefault(path, _position(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        self._count(event, 1)
        self._go_down(event, len(path) + isinstance(event, yaml.CollectionStartEvent))
        return self._content(event, path) if event.anchor is None else self._anchored(event, path)

    def _anchored(self, event: Any, path: KeyPath) -> Any:
        self._anchors[event.anchor] = None
        nodes, deepest = self.nodes - 1, self._deepest
        self._deepest = len(path) + isinstance(event, yaml.CollectionStartEvent)
        value = self._content(event, path)
        self._anchors[event.anchor] = _Anchor(value, self.nodes - nodes, self._deepest - len(path))
        self._deepest = max(deepest, self._deepest)
        return value

    def _go_down(self, event: Any, level: int) -> None:
        self._deepest = max(self._deepest, level)
        if level > MAX_DEPTH:
            raise _too_deep(self.file, _position(event))

    def _content(self, event: Any, path: KeyPath) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if event.tag is not None:
            self._report(
                event, path, f'the tag "{event.tag}" is not supported', "yaml-tag", "Remove the tag."
            )
        return self._sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _alias(self, event: Any, path: KeyPath) -> Any:
        if event.anchor not in self._anchors:
            raise self._refused(event, f'the alias "*{event.anchor}" has no anchor before it', "yaml-alias")
        anchor = self._anchors[event.anchor]
        if anchor is None:
            raise self._refused(event, f'the alias "*{event.anchor}" contains itself', "yaml-alias")
        self._count(event, anchor.nodes)
        self._go_down(event, len(path) + anchor.levels)
        return anchor.value

    def _sequence(self, path: KeyPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            here = (*path, key)
            if here in self.keys:
                line = self.keys[here][0]
                self._report(
                    event, here, f'duplicate key "{key}"', "duplicate-key", f"It is first on line {line}."
                )
            self.keys[here] = _position(event)
            value = self._node(next(self._events), here)
            if key == "<<" and _plain(event):
                merged.update(self._merge(value, event))
            else:
                own[key] = value
        return {**merged, **own} if merged else own

    def _merge(self, value: Any, event: Any) -> dict[str, Any]:
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise self._refused(event, '"<<" needs a mapping or a list of mappings', "yaml-merge")
        return {key: item for part in reversed(parts) for key, item in part.items()}

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refused(event, "a key must be text", "yaml-key")
        return str(event.value)

    def _scalar(self, event: Any, path: KeyPath) -> Any:
        text: str = event.value
        if not _plain(event) or event.tag in _TEXT_TAGS:
            return text
        if event.tag is not None:
            self._report(
                event, path, f'the tag "{event.tag}" is not supported', "yaml-tag", "Remove the tag."
            )
        self._look_for_swallowed(event, path)
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        return _number_or_text(text)

    def _look_for_swallowed(self, event: Any, path: KeyPath) -> None:
        end = event.end_mark
        line = self.lines[end.line] if end.line < len(self.lines) else ""
        # Matched in place: a copy of the rest for every value would make one long line cost its square.
        found = _COMMENTED_OUT.match(line, end.column)
        if found:
            self.problems.append(_swallowed(self.file, path, (end.line + 1, found.end() - 1)))

    def _count(self, event: Any, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_VALUES:
            raise self._refused(event, f"more than {MAX_VALUES} values, aliases resolved", "yaml-too-large")

    def _report(self, event: Any, path: KeyPath, message: str, code: str, hint: str) -> None:
        line, column = _position(event)
        self.problems.append(
            Problem(message, code, path_text(path), hint, file=self.file, line=line, column=column)
        )

    def _refused(self, event: Any, message: str, code: str, hint: str | None = None) -> Invalid:
        return unreadable(self.file, message, code, hint, _position(event))


def _plain(event: Any) -> bool:
    return not event.style  # libyaml says "", the Python parser None


def _number_or_text(text: str) -> Any:
    if not _NUMBER.fullmatch(text):
        return text
    try:
        return read_number(text)
    except ValueError:
        return text  # a git object name such as 12e4567 looks like a number out of range


def _position(event: Any) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _swallowed(file: str, path: KeyPath, position: Position) -> Problem:
    return Problem(
        'YAML takes the "#{" after a blank for a comment, and what follows is lost',
        "yaml-swallowed-variable",
        path_text(path),
        'Quote it: "... #{Name} ...".',
        file=file,
        line=position[0],
        column=position[1],
    )


def _syntax_error(text: str, file: str, error: yaml.YAMLError) -> Invalid:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = (mark.line + 1, mark.column + 1) if mark else None
    if mark and nests_deeper(text[: mark.index], MAX_DEPTH, LOADER):
        return _too_deep(file, position)
    said, hint = explain(text, error)
    if mark and _SWALLOWED.search(_lines_around(text, error, mark.line)):
        hint = 'A "#{" after a blank begins a comment: quote the text around "#{...}".'
    return unreadable(file, f"this is not YAML: {said}", "yaml-syntax", hint, position)


def _lines_around(text: str, error: yaml.YAMLError, last: int) -> str:
    context = getattr(error, "context_mark", None)
    first = min(context.line if context else last, last - 3)
    return "\n".join(text.splitlines()[max(0, first) : last + 1])


def _too_deep(file: str, position: Position | None) -> Invalid:
    return unreadable(file, f"more than {MAX_DEPTH} levels of nesting", "yaml-too-deep", position=position)


class _Dumper(yaml.SafeDumper):
    """Quotes every text that our reading, or YAML 1.1's, would take for something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _written_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text.strip() else None
    if _YAML_BREAK.search(text):
        style = '"'  # other styles would read it as a line end
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _written_number(dumper: _Dumper, number: int | float) -> yaml.ScalarNode:
    kind = "int" if isinstance(number, int) else "float"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", number_text(number))


def _written_inline(dumper: _Dumper, items: Inline) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


for _kind, _pattern in {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+",
    "float": _NUMBER.pattern,
    "merge": r"<<",
}.items():
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern})\Z"), None)
_Dumper.add_representer(str, _written_text)
_Dumper.add_representer(Inline, _written_inline)
for _type in (int, float, WrittenInt, WrittenFloat):
    _Dumper.add_representer(_type, _written_number)
