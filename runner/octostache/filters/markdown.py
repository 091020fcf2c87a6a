"""Markdown to HTML: CommonMark with pipe tables, extra emphasis and bare links, written as Markdig writes it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from time import monotonic
from typing import Any, Final

from runner.octostache.dotnet.characters import WHITE_SPACE
from runner.octostache.filters.base import FilterFailure

# Marks of emphasis beyond * and _, by character and length.
_MARKS: Final = {("~", 2): "del", ("~", 1): "sub", ("^", 1): "sup", ("+", 2): "ins", ("=", 2): "mark"}
_MARK_CHARACTERS: Final = frozenset(character for character, _ in _MARKS)
_BARE_LINK: Final = re.compile(r"(?:https?://|ftp://|mailto:|tel:|www\.)[^\s<]+", re.IGNORECASE)
# Where plain text may end: a character with a meaning, or the beginning of a bare link.
_TEXT_END: Final = re.compile(
    r"[\n!#$%&*+\-:<=>@\[\\\]^_`{}~]|(?<![^\s*_~(])(?:https?://|ftp://|mailto:|tel:|www\.)", re.IGNORECASE
)
_MAY_PRECEDE_LINK: Final = frozenset("*_~(")
_DOMAIN: Final = re.compile(r"[^\s/?#:@]+")
_ENTITY_NAME: Final = re.compile(r"[A-Za-z0-9]+")
_SENTENCE_ENDS: Final = "?!.,:*_~'\""
_LONGEST_INPUT: Final = 64 * 1024  # characters; brackets cost time by their square
_SECONDS: Final = 1.0  # looked at before each piece of text
_LONGEST_DEPTH: Final = 100
_DEADLINE: Final = "deadline"


def markdown(argument: str | None, options: Sequence[str]) -> str | None:
    """`Markdown` and `MarkdownToHtml`."""
    if argument is None or options:
        return None
    if len(argument) > _LONGEST_INPUT:
        raise FilterFailure(f"it is longer than {_LONGEST_INPUT} characters")
    html: str = _renderer().render(argument.strip(WHITE_SPACE), {_DEADLINE: monotonic() + _SECONDS})
    return html + ("\n" if html and not html.endswith("\n") else "") + "\n"


@lru_cache(maxsize=1)
def _renderer() -> Any:
    from markdown_it import MarkdownIt  # a large package that few evaluations need
    from markdown_it.rules_block import table

    renderer = MarkdownIt("commonmark", {"xhtmlOut": True, "maxNesting": _LONGEST_DEPTH}).enable("table")
    renderer.block.ruler.at("table", table, {"alt": ["reference"]})  # a table cannot end a paragraph
    renderer.inline.ruler.before("emphasis", "marks", _scan_marks)
    renderer.inline.ruler2.before("emphasis", "marks", _pair_marks)
    renderer.inline.ruler.at("text", _scan_text)
    renderer.inline.ruler.before("text", "bare_link", _scan_bare_link)
    renderer.add_render_rule("list_item_open", _open_list_item)
    renderer.add_render_rule("th_open", _open_cell)
    renderer.add_render_rule("td_open", _open_cell)
    return renderer


def _scan_marks(state: Any, silent: bool) -> bool:
    character = state.src[state.pos]
    if silent or character not in _MARK_CHARACTERS:
        return False
    scanned = state.scanDelims(state.pos, True)
    from markdown_it.rules_inline.state_inline import Delimiter

    length = scanned.length
    sizes = [2] * (length // 2) + [1] * (length % 2) if (character, 2) in _MARKS else [1] * length
    for size in sizes:
        token = state.push("text", "", 0)
        token.content = character * size
        known = (character, size) in _MARKS
        state.delimiters.append(
            Delimiter(
                marker=ord(character) + (0x10_0000 if size == 2 else 0),
                length=0,
                token=len(state.tokens) - 1,
                end=-1,
                open=known and scanned.can_open,
                close=known and scanned.can_close,
            )
        )
    state.pos += length
    return True


def _pair_marks(state: Any) -> None:
    _pair(state, state.delimiters)
    for meta in state.tokens_meta:
        if meta and "delimiters" in meta:
            _pair(state, meta["delimiters"])


def _pair(state: Any, delimiters: Any) -> None:
    for opening in delimiters:
        size = 2 if opening.marker >= 0x10_0000 else 1
        character = chr(opening.marker - (0x10_0000 if size == 2 else 0))
        tag = _MARKS.get((character, size))
        if tag is None or opening.end == -1:
            continue
        closing = delimiters[opening.end]
        for place, nesting, suffix in ((opening.token, 1, "open"), (closing.token, -1, "close")):
            token = state.tokens[place]
            token.type, token.tag, token.nesting, token.content = f"mark_{suffix}", tag, nesting, ""


def _scan_text(state: Any, silent: bool) -> bool:
    if monotonic() > state.env[_DEADLINE]:
        raise FilterFailure(f"it takes longer than {_SECONDS:.0f} s")
    found = _TEXT_END.search(state.src, state.pos, state.posMax)
    end = found.start() if found else state.posMax
    if end == state.pos:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


def _scan_bare_link(state: Any, silent: bool) -> bool:
    start = state.pos
    if state.linkLevel > 0:
        return False
    before = state.src[start - 1] if start else " "
    match = _BARE_LINK.match(state.src, start, state.posMax)
    if match is None or not (before.isspace() or before in _MAY_PRECEDE_LINK):
        return False
    url = _trim_link(match[0])
    if not _has_domain(url):
        return False
    if not silent:
        target = "http://" + url if url.lower().startswith("www.") else url
        opening = state.push("link_open", "a", 1)
        opening.attrs = {"href": state.md.normalizeLink(target)}
        state.push("text", "", 0).content = re.sub(r"^(?:mailto|tel):", "", url, flags=re.IGNORECASE)
        state.push("link_close", "a", -1)
    state.pos += len(url)
    return True


def _trim_link(url: str) -> str:
    """`url` without the punctuation that ends the sentence around it."""
    surplus = url.count(")") - url.count("(")
    end, before = len(url), -1
    while end != before:
        before = end
        while end and url[end - 1] in _SENTENCE_ENDS:
            end -= 1
        if end and url[end - 1] == ")" and surplus > 0:
            end, surplus = end - 1, surplus - 1
        if end and url[end - 1] == ";":
            entity = url.rfind("&", 0, end)
            end = entity if entity >= 0 and _ENTITY_NAME.fullmatch(url, entity + 1, end - 1) else end
            while end and url[end - 1] == ";":
                end -= 1
    return url[:end]


def _has_domain(url: str) -> bool:
    scheme, separator, rest = url.partition(":")
    if scheme.lower() == "tel":
        return bool(rest)
    if scheme.lower() == "mailto":
        _, at, rest = rest.partition("@")
        return bool(at) and _is_domain(rest)
    return _is_domain(rest[2:] if separator and rest.startswith("//") else url)


def _is_domain(text: str) -> bool:
    match = _DOMAIN.match(text)
    labels = match[0].split(".") if match else []
    return len(labels) > 1 and all(labels) and not any("_" in label for label in labels[-2:])


def _open_list_item(renderer: Any, tokens: Any, index: int, *_: Any) -> str:
    following = tokens[index + 1]
    if following.type == "paragraph_open" or following.hidden or following.type == "list_item_close":
        return "<li>"
    return "<li>" if following.type in ("inline", "heading_open") else "<li>\n"


def _open_cell(renderer: Any, tokens: Any, index: int, options: Any, *_: Any) -> str:
    token = tokens[index]
    style = token.attrs.get("style")
    return f'<{token.tag} style="{str(style).replace(":", ": ")};">' if style else f"<{token.tag}>"
