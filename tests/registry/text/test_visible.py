from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.text.visible import escape_json, unseen, visible, visible_line

UNSEEN_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")
ANY_TEXT = st.text(st.characters(categories=None, exclude_categories=()))  # surrogates, too


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "^[[2J"),
        ("\x1b]0;title\x07", "^[]0;title^G"),
        ("a\x08b\x7f\x00", "a^Hb^?^@"),
        ("\x9b31m", "\\u009b31m"),
        ("pay\u202eexe", "pay\\u202eexe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("half\ud83d", "half\\ud83d"),
        ("line\n\ttab\r\n", "line\n\ttab\r\n"),
        ("over\rwritten", "over^Mwritten"),
        ("Grüße, 日本, ⚠️", "Grüße, 日本, ⚠️"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_line_stays_one_line() -> None:
    assert visible_line("a\nb\tc\r\n") == "a^Jb^Ic^M^J"


def test_every_control_format_and_separator_of_unicode_is_known() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in UNSEEN_CATEGORIES:
            assert visible_line(character) != character, f"U+{code:04X}"


@given(ANY_TEXT)
def test_what_was_written_out_once_stays_as_it_is(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert unseen(visible(text)) == []


@given(ANY_TEXT)
def test_an_escaped_document_means_the_same(text: str) -> None:
    written = escape_json(json.dumps({"text": text}, ensure_ascii=False))
    assert unseen(written) == []
    # Two halves of a pair next to each other are one character to every reader of JSON.
    assert json.loads(written) == json.loads(json.dumps({"text": text}))
