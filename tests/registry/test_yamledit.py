"""Adding and removing entries of a YAML mapping; every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Conflict
from registry.yamldoc import load_yaml
from registry.yamledit import add_entry, remove_entry

ENTRY = {"git": "https://example.com/x", "ref": "main"}
LINE = "x: {git: https://example.com/x, ref: main}"

CASES = [
    pytest.param("", f"sources:\n  {LINE}\n", id="empty"),
    pytest.param("# only a comment\n", f"# only a comment\nsources:\n  {LINE}\n", id="comment"),
    pytest.param("version: 1", f"version: 1\nsources:\n  {LINE}\n", id="no line end"),
    pytest.param("sources:\nversion: 1\n", f"sources:\n  {LINE}\nversion: 1\n", id="nothing in it"),
    pytest.param(
        "sources:  # where from\n  a: {git: ./a}  # ours\n\n# next\nversion: 1\n",
        f"sources:  # where from\n  a: {{git: ./a}}  # ours\n  {LINE}\n\n# next\nversion: 1\n",
        id="comments",
    ),
    pytest.param(
        "sources:\n    a:\n        git: ./a\n        ref: main\nenvironments: {}\n",
        f"sources:\n    a:\n        git: ./a\n        ref: main\n    {LINE}\nenvironments: {{}}\n",
        id="blocks",
    ),
    pytest.param("sources: {}\n", f"sources: {{{LINE}}}\n", id="empty braces"),
    pytest.param(
        "sources: {a: {git: ./a} }  # all\n", f"sources: {{a: {{git: ./a}}, {LINE} }}  # all\n", id="braces"
    ),
    pytest.param(
        "version: 1\r\nsources:\r\n  a: {git: ./a}\r\n",
        f"version: 1\r\nsources:\r\n  a: {{git: ./a}}\r\n  {LINE}\r\n",
        id="crlf",
    ),
]


@pytest.mark.parametrize(("text", "edited"), CASES)
def test_an_entry_goes_to_the_end_of_its_section(text: str, edited: str) -> None:
    assert add_entry(text, "sources", "x", ENTRY) == edited


@pytest.mark.parametrize(("text", "edited"), CASES)
def test_removing_what_was_added_gives_the_same_data(text: str, edited: str) -> None:
    rest = load_yaml(remove_entry(edited, "sources", "x"), "").value or {}
    before = load_yaml(text, "").value or {}
    assert {key: value for key, value in rest.items() if value} == {
        key: value for key, value in before.items() if value
    }


def test_removing_keeps_the_comments_of_others() -> None:
    text = "sources:\n  # first\n  a: {git: ./a}\n  b:\n    git: ./b\n  # last\n  c: {git: ./c}\n"
    assert (
        remove_entry(text, "sources", "b")
        == "sources:\n  # first\n  a: {git: ./a}\n  # last\n  c: {git: ./c}\n"
    )
    assert (
        remove_entry("sources: {a: {git: ./a}, b: {git: ./b}}\n", "sources", "a")
        == "sources: {b: {git: ./b}}\n"
    )
    assert (
        remove_entry("sources: {a: {git: ./a}, b: {git: ./b}}\n", "sources", "b")
        == "sources: {a: {git: ./a}}\n"
    )


@pytest.mark.parametrize(
    "text", ["{version: 1}\n", "version: 1\n...\n", "sources: &all {a: {git: ./a}}\nb: *all\n"]
)
def test_what_cannot_be_edited_is_refused_with_the_line_to_write(text: str) -> None:
    with pytest.raises(Conflict) as refused:
        add_entry(text, "sources", "x", ENTRY)
    assert refused.value.hint == f"Write:\nsources:\n  {LINE}"


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30))
def test_any_value_comes_back_as_it_was(value: str) -> None:
    text = add_entry("version: 1\n", "sources", "x", {"git": value})
    assert load_yaml(text, "").value == {"version": 1, "sources": {"x": {"git": value}}}
