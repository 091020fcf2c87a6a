"""Changing entries of YAML mappings; every other byte stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.errors import Conflict, Invalid
from registry.text.yaml_document import dump_yaml, load_yaml
from registry.text.yaml_edit import (
    MappingEdit,
    add_entry,
    append_item,
    edit_mappings,
    remove_entry,
    set_number,
)

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
    pytest.param("{version: 1}\n", f"{{version: 1, sources: {{{LINE}}}}}\n", id="all in braces"),
    pytest.param("version: 1\n...\n", f"version: 1\nsources:\n  {LINE}\n...\n", id="document end"),
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


def test_what_cannot_be_edited_is_refused_with_what_to_do() -> None:
    with pytest.raises(Conflict) as refused:
        add_entry("sources: &all {a: {git: ./a}}\nb: *all\n", "sources", "x", ENTRY)
    assert refused.value.hint == f"Edit it yourself:\nsources: add {LINE}"


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("", "version: 7\n"),
        ("# only a comment\n", "# only a comment\nversion: 7\n"),
        ("version: 1 # ours\nid: x\n", "version: 7 # ours\nid: x\n"),
        ("id: x", "id: x\nversion: 7\n"),
        ("{id: x, version: 1}\n", "{id: x, version: 7}\n"),
        ("{id: x}\n", "{id: x, version: 7}\n"),
        ("\ufeffversion: 1\r\n", "\ufeffversion: 7\r\n"),
    ],
)
def test_a_number_takes_the_place_of_the_one_before(text: str, edited: str) -> None:
    assert set_number(text, "version", 7) == edited


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30))
def test_any_value_comes_back_as_it_was(value: str) -> None:
    text = add_entry("version: 1\n", "sources", "x", {"git": value})
    assert load_yaml(text, "").value == {"version": 1, "sources": {"x": {"git": value}}}


PROCESS = """\
steps:
  - name: One   # first
    uses: community/a@1  # pinned
    with:
      # where to
      url: "http://x"   # the address
      text: |
        several
        lines

    timeout: 5m
  - {name: Two, uses: 'community/a@1', with: {url: u, text: t}}
"""
ONE, TWO = ("steps", 0), ("steps", 1)

MAPPING_CASES = [
    pytest.param(
        MappingEdit(ONE, replaced={"uses": "community/a@2"}), "a@1  # pinned", "a@2  # pinned", id="plain"
    ),
    pytest.param(MappingEdit(TWO, replaced={"uses": "b/c@3"}), "'community/a@1'", "'b/c@3'", id="quotes"),
    pytest.param(
        MappingEdit((*ONE, "with"), replaced={"url": "#{Url}"}), '"http://x"', '"#{Url}"', id="double quotes"
    ),
    pytest.param(MappingEdit((*ONE, "with"), renamed={"url": "uri"}), 'url: "', 'uri: "', id="rename"),
    pytest.param(
        MappingEdit((*ONE, "with"), removed=frozenset({"text"})),
        "      text: |\n        several\n        lines\n",
        "",
        id="remove a literal text",
    ),
    pytest.param(
        MappingEdit((*ONE, "with"), removed=frozenset({"url"})),
        '      url: "http://x"   # the address\n',
        "",
        id="remove a line",
    ),
    pytest.param(
        MappingEdit((*ONE, "with"), replaced={"text": "one"}),
        "|\n        several\n        lines\n",
        "one\n",
        id="replace a literal text",
    ),
    pytest.param(
        MappingEdit((*ONE, "with"), added={"color": "12"}),
        "        lines\n",
        '        lines\n      color: "12"\n',
        id="add to a block",
    ),
    pytest.param(
        MappingEdit((*TWO, "with"), removed=frozenset({"url"})),
        "{url: u, text: t}",
        "{text: t}",
        id="flow: first",
    ),
    pytest.param(
        MappingEdit((*TWO, "with"), removed=frozenset({"text"}), added={"a": ""}),
        "{url: u, text: t}",
        '{url: u, a: ""}',
        id="flow: last, and add",
    ),
    pytest.param(
        MappingEdit((*TWO, "with"), removed=frozenset({"url", "text"}), added={"a": "b"}),
        "{url: u, text: t}",
        "{a: b}",
        id="flow: all, and add",
    ),
    pytest.param(
        MappingEdit((*TWO, "with"), removed=frozenset({"url", "text"})),
        ", with: {url: u, text: t}",
        "",
        id="flow: all",
    ),
    pytest.param(
        MappingEdit((*ONE, "container"), added={"image": "x"}),
        "    timeout: 5m\n",
        "    timeout: 5m\n    container:\n      image: x\n",
        id="a mapping of its own",
    ),
    pytest.param(
        MappingEdit((*TWO, "container"), added={"image": "x"}),
        "text: t}}",
        "text: t}, container: {image: x}}",
        id="flow: a mapping of its own",
    ),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("edit", "old", "new"), MAPPING_CASES)
def test_only_what_is_edited_changes(edit: MappingEdit, old: str, new: str, newline: str) -> None:
    expected = PROCESS.replace(old, new)
    assert expected != PROCESS
    edited = edit_mappings(PROCESS.replace("\n", newline), [edit])
    assert edited == expected.replace("\n", newline)


def test_a_mapping_that_loses_everything_goes_with_its_key() -> None:
    text = "- name: x\n  with:\n    # why\n    a: 1\n  # next\n  timeout: 5m\n"
    edit = MappingEdit((0, "with"), removed=frozenset({"a"}))
    edited = edit_mappings(f"steps:\n{text}", [MappingEdit(("steps", *edit.path), removed=edit.removed)])
    assert edited == "steps:\n- name: x\n  # next\n  timeout: 5m\n"


@pytest.mark.parametrize(
    "text",
    [
        "a: {with: &all {url: u}}\nb: {with: *all}\n",
        "base: &base {url: u}\nb:\n  with:\n    <<: *base\n    text: t\n",
        "b: {with: text}\n",
    ],
)
def test_what_comes_from_elsewhere_is_told_not_edited(text: str) -> None:
    with pytest.raises(Conflict) as refused:
        edit_mappings(text, [MappingEdit(("b", "with"), replaced={"url": "v"})])
    assert refused.value.hint == "Edit it yourself:\nb.with: replace url by v"


_words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
_names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.]{0,8}", fullmatch=True)


@st.composite
def _mappings(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """The lines of a block mapping in all the ways that people write one, comments between and behind."""
    values = draw(st.dictionaries(_names, _words, min_size=1, max_size=5))
    lines = []
    for place, (name, value) in enumerate(values.items()):
        if draw(st.booleans()):
            lines.append(f"    # about {place}")
        if draw(st.booleans()) and value.isascii() and value.strip() == value != "":
            values[name] = f"{value}\n"
            lines += [f"    {name}: |", f"      {value}"]
        else:
            quoted = dump_yaml([value]).removeprefix("- ").strip()
            lines.append(f"    {name}: {quoted}" + draw(st.sampled_from(["", "  # behind"])))
    return "\n".join(lines), values


@settings(deadline=None, max_examples=60)
@given(_mappings(), st.data())
def test_any_edit_leaves_every_other_line(mapping: tuple[str, dict[str, str]], data: st.DataObject) -> None:
    block, values = mapping
    text = (
        f"# head\nsteps:\n  - name: x\n    with:\n{block.replace('    ', '      ')}\n    timeout: 5m  # end\n"
    )
    assume(load_yaml(text, "").value["steps"][0].get("with") == values)
    names = sorted(values)
    removed = frozenset(data.draw(st.lists(st.sampled_from(names), unique=True)))
    replaced = {name: data.draw(_words) for name in data.draw(st.sets(st.sampled_from(names))) - removed}
    added = {
        name: value
        for name, value in data.draw(st.dictionaries(_names, _words)).items()
        if name not in values
    }
    edit = MappingEdit(("steps", 0, "with"), replaced, {}, removed, added)
    edited = edit_mappings(text, [edit])
    expected = {
        name: replaced.get(name, value) for name, value in values.items() if name not in removed
    } | added
    assert load_yaml(edited, "").value["steps"][0].get("with", {}) == expected
    untouched = [
        line for line in text.splitlines() if line.strip().startswith("#") or line.startswith("    timeout")
    ]
    if expected:
        assert [line for line in edited.splitlines() if line in untouched] == untouched


DEEP = ["a: " + "[" * 1_000, "a: " + "[" * 100_000 + "]" * 100_000, "- " * 5_000]
EDITS: list[Callable[[str], str]] = [
    lambda text: set_number(text, "a", 1),
    lambda text: add_entry(text, "sources", "x", {}),
    lambda text: edit_mappings(text, [MappingEdit(("a",), added={"b": "c"})]),
]


@pytest.mark.parametrize("text", DEEP, ids=["open", "closed", "block"])
@pytest.mark.parametrize("edit", EDITS, ids=["number", "entry", "mapping"])
def test_what_nests_too_deep_is_refused_before_it_is_edited(text: str, edit: Callable[[str], str]) -> None:
    with pytest.raises(Invalid, match="more than 64 levels of nesting"):
        edit(text)


ITEM = ("- name: new", "  run: echo")
DATA = {"name": "new", "run": "echo"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("steps:\n  - a: 1\n", "steps:\n  - a: 1\n  - name: new\n    run: echo\n"),
        ("steps:\n- a: 1", "steps:\n- a: 1\n- name: new\n  run: echo\n"),
        (
            "steps:\n  - a: 1  # one\n\n  - b: |\n      text\n\n# end\nmore: 1\n",
            "steps:\n  - a: 1  # one\n\n  - b: |\n      text\n\n  - name: new\n    run: echo\n\n# end\nmore: 1\n",
        ),
        ("steps:\r\n  - a: 1\r\n", "steps:\r\n  - a: 1\r\n  - name: new\r\n    run: echo\r\n"),
        ("version: 1\n", "version: 1\nsteps:\n  - name: new\n    run: echo\n"),
        ("", "steps:\n  - name: new\n    run: echo\n"),
        ("steps: []  # none\nmore: 1\n", "steps:  # none\n  - name: new\n    run: echo\nmore: 1\n"),
        ("steps:\nmore: 1\n", "steps:\n  - name: new\n    run: echo\nmore: 1\n"),
        ("# a\nsteps: null", "# a\nsteps:\n  - name: new\n    run: echo\n"),
        ("\ufeffsteps:\n  - a: 1\n", "\ufeffsteps:\n  - a: 1\n  - name: new\n    run: echo\n"),
        ("steps:\n  - {a: 1}\n  # more\n", "steps:\n  - {a: 1}\n  - name: new\n    run: echo\n  # more\n"),
    ],
)
def test_an_item_goes_to_the_end_of_a_list(before: str, after: str) -> None:
    assert append_item(before, "steps", ITEM, DATA) == after


@pytest.mark.parametrize(
    "text", ["steps: [{a: 1}]\n", "{steps: [{a: 1}]}\n", "steps: word\n", "- a\n", "steps: {a: 1}\n"]
)
def test_a_list_that_cannot_be_added_to_is_left_alone(text: str) -> None:
    with pytest.raises(Conflict) as error:
        append_item(text, "steps", ITEM, DATA)
    assert error.value.code == "cannot-edit"
    assert "- name: new\n  run: echo" in (error.value.hint or "")
