from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.bootstrap.python.arguments import split_arguments


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("", []),
        (" \t ", []),
        ("a  b\tc", ["a", "b", "c"]),
        ('"a b" c', ["a b", "c"]),
        ("'a b'", ["'a", "b'"]),
        ('""', [""]),
        ('a"b c"d', ["ab cd"]),
        ('"a""b"', ['a"b']),
        ('a""b', ["ab"]),
        (r"\"a\"", ['"a"']),
        (r'"C:\dir\\" x', ["C:\\dir\\", "x"]),
        (r"C:\dir\sub", [r"C:\dir\sub"]),
        (r"\\\"", [r"\""]),
        ('"unclosed a', ["unclosed a"]),
        ('"ends with "" ', ['ends with " ']),
        ('"two\nlines" three\nfour', ["two\nlines", "three\nfour"]),
        ("$HOME * ~ `id`", ["$HOME", "*", "~", "`id`"]),
        ("\\", ["\\"]),
    ],
)
def test_a_line_is_split_by_the_rules_of_dotnet(line: str, arguments: list[str]) -> None:
    assert split_arguments(line) == arguments


def quoted(argument: str) -> str:
    """The argument in quotes, its own quotes and the backslashes before them escaped."""
    out = ""
    slashes = 0
    for letter in argument:
        if letter == '"':
            out += "\\" * (slashes + 1)
        slashes = slashes + 1 if letter == "\\" else 0
        out += letter
    return f'"{out}{chr(92) * slashes}"'


@given(st.lists(st.text(st.sampled_from('ab"\\ \t\n$ü'))))
def test_quoted_arguments_come_back(arguments: list[str]) -> None:
    assert split_arguments(" ".join(map(quoted, arguments))) == arguments
