"""Writing a text so that evaluating it gives the text itself."""

import re
from typing import Final

_OPENING: Final = re.compile(r"(#+)\{")


def escape(text: str) -> str:
    """`text` as a template for itself.

    `##{` stands for `#{`. Hashes before it can't be escaped that way (`###{` begins an expression), so they are
    written as an expression that needs no variable.
    """
    return _OPENING.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    before = match[1][:-1]
    prefix = f'#{{ | Append \\"{before}\\"}}' if before else ""
    return prefix + "##{"
