"""Moving, removing and inserting items of lists in YAML texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Conflict
from registry.text.yaml_document import load_yaml
from registry.text.yaml_edit import Entry
from registry.text.yaml_list import append_entry, insert_item, move_item, remove_item

THREE = """\
# The shop.
version: 1
steps:
  # First of all.
  - name: One   # the first
    run: echo 1
    # with:
    #   A: 1

  - name: Two
    run: |
      echo 2

      # of the script
  # Last of all.
  - {name: Three, run: echo 3}
# The end.
"""


def test_an_item_is_moved_with_its_comments() -> None:
    assert move_item(THREE, "steps", 0, 2) == (
        "# The shop.\nversion: 1\nsteps:\n"
        "  - name: Two\n    run: |\n      echo 2\n\n      # of the script\n"
        "\n"
        "  # Last of all.\n  - {name: Three, run: echo 3}\n"
        "  # First of all.\n  - name: One   # the first\n    run: echo 1\n    # with:\n    #   A: 1\n"
        "# The end.\n"
    )


def test_an_item_is_removed_with_its_comments() -> None:
    assert remove_item(THREE, "steps", 2) == THREE.replace(
        "  # Last of all.\n  - {name: Three, run: echo 3}\n", ""
    )
    assert remove_item(THREE, "steps", 1) == THREE.replace(
        "  - name: Two\n    run: |\n      echo 2\n\n      # of the script\n", ""
    )


def test_a_new_item_stands_apart_where_the_others_do() -> None:
    text = "steps:\n- a\n\n- b\n"
    assert insert_item(text, "steps", 1, ["- c"], "c") == "steps:\n- a\n\n- c\n\n- b\n"
    assert insert_item(text, "steps", 2, ["- c"], "c") == "steps:\n- a\n\n- b\n\n- c\n"
    assert insert_item("steps:\n  - a", "steps", 0, ["- c"], "c") == "steps:\n  - c\n  - a\n"


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeffsteps:\r\n  - a\r\n  - b"
    assert move_item(text, "steps", 1, 0) == "\ufeffsteps:\r\n  - b\r\n  - a\r\n"
    assert insert_item(text, "steps", 2, ["- c"], "c") == "\ufeffsteps:\r\n  - a\r\n  - b\r\n  - c\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "steps: [a, b]\n",
        "{steps: [a, b]}\n",
        "steps:\n  -\n    - a\n  - b\n",
        "steps:\n  - &x {a: 1}\n  - *x\n",
        "other: &s\n  - a\n  - b\nsteps: *s\n",
    ],
)
def test_another_layout_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(Conflict, match="cannot be edited") as refused:
        move_item(text, "steps", 0, 1)
    assert refused.value.hint == "Edit it yourself:\nsteps: move item 1 to place 2"


ITEMS = st.lists(
    st.sampled_from(
        [
            "- a: 1",
            "- a:\n    b: 2  # c",
            "# above\n- x",
            "- |\n  text\n\n  # more",
            "- y\n  # deeper",
            "- [1, 2]",
        ]
    ),
    min_size=2,
    max_size=6,
)


@given(ITEMS, st.lists(st.sampled_from(["", "\n", "\n\n", "# alone\n\n"]), min_size=6, max_size=6), st.data())
def test_moving_there_and_back_says_the_same(items: list[str], gaps: list[str], data: Any) -> None:
    text = (
        "steps:\n" + "".join(f"{item}\n{gap}" for item, gap in zip(items, gaps, strict=False)) + "last: 1\n"
    )
    before = load_yaml(text, "").value
    index, to = (data.draw(st.integers(0, len(items) - 1)) for _ in range(2))
    moved = move_item(text, "steps", index, to)
    assert sorted(moved.splitlines()) == sorted(text.splitlines())
    assert load_yaml(move_item(moved, "steps", to, index), "").value == before


class TestAppendingAnEntry:
    ITEM: Mapping[str, Entry] = {"value": "x: y", "sure": True, "names": ["a", "b"], "in": {"k": "v"}}
    WRITTEN = '{value: "x: y", sure: true, names: [a, b], in: {k: v}}'

    @pytest.mark.parametrize(
        ("text", "edited"),
        [
            ("l:\n  - {a: 1} # one\n", "l:\n  - {a: 1} # one\n  - ITEM\n"),
            ("l:\n- a: 1\n  b: 2\n# after\nm: 3\n", "l:\n- a: 1\n  b: 2\n- ITEM\n# after\nm: 3\n"),
            ("l: [{a: 1}] # one\n", "l: [{a: 1}, ITEM] # one\n"),
            ("l:\n  - {a: 1}", "l:\n  - {a: 1}\n  - ITEM\n"),
            ("\ufeffl:\r\n  - {a: 1}\r\n", "\ufeffl:\r\n  - {a: 1}\r\n  - ITEM\r\n"),
        ],
    )
    def test_it_goes_to_the_end_of_its_list(self, text: str, edited: str) -> None:
        assert append_entry(text, ("l",), self.ITEM) == edited.replace("ITEM", self.WRITTEN)

    @pytest.mark.parametrize("text", ["l: []\n", "l: {a: 1}\n", "m: 1\n", "m: &x [{a: 1}]\nl: *x\n"])
    def test_where_there_is_no_list_it_says_what_to_write(self, text: str) -> None:
        with pytest.raises(Conflict) as caught:
            append_entry(text, ("l",), {"a": "b"})
        assert "l: add - {a: b}" in (caught.value.hint or "")
