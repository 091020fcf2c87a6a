from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid
from runner.variables.dotenv import parse_dotenv

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A=", ""),
        ("A = b ", "b"),
        ("export A=b", "b"),
        ("  A=b", "b"),
        ("A=two words", "two words"),
        ("A=b # comment", "b"),
        ("A=b#c", "b#c"),
        ("A=# comment", ""),
        ("A=#", ""),
        ("A='b # c' # comment", "b # c"),
        ("A='$HOME \\n'", "$HOME \\n"),
        ('A="$HOME \\n \\"q\\" \\\\"', '$HOME \n "q" \\'),
        ('A="two\nlines"', "two\nlines"),
        ("A='two\nlines'", "two\nlines"),
        ('A=""', ""),
        ("A=${B}", "${B}"),
        ("A=it's", "it's"),
        ("A=b=c", "b=c"),
        ("A=b\r\nB=c\r\n", "b"),
        ("\ufeffA=b", "b"),
        ("\n\n# comment\n \nA=b\n# more", "b"),
        ("A=first\nA=b", "b"),
    ],
)
def test_values_are_read_as_other_tools_read_them(line: str, value: str) -> None:
    assert parse_dotenv(line, "x")["A"] == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("A=b\nnonsense", "line 2: expected NAME=value"),
        ("1A=b", "line 1: expected NAME=value"),
        ("=b", "line 1: expected NAME=value"),
        ('A=b\n\nB="open', 'line 3: the quote " is never closed'),
        ("B='open", "line 1: the quote ' is never closed"),
        ("B='s3cret' more", "line 1: nothing but a comment may follow the closing '"),
    ],
)
def test_a_line_that_is_none_is_told_without_its_value(text: str, complaint: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_dotenv(text, "x.env")
    assert caught.value.message == f"x.env: {complaint}"


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]))))
def test_what_is_quoted_comes_back(values: dict[str, str]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = "".join(f"{name}={quoted(value)}\n" for name, value in values.items())
    assert parse_dotenv(text, "x") == values


@given(st.text(alphabet="AB= '\"#\\\n\t$ex", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        names = list(parse_dotenv(text, "x"))
    except Invalid:
        names = []
    assert all(name.strip() == name != "" for name in names)
