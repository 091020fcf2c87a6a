"""Commit messages of the library: a subject, a text, and one block of trailers that only Treadle writes.

What comes from templates, bundles and users stands before the last paragraph, whatever it looks like; the trailers
are the last paragraph, and each value is one line. So nothing that somebody else wrote can pass for a trailer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

PREFIX = "Treadle-"

Trailer = tuple[str, str]
"""A key without its prefix, and its value."""


def commit_message(subject: str, trailers: Sequence[Trailer], body: str = "") -> str:
    """The message. `subject` may be several lines, as a user gave it; `trailers` is not empty.

    Raises ValueError for a value that is not one line of text.
    """
    block = "".join(f"{PREFIX}{key}: {_checked(value)}\n" for key, value in trailers)
    return "\n\n".join(text for text in (subject.strip(), body.strip(), block) if text)


def read_trailers(message: str) -> Iterator[Trailer]:
    """Treadle's trailers in a message, in order. Lines of others between them (a sign-off) are passed over."""
    lines = message.rstrip().split("\n")
    start = max((place for place, line in enumerate(lines) if not line.strip()), default=len(lines) - 1)
    for line in lines[start + 1 :]:
        key, colon, value = line.partition(": ")
        if colon and key.startswith(PREFIX):
            yield key.removeprefix(PREFIX), value


def one_line(text: str) -> str:
    """The text as it may stand in a message: line breaks and control characters are blanks."""
    return " ".join("".join(" " if _breaks(sign) else sign for sign in text).split())


def _checked(value: str) -> str:
    if value != value.strip() or not value or any(map(_breaks, value)):
        raise ValueError(f"{value!r} cannot be the value of a trailer")
    return value


def _breaks(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Cs")
