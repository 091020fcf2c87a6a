"""Splitting a command line the way .NET does on every system."""

from __future__ import annotations

import re

# In turn: backslashes before a quote, a quote, a gap between arguments, and text that stands for itself.
_TOKEN = re.compile(r'(?P<slashes>\\+)(?=")|(?P<quote>")|(?P<gap>[ \t]+)|(?P<text>\\+|[^\\" \t]+)')


def split_arguments(line: str) -> list[str]:
    r"""The arguments of `line`: blanks and tabs separate, double quotes group.

    An odd number of backslashes before a quote makes it a plain one, and so does, within quotes, a second
    quote right after; pairs of backslashes before a quote are halved, all others stay. Nothing else is
    special: not `'`, `$`, `*`, `~` or a line end.
    """
    arguments: list[str] = []
    current: str | None = None
    quoted = False
    position = 0
    while position < len(line):
        match = _TOKEN.match(line, position)
        assert match is not None
        position = match.end()
        token = match[0]
        if match["slashes"]:
            current = (current or "") + "\\" * (len(token) // 2)
            if len(token) % 2:
                current += '"'
                position += 1
        elif match["quote"]:
            current = current or ""
            if quoted and line.startswith('"', position):
                current += '"'
                position += 1
            else:
                quoted = not quoted
        elif match["gap"] and not quoted:
            if current is not None:
                arguments.append(current)
            current = None
        else:
            current = (current or "") + token
    return arguments if current is None else [*arguments, current]
