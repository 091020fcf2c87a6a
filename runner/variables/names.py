"""Names in expressions that came to nothing: which variable a token is about, and where in its text it stands."""

from __future__ import annotations

import re


def name_in(token: str) -> str:
    """The variable's name in a token such as `#{Name | Filter}`."""
    return token.removeprefix("#{").removesuffix("}").partition("|")[0].strip()


def offset_of(name: str, text: str) -> int:
    """Where the first expression that begins with `name` is in `text`; 0 if it isn't written there."""
    found = re.search(r"#\{\s*(?:if\s+|unless\s+|calc\s+)?" + re.escape(name), text, re.IGNORECASE)
    return found.start() if found else 0
