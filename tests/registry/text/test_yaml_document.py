"""YAML is read without surprises, with positions, within limits."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid
from registry.text import yaml_document
from registry.text.document import MAX_DEPTH, decode_utf8
from registry.text.numbers import number_text
from registry.text.yaml_document import Inline, dump_yaml, load_yaml


def value_of(text: str) -> Any:
    return load_yaml(text, "x.yaml").value


def refusal(text: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        load_yaml(text, "x.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("2024-01-31", "2024-01-31"),
        ("12:30:45", "12:30:45"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12e4567", "12e4567"),
        ("'true'", "true"),
        ("!!str 5", "5"),
        (".inf", ".inf"),
        ("-3.5", -3.5),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_number_remembers_its_spelling() -> None:
    assert number_text(value_of("version: 1.10")["version"]) == "1.10"


def test_keys_are_text() -> None:
    assert value_of("1: a\ntrue: b\non: c\n") == {"1": "a", "true": "b", "on": "c"}


def test_anchors_and_merges() -> None:
    text = "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: *a\n"
    assert value_of(text) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


def test_first_of_several_merged_mappings_wins() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n"
    assert value_of(text)["c"] == {"x": 1, "y": 2}


def test_positions_are_those_of_values_and_keys() -> None:
    document = load_yaml("steps:\n  - name: Über\n    with: {a: b}\n", "x.yaml")
    assert document.position(("steps", 0, "name")) == (2, 11)
    assert document.key_position(("steps", 0, "name")) == (2, 5)
    assert document.position(("steps", 0, "with", "a")) == (3, 15)
    assert document.raw_line(3) == "    with: {a: b}"
    assert document.raw_line(99) == ""


def test_position_of_what_is_missing_is_its_parents() -> None:
    document = load_yaml("steps:\n  - name: x\n", "x.yaml")
    assert document.position(("steps", 0, "uses")) == document.position(("steps", 0)) == (2, 5)
    assert document.position(("steps", 7)) == document.position(("steps",)) == (2, 3)
    assert load_yaml("", "x.yaml").position(("a",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "path", "line", "column"),
    [
        ("uri: #{Site.Host}", "uri", 1, 6),
        ("run: echo #{Name}", "run", 1, 11),
        ("- a\n- #{B}", "[1]", 2, 3),
        ("run: one\n  two #{B}\n", "run", 2, 7),
    ],
)
def test_swallowed_variable_is_told(text: str, path: str, line: int, column: int) -> None:
    (problem,) = load_yaml(text, "deploy.yaml").problems
    assert problem.code == "yaml-swallowed-variable"
    assert (problem.path, problem.line, problem.column) == (path, line, column)
    assert problem.hint == 'Quote it: "... #{Name} ...".'


@pytest.mark.parametrize("text", ['uri: "#{Site.Host}"', "a: x#{B}", "a: b # see #{B}", "a: |\n  x #{B}\n"])
def test_quoted_variable_and_real_comment_are_no_problem(text: str) -> None:
    assert load_yaml(text, "x.yaml").problems == ()


def test_swallowed_variable_that_breaks_the_syntax_gets_a_hint() -> None:
    error = refusal("with: {uri: #{Site.Host}}\n")
    assert error.code == "yaml-syntax"
    assert error.hint == 'A "#{" after a blank begins a comment: quote the text around "#{...}".'


def test_duplicate_key_is_told_with_both_places() -> None:
    (problem,) = load_yaml("a: 1\nb: 2\na: 3\n", "x.yaml").problems
    assert (problem.code, problem.line, problem.column, problem.hint) == (
        "duplicate-key",
        3,
        1,
        "It is first on line 1.",
    )


def test_tag_is_told() -> None:
    (problem,) = load_yaml("a: !secret x\n", "x.yaml").problems
    assert problem.message == 'the tag "!secret" is not supported'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [1, 2", "yaml-syntax"),
        ("a:\n\tb: 1", "yaml-syntax"),
        ("a: \x00", "yaml-syntax"),
        ("a: b: c", "yaml-syntax"),
        ("--- 1\n--- 2\n", "yaml-documents"),
        ("? [a]\n: 1\n", "yaml-key"),
        ("a: *nobody", "yaml-alias"),
        ("a: &a [*a]", "yaml-alias"),
        ("<<: 5", "yaml-merge"),
    ],
)
def test_what_is_no_document_is_refused(text: str, code: str) -> None:
    error = refusal(text)
    assert error.code == code
    assert error.problems[0].file == "x.yaml"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("a:\n\tb: 1", "a tab indents this line", "Indent with blanks, not tabs."),
        ("a: x\n\t- b", "a tab indents this line", "Indent with blanks, not tabs."),
        ("a: \x00", "the character U+0000 is not allowed", None),
        ("a: @x", '"@" cannot begin a text without quotes', "Quote the text"),
        ("a: b: c", 'a ":" does not belong here', "Quote the text if the colon is part of it; if not, "),
        ('a: 1\nb: "x\nc: 1\n', "the quoted text that begins on line 2 does not end", None),
        ("a: [1, 2", 'expected "," or "]" in the "[" that opens on line 1', None),
        ("a: {b: 1\nc: 2\n", 'expected "," or "}" in the "{" that opens on line 1', None),
        ("- a\nb: 1", "this line does not continue what begins on line 1", "Check its indentation."),
    ],
)
@pytest.mark.parametrize("loader", [yaml_document.LOADER, yaml.SafeLoader])
def test_a_mistake_is_told_in_the_same_words_by_every_parser(
    text: str, said: str, hint: str | None, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_document, "LOADER", loader)
    error = refusal(text)
    assert error.problems[0].message == f"this is not YAML: {said}"
    assert (error.hint or "").startswith(hint or "")
    assert (error.hint is None) == (hint is None)


def aliases(levels: int) -> str:
    """A list in a list in a list ..., each below the anchor of the one before."""
    return "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, levels - 1))


@pytest.mark.parametrize(
    "text",
    [
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "[" * 1_000,
        "[" * 100_000,
        "{a: " * 10_000,
        "- " * 10_000,
        "".join(f"{' ' * level}a:\n" for level in range(2_000)),
        "a: 😀ü\nb:\n  - ü\n  - " + "[" * 1_000 + "]" * 1_000,
        "a: [" + "[" * 2_000 + "\nb: }",
        aliases(MAX_DEPTH + 1),
        aliases(900),
    ],
)
@pytest.mark.parametrize("loader", [yaml_document.LOADER, yaml.SafeLoader])
def test_what_nests_too_deep_is_refused_as_that(
    text: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_document, "LOADER", loader)
    error = refusal(text)
    assert (error.code, error.message) == ("yaml-too-deep", "x.yaml: more than 64 levels of nesting")


def test_a_limit_of_the_parser_itself_is_told_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strict(yaml.SafeLoader):
        """Refuses what is deeper than it likes, in words of its own."""

        def fetch_flow_collection_start(self, token: type) -> None:
            super().fetch_flow_collection_start(token)
            if self.flow_level > 200:
                raise yaml.scanner.ScannerError("while ...", self.get_mark(), "enough!", self.get_mark())

    monkeypatch.setattr(yaml_document, "LOADER", Strict)
    assert refusal("a: " + "[" * 300 + "]" * 300).code == "yaml-too-deep"
    assert refusal("a: " + "[" * 60 + "]" * 60 + "]").code == "yaml-syntax"


def test_brackets_in_a_text_are_not_nesting() -> None:
    assert value_of(f"a: |\n  {'[' * 5_000}\nb: '{'[' * 5_000}'\n")["a"] == "[" * 5_000 + "\n"
    assert refusal(f"a: '{'[' * 5_000}'\nb: ]\n").code == "yaml-syntax"


def test_depth_at_the_limit_is_read() -> None:
    assert value_of("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    assert value_of("[" * MAX_DEPTH + "x" + "]" * MAX_DEPTH) is not None
    assert value_of(aliases(MAX_DEPTH)) is not None


def test_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert refusal("\n".join(lines)).code == "yaml-too-large"


def test_large_text_is_refused() -> None:
    assert refusal("#" * (10 * 1024 * 1024 + 1)).code == "yaml-too-large"
    assert refusal("a: [" + "1," * 100_000 + "1]").code == "yaml-too-large"


def test_bytes_are_utf8_with_or_without_mark() -> None:
    assert decode_utf8("\ufeffa: ü".encode(), "x") == "a: ü"
    with pytest.raises(Invalid, match="not UTF-8"):
        decode_utf8(b"a: \xff", "x")


# Lone surrogates have no UTF-8 form.
texts = st.text(st.characters(exclude_categories=["Cs"]))
plain_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(plain_data)
def test_what_is_dumped_reads_back(value: Any) -> None:
    document = load_yaml(dump_yaml(value), "x.yaml")
    assert repr(document.value) == repr(value)
    assert document.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "1e3",
        "yes",
        "0o7",
        "2024-01-31",
        "=",
        "<<",
        "a\r\nb",
        "a \nb",
        "\x85",
        "a\u2028b\n",
        "\ufeffx",
        "  indented\nx\n",
        "a\n\n\n",
        "x: #{y}",
    ],
)
def test_awkward_text_reads_back(text: str) -> None:
    assert value_of(dump_yaml({"key": text})) == {"key": text}


def test_several_lines_become_a_block_and_inline_lists_one_line() -> None:
    assert dump_yaml({"run": "a\nb\n", "keys": Inline(["x", "y"])}) == "run: |\n  a\n  b\nkeys: [x, y]\n"


def test_a_swallowed_variable_is_found_far_along_a_line() -> None:
    text = "a: [" + "x, " * 20_000 + "y #{Lost}\n]"
    (problem,) = load_yaml(text, "f").problems
    assert (problem.code, problem.line, problem.column) == (
        "yaml-swallowed-variable",
        1,
        text.index("#{") + 1,
    )
