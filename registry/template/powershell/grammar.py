"""The one place that parses PowerShell, by tree-sitter: text in, tree out, under limits.

docs/powershell-verdicts.md says why it is this grammar. Some spellings that PowerShell takes and the grammar does not
are rewritten first; every line stays where it is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

import tree_sitter
import tree_sitter_pwsh
from tree_sitter import Node, Tree

__all__ = ["MAX_BYTES", "MAX_TEXT", "Node", "ScriptTree", "ScriptUnreadError", "parse"]

MAX_BYTES = 256 << 10
MAX_NODES = 50_000
MAX_SECONDS = 1.0
MAX_TEXT = 4 << 10
MAX_ASKED = 4 << 20
_CHUNK = 16 << 10

# What Octostache fills in: `#` would begin a comment. Statements leave nothing, expressions a word of the same length.
_OCTOSTACHE = re.compile(r"#\{([^{}\r\n]*)\}")
_OCTOSTACHE_STATEMENT = re.compile(r"\s*(?:if|unless|each|else|/)\b|\s*/")
_LONE_RETURN = re.compile(r"\r(?!\n)")  # ends a line as well
# A back-tick before a blank escapes it, which is a blank; one at the end of a line joins lines, and the grammar wants
# a blank before it.
_ESCAPED_BLANK = re.compile(r"`[ \t]")
_JOINED_LINES = re.compile(r"(?<=[^\s`])`(?=\r?\n)")
# The grammar wants the parenthesis of a parameter block on the line of its word.
_PARAM_BLOCK = re.compile(r"(\bparam)([ \t]*\r?\n\s*)\(", re.IGNORECASE)
# Dashes and quotes of typographers are PowerShell's as well. The grammar takes a tab for a part of a command's name.
_ALIKE = str.maketrans(
    {
        "\t": " ",
        "\ufeff": " ",
        **dict.fromkeys("–—―", "-"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("‘’‚‛", "'"),
    }
)


class ScriptUnreadError(ValueError):
    """A script that takes more than the limits allow; the message says which."""


@dataclass(slots=True)
class ScriptTree:
    """A parsed script, and the bytes that its nodes' places count in; `asked` bytes were asked for as text."""

    root: Node
    source: bytes
    asked: int = 0

    def nodes(self, kinds: Collection[str]) -> Iterator[Node]:
        """The nodes of these kinds, and errors, in the order of the text, outer ones first.

        By a cursor, not a query, which can take minutes for a quarter of a megabyte of brackets.
        Raises ScriptUnreadError where there are too many of them.
        """
        broken = self.root.has_error
        found = (
            node
            for node in _in_order(self.root)
            if node.type in kinds or (broken and (node.is_error or node.is_missing))
        )
        for count, node in enumerate(found):
            if count == MAX_NODES:
                raise ScriptUnreadError(f"it has more than {MAX_NODES:,} commands, texts and variables")
            yield node

    def text(self, node: Node, limit: int = MAX_TEXT) -> str:
        """What is written there, or its first `limit` bytes: what is nested is asked for at every level.

        To ask the node itself is ten times slower. Raises ScriptUnreadError where too much was asked for in all.
        """
        end = min(node.end_byte, node.start_byte + limit)
        self.asked += end - node.start_byte
        if self.asked > MAX_ASKED:
            raise ScriptUnreadError("its parts are nested too deeply")
        return self.source[node.start_byte : end].decode(errors="replace")


def parse(text: str) -> ScriptTree:
    """The tree of a script. What cannot be parsed is in it as errors. Raises ScriptUnreadError."""
    source = _rewritten(text).encode(errors="replace")
    if len(source) > MAX_BYTES:
        raise ScriptUnreadError(f"it is larger than {MAX_BYTES >> 10} KB")
    return ScriptTree(_tree(source).root_node, source)


def _tree(source: bytes) -> Tree:
    """Raises ScriptUnreadError where it takes too long."""
    end = time.monotonic() + MAX_SECONDS
    parser = tree_sitter.Parser(_language())
    try:
        return parser.parse(
            lambda offset, _: source[offset : offset + _CHUNK],
            progress_callback=lambda _, __: time.monotonic() > end,
        )
    except ValueError as error:  # what the binding says of a parse that was stopped
        raise ScriptUnreadError(f"reading it takes more than {MAX_SECONDS:g} second") from error


def _in_order(root: Node) -> Iterator[Node]:
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is not None:
            yield node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


@cache
def _language() -> tree_sitter.Language:
    return tree_sitter.Language(tree_sitter_pwsh.language())


def _rewritten(text: str) -> str:
    text = _OCTOSTACHE.sub(_placeholder, _LONE_RETURN.sub("\n", text).translate(_ALIKE))
    text = _ESCAPED_BLANK.sub("  ", text)
    return _PARAM_BLOCK.sub(r"\1(\2", _JOINED_LINES.sub(" `", text))


def _placeholder(found: re.Match[str]) -> str:
    mark = " " if _OCTOSTACHE_STATEMENT.match(found[1]) else "_"
    return mark * len(found[0])
