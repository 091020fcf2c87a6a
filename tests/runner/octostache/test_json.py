"""Variables that hold JSON, strict or not."""

import pytest

from runner.octostache import InvalidValueError, Variables
from runner.octostache.json_reader import JsonError, read_json


@pytest.mark.parametrize(
    ("document", "token", "text"),
    [
        ('{"a": {"b": [1, 2.50, "x"]}}', "#{J.a.b[1]}", "2.5"),
        ("{a: {'b': [1,],},} // end", "#{J.a[b].0}", "1"),
        ('{"a": true, "b": null}', "#{J.a}#{J.b}#{J.none}", "True"),
        ('{"a": {"x": 1.0, "y": "ü\\u0001"}}', "#{J.a}", '{"x":1.0,"y":"ü\\u0001"}'),
        ("{a: [1,,undefined]}", "#{J.a}", "[1,undefined,undefined]"),
        ("{a: 0x1F, b: 010, c: .5}", "#{J.a} #{J.b} #{J.c}", "31 8 0.5"),
        ('{"a": 1, "b": 2, "a": 3}', "#{each m in J}#{m.Key}=#{m.Value};#{/each}", "b=2;a=3;"),
        ('["a", {"b": 1}]', "#{each m in J}#{m}#{m.b};#{/each}", 'a#{m.b};{"b":1}1;'),
        ('{"d": "2030-05-22T09:05:00Z"}', "#{J.d}", "05/22/2030 09:05:00"),
        ('{"d": ["2030-05-22T09:05:00.120Z"]}', "#{J.d}", '["2030-05-22T09:05:00.12Z"]'),
    ],
)
def test_navigation(document: str, token: str, text: str) -> None:
    assert Variables({"J": document}).evaluate(token).text == text


@pytest.mark.parametrize(
    "document",
    ["{", "{a}", "{a:}", "[1 2]", "{a:1 b:2}", "{,}", "[1]x", "'a\\q'", "[+1]", "[tru]", "[" * 65 + "]" * 65],
)
def test_what_is_no_json(document: str) -> None:
    with pytest.raises(JsonError):
        read_json(document)
    assert Variables({"J": document}).evaluate("#{J[0]}").text == "#{J[0]}"


@pytest.mark.parametrize("token", ["#{J[-1]}", "#{J[0]}", "#{each x in J}#{/each}"])
def test_what_has_no_meaning_is_an_error(token: str) -> None:
    with pytest.raises(InvalidValueError):
        Variables({"J": "[12345678901234567890]"}).evaluate(token)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#{J[0]}", "\ufffd"),
        ("#{J[1]}#{J[2]}", "\U0001f680\U0001f680"),
        ("#{J[3].k}", "a\ufffdb"),
        ("#{each x in J}#{x}|#{/each}", None),
        ("#{J[1] | Substring 1}#{J[1] | Substring 1 1}", "\U0001f680"),
        ("#{J[1] | Truncate 1}", "\ufffd..."),
    ],
)
def test_halves_of_characters_are_joined_or_replaced(text: str, expected: str | None) -> None:
    variables = Variables({"J": r'["\ud83d", "\ud83d\ude80", "\uD83D\uDE80", {"k": "a\ude80b"}]'})
    result = variables.evaluate(text).text

    assert result is not None
    assert result.encode()
    assert expected is None or result == expected
    assert all(item.encode() for item in variables.indexes("J"))
