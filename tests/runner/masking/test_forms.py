"""The table of forms in `docs/security.md`: what encodes a text, over secrets of every kind."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import string
import subprocess
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.masking.masker import Masker

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n".format(
    "\n".join(textwrap.wrap(base64.b64encode(bytes(range(256)) * 3).decode(), 70))
)
SECRETS = {
    "plain": "CanarySecret77",
    "token": "ghp-Zq8w_R5tYxK.0123456789",
    "punctuation": "Cn!" + string.punctuation + "9x",
    "slashes": "to/ken+wi&th=<x>?%",
    "quotes": "p'ass word!9\"x",
    "backslashes": "C:\\new\\table\\x",
    "umlauts": "Zwölf Bß€ÜÜberläufer",
    "beyond the plane": "Schlüssel🔑nummer9",
    "blanks": "my  secret   value 9",
    "around": "  padded  secret9 ",
    "tabs": "one\tsecret\tvalue9",
    "long": "a-very-long-secret-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJKLMNOP",
    "short lines": "foo\nbar\nbaz\nzoo",
    "key": KEY,
    "CRLF": "first line\r\nsecond line\r\nthird",
    "indented": "user:\n  name: x9\n  pass: y\n",
    "json": '{"user": "me", "password": "foobar9/<x>", "n": [1, 2.50, null], "ü": "ä \\n b"}',
    "json lines": '{\n  "password": "foobar9",\n  "token": "x y  z"\n}\n',
    "three thousand": "Kanari/+ü'\"\\<>&% " * 170,
}


def shell(script: str) -> Callable[[str], str]:
    """What Bash prints, stdout and stderr, with the secret in `$S`."""

    def run(secret: str) -> str:
        done = subprocess.run(
            ["bash", "-c", script],
            env={"S": secret, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )
        return done.stdout.decode("utf-8", "replace")

    return run


def lower_after_percent(text: str) -> str:
    first, *rest = text.split("%")
    return first + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def as_json(text: str, special: str, digits: str, ascii_only: bool = True) -> str:
    """JSON with more characters escaped than JSON demands."""
    shown = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"' if '"' in special else '\\"')
    return "".join(
        "".join(f"\\u{unit:{digits}}" for unit in units(c)) if c in special or (ascii_only and c > "~") else c
        for c in shown
    )


def units(character: str) -> list[int]:
    data = character.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


ENCODERS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "echo": shell('echo "$S"'),
    "echo, split": shell("set -f; echo $S"),
    "argument under set -x": shell('set -x; true --password "$S"'),
    "assignment under set -x": shell('set -x; T="$S"'),
    "split under set -x": shell("set -f; set -x; true $S"),
    "printf %q": shell("printf '%q\\n' \"$S\""),
    "${@Q}": shell('echo "${S@Q}"'),
    "declare -p": shell("declare -p S"),
    "set -x in the C locale": shell('LC_ALL=C; set -x; true "$S"'),
    "shlex.quote": shlex.quote,
    "doubled quotes": lambda s: "'" + s.replace("'", "''") + "'",
    "doubled double quotes": lambda s: '"' + s.replace('"', '""') + '"',
    "base64": shell('printf %s "$S" | base64 -w0'),
    "base64 wrapped": shell('printf %s "$S" | base64'),
    "base64 wrapped at 64": shell('printf %s "$S" | base64 -w64'),
    "base64 with its line end": shell('echo "$S" | base64'),
    "base64 after 1": shell('printf x%s "$S" | base64'),
    "base64 after 2": shell('printf xy%s "$S" | base64'),
    "basic authorization": shell(
        "printf 'Authorization: Basic %s\n' \"$(printf 'someone:%s' \"$S\" | base64)\""
    ),
    "base64 far in a text": shell("printf '%070d%s,%070d' 1 \"$S\" 2 | base64"),
    "base64 in MIME": lambda s: base64.encodebytes(s.encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "base64 in a URL": lambda s: quote(base64.b64encode(s.encode())),
    "base64 of UTF-16": lambda s: base64.b64encode(f"echo {s};".encode("utf-16-le")).decode(),
    "base64 of the words": shell("set -f; echo $S | base64"),
    "quote": quote,
    "quote all": lambda s: quote(s, safe=""),
    "quote, lower case": lambda s: lower_after_percent(quote(s, safe="")),
    "quote_plus": quote_plus,
    "quote_plus, lower case": lambda s: lower_after_percent(quote_plus(s)),
    "quote twice": lambda s: quote(quote(s, safe=""), safe=""),
    "encodeURIComponent": lambda s: quote(s, safe="!'()*"),
    "encodeURI": lambda s: quote(s, safe=";,/?:@&=+$!'()*#"),
    "JSON": json.dumps,
    "JSON, UTF-8": lambda s: json.dumps(s, ensure_ascii=False),
    "JSON, upper-case hex": lambda s: as_json(s, "", "04X"),
    "JSON of PHP": lambda s: json.dumps(s).replace("/", "\\/"),
    "JSON of Go": lambda s: as_json(s, "<>&", "04x", ascii_only=False),
    "JSON of .NET": lambda s: as_json(s, "<>&'\"+`", "04X"),
    "JSON in JSON": lambda s: json.dumps(json.dumps(s)),
    "XML text": escape,
    "XML attribute": quoteattr,
    "HTML": html.escape,
    "HTML, decimal": lambda s: html.escape(s).replace("&#x27;", "&#39;"),
    "XML, ASCII": lambda s: escape(s).encode("ascii", "xmlcharrefreplace").decode(),
    "Python repr": repr,
    "Python ascii": ascii,
    "Python bytes": lambda s: repr(s.encode()),
    "CRLF": lambda s: s.replace("\n", "\r\n"),
    "indented": lambda s: textwrap.indent(s, "    "),
    "flattened": lambda s: " ".join(s.split("\n")),
    "joined": lambda s: s.replace("\n", ""),
    "trimmed": str.strip,
    "tabs for blanks": lambda s: s.replace(" ", "\t"),
    "coloured": lambda s: s[:3] + "\x1b[1;31m" + s[3:] + "\x1b[0m",
    "every character coloured": lambda s: "".join(f"\x1b[32m{c}\x1b[m" for c in s),
    "a title set in between": lambda s: s[:3] + "\x1b]2;\x07" + s[3:],
    "a link's end in between": lambda s: s[:3] + "\x1b]8;;\x1b\\" + s[3:],
    "NUL between": "\0".join,
    "backspace between": "\b".join,
    "overstruck": lambda s: "".join(c if c.isspace() else f"{c}\b{c}" for c in s),
    "zero-width between": "\u200b".join,
    "soft hyphens": "\u00ad".join,
}


FRAMES = ("someone:", "--password", "declare -x S=", "Authorization: Basic", "true", "T=")
"""What the encoders put around the secret."""


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("secret", SECRETS)
def test_what_encodes_a_secret_does_not_show_it(secret: str, encoder: str) -> None:
    shown = Masker([SECRETS[secret]]).mask_text(ENCODERS[encoder](SECRETS[secret]))
    assert "********" in shown
    if "base64" in encoder or "basic" in encoder:
        assert not readable_in_base64(SECRETS[secret], shown)
    else:
        rest = shown.replace("********", "")
        for frame in FRAMES:
            rest = rest.replace(frame, "")
        # Quotes, colours, line ends of the secret's own at either end.
        rest = re.sub(r"\x1b\[[0-9;]*m|&#?\w+;|%(?:25)?[0-9A-Fa-f]{2}|\\n|\\012|u0022|[^a-zA-Z0-9]", "", rest)
        assert len(rest) <= 1, rest


def readable_in_base64(secret: str, shown: str) -> list[str]:
    """What of the secret could be read back from base64 in a text, nine bytes at a time."""
    text = shown.replace("\n", "").replace("-", "+").replace("_", "/")
    data = " ".join(secret.split()).encode()
    windows = [data[at : at + 9] for at in range(len(data) - 8)]
    return [
        base64.b64encode(window).decode() for window in windows if base64.b64encode(window).decode() in text
    ]


# Beyond these, what a shell takes for printable depends on the system's tables.
TEXTS = st.text(
    st.characters(max_codepoint=0x24F, exclude_categories=["Cc", "Cf", "Cn"], include_characters="\n\t"),
    min_size=4,
    max_size=40,
)


@given(TEXTS.filter(lambda text: len("".join(text.split())) >= 6), st.sampled_from(sorted(ENCODERS)))
@settings(max_examples=60, deadline=None)
def test_any_text_in_any_form(secret: str, encoder: str) -> None:
    assert "********" in Masker([secret]).mask_text(ENCODERS[encoder](secret))
