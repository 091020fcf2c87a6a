"""Why a text is not YAML, said by what stands in it.

The two parsers, and each version of them, have words of their own for the same mistake, and limits of their own.
What a user reads, and what a code means, must not change with them.
"""

from __future__ import annotations

from typing import Any

import yaml

_OPENING = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
_TRIES = 3
_CLOSED_BY = {"[": "]", "{": "}"}
# YAML 1.2.2, 5.3: the indicators that begin no plain text, and mean nothing else there.
_RESERVED = ("@", "`")

Explanation = tuple[str, str | None]
"""What is wrong, and the hint, if there is one."""


def nests_deeper(text: str, levels: int, loader: Any) -> bool:
    """Whether `text`, the part that a parser took before it failed, opens more than so many levels.

    A parser reads ahead, and may have a limit of its own: then it fails before it reports the first level. So
    what made it fail is cut off.
    """
    for _ in range(_TRIES):
        level = 0
        try:
            for token in yaml.scan(text, Loader=loader):
                level += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
                if level > levels:
                    return True
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            text = text[: min(mark.index, len(text) - 1)] if mark else ""
        else:
            return False
    return False


def explain(text: str, error: yaml.YAMLError) -> Explanation:
    """What is wrong with `text` where the parser stopped; its own words are the last resort."""
    character = getattr(error, "character", None)
    if isinstance(character, int) and character >= 0:
        return f"the character U+{character:04X} is not allowed", None
    mark = getattr(error, "problem_mark", None)
    found = _begun(text, error) or (_at(text, mark) if mark else None)
    return found or (_own_words(error), None)


def _at(text: str, mark: Any) -> Explanation | None:
    """By what stands where the parser stopped."""
    if "\t" in _indentation(text, mark.index):
        return "a tab indents this line", "Indent with blanks, not tabs."
    character = text[mark.index : mark.index + 1]
    if character == ":":
        hint = "Quote the text if the colon is part of it; if not, check the indentation."
        return 'a ":" does not belong here', hint
    if character in _RESERVED:
        return f'"{character}" cannot begin a text without quotes', "Quote the text."
    return None


def _begun(text: str, error: yaml.YAMLError) -> Explanation | None:
    """By what the parser was reading when it stopped."""
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None or context is None:
        return None
    begin, line = text[context.index : context.index + 1], context.line + 1
    if begin in ('"', "'") and not text[mark.index :]:
        return f"the quoted text that begins on line {line} does not end", None
    if not isinstance(error, yaml.parser.ParserError):
        return None
    if begin in _CLOSED_BY:
        return f'expected "," or "{_CLOSED_BY[begin]}" in the "{begin}" that opens on line {line}', None
    if mark.line > context.line:
        return f"this line does not continue what begins on line {line}", "Check its indentation."
    return None


def _own_words(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")


def _indentation(text: str, index: int) -> str:
    """The blanks at the start of the line in which `index` is."""
    line = text[text.rfind("\n", 0, index) + 1 :].partition("\n")[0]
    return line[: len(line) - len(line.lstrip(" \t"))]
