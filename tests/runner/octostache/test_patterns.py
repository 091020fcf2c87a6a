""".NET's regular expressions."""

import pytest

from runner.octostache import FilterError, Variables


def replace(text: str, pattern: str, replacement: str) -> str | None:
    variables = Variables({"T": text, "P": pattern, "R": replacement})
    return variables.evaluate("#{T | Replace #{P}#{R}}").text


@pytest.mark.parametrize(
    ("text", "pattern", "replacement", "result"),
    [
        ("a😀b", ".", "x", "xxxx"),
        ("2024-05-06", r"(\d+)-(\d+)-(\d+)", "$3/$2/$1", "06/05/2024"),
        ("ab", "(?<w>a)(b)", "[$1|$2|${w}|$9|$$]", "[b|a|a|$9|$]"),
        ("it's", "(?'q'')", "[${q}]", "it[']s"),
        ("abc", "b", "[$`|$'|$&|$_]", "a[a|c|b|abc]c"),
        ("aab", r"(?<x>a)\k<x>", "<${x}>", "<a>b"),
        ("abcdef", "[a-z-[bd]]", ".", ".b.d.."),
        ("é_ß ", r"\w", "#", "### "),
        ("a1_", r"[^\W\d]", "#", "#1#"),
        ("a1", r"\p{L}\p{Nd}", "x", "x"),
        ("αβ", r"\p{IsGreek}", "x", "xx"),
        ("x\n", "$", "E", "xE\nE"),
        ("x\n", r"\z", "E", "x\nE"),
        ("aaa", "a{,2}", "x", "aaa"),
        ("a{", "a{", "x", "x"),
        ("abc", "a*?", "-", "-a-b-c-"),
        ("aBb", "a(?i)b", "x", "xb"),
        ("straße", "(?i)STRASSE", "x", "straße"),
        ("[x]", "[[]", "x", "xx]"),
        ("a&b~", "[&~]", "x", "axbx"),
    ],
)
def test_replace(text: str, pattern: str, replacement: str, result: str) -> None:
    assert replace(text, pattern, replacement) == result


@pytest.mark.parametrize(
    "pattern", ["(", ")", "[", "[b-a]", "*", "a++", "a**", r"\q", r"\1", "{2}", "\\", r"\p{", "[a-" * 5_000]
)
def test_what_net_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(FilterError, match="cannot be used"):
        replace("a", pattern, "x")


def test_the_error_names_filter_input_and_position() -> None:
    with pytest.raises(FilterError) as caught:
        Variables({"T": "some text"}).evaluate('see #{T | Match "("}')

    assert (caught.value.filter, caught.value.input, caught.value.position) == ("Match", "some text", 10)
    assert "filter 'Match' at position 10 cannot treat 'some text': the pattern '(' cannot be used" in str(
        caught.value
    )
