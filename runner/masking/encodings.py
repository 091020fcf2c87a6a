"""How programs write a text: percent-encoded, as JSON, XML, shell words, Python literals, and in base64.

Quotes, backslashes and white space need no forms of their own: `runner.masking.squeezing` looks through them. So
`'it'\\''s'`, `it\\'s` and `it''s` are one form, and so are `\\/` and `/`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from html.entities import codepoint2name
from itertools import product
from urllib.parse import quote

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
_SPACE_IN_ATTRIBUTES: tuple[Mapping[str, str], ...] = (
    {},
    {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"},
    {"\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"},
)
_BEYOND_ASCII_IN_XML: tuple[Callable[[str], str], ...] = (
    lambda c: c,
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):x};",
    lambda c: f"&#x{ord(c):X};",
    lambda c: f"&{codepoint2name[ord(c)]};" if ord(c) in codepoint2name else c,
)


def written_forms(text: str) -> Iterator[str]:
    """`text` as it is and as the escapes of common formats write it; some of the forms may be the same."""
    yield text
    if _PLAIN.fullmatch(text):
        return  # no format escapes these
    yield from _percent_encoded(text)
    yield from _as_json(text)
    yield from _as_xml(text)
    yield from _as_source_code(text)


def base64_cores(text: str) -> Iterator[str]:
    """What the base64 of any text with `text` in it holds, for each of the three ways it can be aligned."""
    data = _utf8(text)
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


def _percent_encoded(text: str) -> Iterator[str]:
    data = _utf8(text)
    for safe in _SAFE_IN_URLS:
        encoded = quote(data, safe=safe)
        for form in (encoded, _UPPER_HEX.sub(_lower, encoded)):
            yield form
            yield form.replace("%20", "+")
            yield form.replace("~", "%7E")


def _lower(hit: re.Match[str]) -> str:
    return hit[0].lower()


def _as_json(text: str) -> Iterator[str]:
    ascii_or_not = (False,) if text.isascii() else (False, True)
    for special, ascii_only, digits in product(_SPECIAL_IN_JSON, ascii_or_not, ("04x", "04X")):
        yield "".join(_in_json(c, special, ascii_only, digits) for c in text)


def _in_json(character: str, special: str, ascii_only: bool, digits: str) -> str:
    if character in special or (ascii_only and character > "\x7e"):
        units = character.encode("utf-16-be", "surrogatepass")
        return "".join(
            f"\\u{int.from_bytes(units[i : i + 2], 'big'):{digits}}" for i in range(0, len(units), 2)
        )
    if character in _JSON_LETTERS:
        return "\\" + _JSON_LETTERS[character]
    if character < " ":
        return f"\\u{ord(character):{digits}}"
    return "\\" + character if character in '"\\' else character


def _as_xml(text: str) -> Iterator[str]:
    spaces = _SPACE_IN_ATTRIBUTES if re.search(r"[\n\r\t]", text) else _SPACE_IN_ATTRIBUTES[:1]
    beyond_ascii = _BEYOND_ASCII_IN_XML[:1] if text.isascii() else _BEYOND_ASCII_IN_XML
    for entities, space, beyond in product(_IN_XML, spaces, beyond_ascii):
        table = {**entities, **space}
        yield "".join(table.get(c) or (c if c.isascii() else beyond(c)) for c in text)
    yield "".join(_AND_TAGS.get(c, c) for c in "".join(_AND_TAGS.get(c, c) for c in text))  # escaped twice


def _as_source_code(text: str) -> Iterator[str]:
    """As literals of Python and of `$'...'`, whose quotes and backslashes are looked through anyway."""
    data = _utf8(text)
    yield from (repr(text)[1:-1], ascii(text)[1:-1], repr(data)[2:-1])
    yield "".join(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in data)
    for word in (_bash_word, _bash_word_in_ascii):
        yield word(text)
        yield " ".join(f"$'{word(part)}'" if _CONTROL.search(part) else part for part in text.split(" "))


def _bash_word(text: str) -> str:
    """Inside of `$'...'`, as `set -x` and `printf %q` write words with control characters."""
    return "".join(_BASH_LETTERS.get(c) or (_octal(c) if c < " " or c == "\x7f" else c) for c in text)


def _bash_word_in_ascii(text: str) -> str:
    return "".join(_BASH_LETTERS.get(c) or (c if " " <= c < "\x7f" else _octal(c)) for c in text)


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in _utf8(character))
