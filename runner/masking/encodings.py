"""How programs write a text: percent-encoded, as JSON, XML, shell words, Python literals, and in base64.

Quotes, backslashes and white space need no forms of their own: `runner.masking.squeezing` looks through them. So
`'it'\\''s'`, `it\\'s` and `it''s` are one form, and so are `\\/` and `/`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from html.entities import codepoint2name
from itertools import product, starmap
from urllib.parse import quote

Escape = Callable[[str], str]

MINIMUM_CORE = 5
"""Characters of base64 from which on they are worth looking for; those of a secret of four characters."""

_PLAIN = re.compile(r"[A-Za-z0-9._-]*", re.ASCII)
_UPPER_HEX = re.compile(r"%[0-9A-F]{2}")

_SAFE_IN_URLS = (
    "",  # RFC 3986: Go, jq, Uri.EscapeDataString of today
    "/",  # Python's quote
    "!'()*",  # encodeURIComponent
    "!()*",  # WebUtility.UrlEncode and HttpUtility.UrlEncode of .NET
    "*",  # java.net.URLEncoder
    ";,/?:@&=+$!'()*#",  # encodeURI
    "/:",
    "$&+,/:;=@",  # the path of a URL in Go
)
_SPECIAL_IN_JSON = (
    "",
    "/",  # those that write \u002f
    "<>",  # PHP's JSON_HEX_TAG
    "<>&\u2028\u2029",  # Go, Rails
    "<>&'",  # Flask
    "<>&='",  # Gson
    "<>&'\"+`",  # System.Text.Json
    "<>&'\"",  # PHP with all JSON_HEX_ flags
)
_BASH_LETTERS = {
    "\a": "\\a",
    "\b": "\\b",
    "\x1b": "\\E",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_JSON_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}

_AND_TAGS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_IN_XML = (
    _AND_TAGS,
    {"&": "&amp;", "<": "&lt;"},
    {**_AND_TAGS, '"': "&quot;"},
    {**_AND_TAGS, '"': "&quot;", "'": "&apos;"},
    {**_AND_TAGS, '"': "&quot;", "'": "&#39;"},
    {**_AND_TAGS, '"': "&quot;", "'": "&#039;"},
    {**_AND_TAGS, '"': "&quot;", "'": "&#x27;"},
    {**_AND_TAGS, '"': "&quot;", "'": "&#x27;", "/": "&#x2F;"},
    {**_AND_TAGS, '"': "&#34;", "'": "&#39;"},
    {**_AND_TAGS, '"': "&#34;", "'": "&#39;", "+": "&#43;", "`": "&#96;", "=": "&#61;"},
)
_TAGS_TWICE = {ord(c): "&amp;" + entity[1:] for c, entity in _AND_TAGS.items()}
_SPACE_IN_ATTRIBUTES: tuple[Mapping[str, str], ...] = (
    {},
    {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"},
    {"\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"},
)
_BEYOND_ASCII_IN_XML: tuple[Escape, ...] = (
    lambda c: c,
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):x};",
    lambda c: f"&#x{ord(c):X};",
    lambda c: f"&{codepoint2name[ord(c)]};" if ord(c) in codepoint2name else c,
)


LARGE = 4_000
"""Characters of a secret beyond which only the most common escapes are looked for."""


def written_forms(text: str) -> Iterator[str]:
    """`text` as it is and as the escapes of common formats write it; some of the forms may be the same."""
    yield text
    if _PLAIN.fullmatch(text):
        return  # no format escapes these
    special = [character for character in dict.fromkeys(text) if not _PLAIN.fullmatch(character)]
    seen: set[tuple[str, ...]] = set()
    for escape in _common_escapes() if len(text) > LARGE else _escapes():
        written = tuple(map(escape, special))
        if written not in seen:  # many formats do the same to the characters that are there
            seen.add(written)
            yield text.translate(dict(zip(map(ord, special), written, strict=True)))
    if len(text) <= LARGE:
        yield from (_as_bash_words(text, ascii_only) for ascii_only in (False, True))
        yield text.translate(_TAGS_TWICE)
        yield from (quote(quote(_utf8(text), safe=safe), safe="") for safe in ("", "/"))


def base64_cores(text: str) -> Iterator[str]:
    """What the base64 of any text with `text` in it holds, for each of the three ways it can be aligned: in UTF-8, and
    in UTF-16 as PowerShell's `-EncodedCommand` takes it."""
    yield from _cores(_utf8(text))
    if len(text) <= LARGE:
        yield from _cores(text.encode("utf-16-le", "surrogatepass"))


def _cores(data: bytes) -> Iterator[str]:
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data).decode()
        first, last = -(-offset * 8 // 6), (offset + len(data)) * 8 // 6
        core = encoded[first:last]
        if len(core) >= MINIMUM_CORE:
            yield core
            yield core.translate({ord("+"): "-", ord("/"): "_"})
            if "+" in core or "/" in core:
                percent = quote(core, safe="")
                yield from (percent, _UPPER_HEX.sub(_lower, percent))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _lower(hit: re.Match[str]) -> str:
    return hit[0].lower()


@cache
def _escapes() -> tuple[Escape, ...]:
    """What formats do to a single character, one function a format."""
    return (
        *starmap(_percent_encoding, product(_SAFE_IN_URLS, (False, True), ("%20", "+"), ("~", "%7E"))),
        *starmap(_json_escape, product(_SPECIAL_IN_JSON, (False, True), ("04x", "04X"))),
        *starmap(_xml_escape, product(_IN_XML, _SPACE_IN_ATTRIBUTES, _BEYOND_ASCII_IN_XML)),
        lambda character: repr(character)[1:-1],
        lambda character: ascii(character)[1:-1],
        lambda character: repr(_utf8(character))[2:-1],
        partial(_in_bash, ascii_only=False),
        partial(_in_bash, ascii_only=True),
    )


@cache
def _common_escapes() -> tuple[Escape, ...]:
    return (
        *starmap(_percent_encoding, product(("", "/"), (False,), ("%20", "+"), ("~",))),
        *starmap(_json_escape, product(("",), (False, True), ("04x",))),
        partial(_in_bash, ascii_only=False),
    )


def _percent_encoding(safe: str, lower: bool, blank: str, tilde: str) -> Escape:
    @cache
    def escape(character: str) -> str:
        if character in " ~":
            return blank if character == " " else tilde
        encoded = quote(_utf8(character), safe=safe)
        return _UPPER_HEX.sub(_lower, encoded) if lower else encoded

    return escape


def _json_escape(special: str, ascii_only: bool, digits: str) -> Escape:
    @cache
    def escape(character: str) -> str:
        if character in special or (ascii_only and character > "\x7e"):
            units = character.encode("utf-16-be", "surrogatepass")
            numbers = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
            return "".join(f"\\u{number:{digits}}" for number in numbers)
        if character in _JSON_LETTERS:
            return "\\" + _JSON_LETTERS[character]
        if character < " ":
            return f"\\u{ord(character):{digits}}"
        return "\\" + character if character in '"\\' else character

    return escape


def _xml_escape(entities: Mapping[str, str], space: Mapping[str, str], beyond_ascii: Escape) -> Escape:
    table = {**entities, **space}
    return lambda character: (
        table.get(character) or (character if character.isascii() else beyond_ascii(character))
    )


def _in_bash(character: str, ascii_only: bool) -> str:
    """Inside of `$'...'`, as `set -x` and `printf %q` write words with control characters."""
    if character in _BASH_LETTERS:
        return _BASH_LETTERS[character]
    printable = " " <= character < "\x7f" or (character > "\x7f" and not ascii_only)
    return character if printable else "".join(f"\\{byte:03o}" for byte in _utf8(character))


def _as_bash_words(text: str, ascii_only: bool) -> str:
    """The words of a command line under `set -x`: those with control characters are written as `$'...'`."""
    return " ".join(
        f"$'{''.join(_in_bash(c, ascii_only) for c in word)}'" if _CONTROL.search(word) else word
        for word in text.split(" ")
    )
