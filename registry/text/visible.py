"""Characters that a reader doesn't see, or that a terminal obeys: what they are, and how they are shown.

Text of templates, git and scripts may hold them to deceive whoever reviews it. Which characters these are follows
Unicode: controls (Cc), formats (Cf: bidi, zero-width, tags), line and paragraph separators (Zl, Zp), surrogates
(Cs), and the letters and marks that Unicode wants drawn as nothing (Default_Ignorable_Code_Point); besides, U+FFFE
and U+FFFF, which XML cannot hold. The variation selectors U+FE00 to U+FE0F stay: ordinary emoji hold them.
"""

from __future__ import annotations

import re

_UNSEEN = (
    r"\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IN_TEXT = rf"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f{_UNSEEN}]"
_IN_LINE = rf"[\x00-\x1f{_UNSEEN}]"
_IN_JSON = rf"[{_UNSEEN}]"
# Most text is ASCII; the patterns above are large, and compiled when they are needed.
_IN_ASCII_TEXT = r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def visible(text: str) -> str:
    """`text` with each such character written out (`^[`, `\\u202e`); tabs and line ends stay."""
    return re.sub(_IN_ASCII_TEXT if text.isascii() else _IN_TEXT, _written_out, text)


def visible_line(text: str) -> str:
    """As `visible`, for a text that has to stay on one line: tabs and line ends are written out, too."""
    return re.sub(_IN_LINE, _written_out, text)


def escape_json(document: str) -> str:
    """A JSON document with each such character escaped; it means the same. Its own line ends stay."""
    return re.sub(_IN_JSON, lambda found: _json_escape(ord(found[0])), document)


def unseen(text: str, *, one_line: bool = False) -> list[tuple[int, str]]:
    """The place (from 0) and the spelling of each character of `text` that `visible` would write out; with `one_line`,
    `visible_line`."""
    places = re.finditer(_IN_LINE if one_line else _IN_TEXT, text)
    return [(found.start(), _written_out(found)) for found in places]


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return f"^{chr(code + 0x40)}"
    if code == 0x7F:
        return "^?"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
