"""Markdown of templates' authors as HTML that cannot do anything to whoever reads it."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markupsafe import Markup

from registry.text.visible import visible

_LONGEST_TEXT = 64 * 1024
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)


class _Renderer(MarkdownIt):
    """Markdown whose links lead to the web or to a mailbox, and nowhere else."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the name that MarkdownIt calls
        return bool(_LINK.match(url))


_RENDERER = _Renderer(config="commonmark", options_update={"html": False, "maxNesting": 20})
_RENDERER.enable("table").disable(["image", "html_block", "html_inline"])


def rich_text(text: str) -> Markup:
    """A description as HTML; one too long to be parsed in good time as plain text."""
    shown = visible(text)
    if len(shown) > _LONGEST_TEXT:
        return Markup("<pre>{}</pre>").format(shown)
    return Markup(_RENDERER.render(shown))  # noqa: S704 - the renderer escapes all that it is given


def plain(value: object) -> str:
    """A value for a page, whatever it is: of its text, what a reader would not see is written out."""
    return value if isinstance(value, Markup) else visible(str(value))
