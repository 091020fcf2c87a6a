"""Markdown that others wrote, as it reads best on a terminal."""

from __future__ import annotations

import re

_LINK = re.compile(r"(?<!!)\[([^\[\]\n]+)\]\(<?([^\s()<>]+)>?(?:\s+\"[^\"\n]*\")?\)")


def plain_links(text: str, *, addresses: bool = True) -> str:
    """`text` with `[words](address)` as `words (address)`, or without the addresses."""

    def written(link: re.Match[str]) -> str:
        words, address = link[1], link[2]
        return words if not addresses or words == address else f"{words} ({address})"

    return _LINK.sub(written, text)
