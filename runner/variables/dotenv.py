"""`.env` files: `NAME=value` a line, as most tools read them.

    # a comment
    export NAME=plain text        # a comment behind a blank
    NAME='as it is: $HOME \\n'
    NAME="two lines\\nand a \\"quote\\""
    KEY="-----BEGIN KEY-----
    may go on over lines, in either quotes
    -----END KEY-----"

Nothing is expanded: `$HOME` and `${HOME}` stay, since tools differ in what they would make of them.
"""

from __future__ import annotations

import re

from registry.errors import Invalid

_NAME = re.compile(r"(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_QUOTED = {
    "'": re.compile(r"'(?P<value>[^']*)'"),
    '"': re.compile(r'"(?P<value>(?:[^"\\]|\\.)*)"', re.DOTALL),
}
_PLAIN = re.compile(r"(?P<value>[^\n]*)")
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|$)")
_BLANK = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|$)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}


def parse_dotenv(text: str, label: str) -> dict[str, str]:
    """The values by their names; of several for one name the last. `label` is the file's name, for messages.

    Raises Invalid for a line that is not `NAME=value`; it quotes no value, which may be secret.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    values: dict[str, str] = {}
    at = 0
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
            continue
        at = re.compile(r"[ \t]*").match(text, at).end()  # type: ignore[union-attr]
        name = _NAME.match(text, at)
        if name is None:
            raise _bad(text, at, label, "expected NAME=value")
        values[name["name"]], at = _value(text, name.end(), label)
    return values


def _value(text: str, at: int, label: str) -> tuple[str, int]:
    """The value that begins at `at`, and where the next line begins."""
    quote = text[at : at + 1]
    if quote not in _QUOTED:
        plain = _PLAIN.match(text, at)
        assert plain is not None, "it matches nothing at all, too"
        return _COMMENT.sub("", plain["value"], count=1).rstrip(), plain.end() + 1
    quoted = _QUOTED[quote].match(text, at)
    if quoted is None:
        raise _bad(text, at, label, f"the quote {quote} is never closed")
    rest = _REST.match(text, quoted.end())
    if rest is None:
        raise _bad(text, quoted.end(), label, f"nothing but a comment may follow the closing {quote}")
    value = quoted["value"]
    if quote == '"':
        value = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), value)
    return value, rest.end()


def _bad(text: str, at: int, label: str, what: str) -> Invalid:
    line = text.count("\n", 0, at) + 1
    return Invalid("dotenv-invalid", f"{label}: line {line}: {what}", "Write one NAME=value a line.")
