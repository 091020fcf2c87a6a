"""Where expressions that come to nothing stand, and what it costs to find out."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from registry.model import TextPlace
from runner.octostache import find_flaws
from runner.variables.names import mistakes_in, offset_of

PIECES = [
    "#{",
    "}",
    "A",
    "a.b",
    "/",
    "if",
    "else",
    "elseif",
    " ",
    "#",
    "|",
    "Nope",
    "#{A}",
    "#{if A}",
    "#{/if}",
]


def test_an_expression_is_found_by_its_whole_name() -> None:
    text = "#{AB} #{ if a } #{A[0]} #{A.B | ToUpper}"
    assert [offset_of(name, text) for name in ("A", "ab", "A[0]", "A.b", "C")] == [6, 0, 16, 24, 0]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_short_way_through_plain_expressions_finds_the_same(text: str) -> None:
    """An escaped expression behind the text forces the long way."""
    assert find_flaws(text) == find_flaws(f"{text} ##{{x}}")


@given(st.text("a\n", max_size=20), st.integers(0, 20))
def test_the_place_of_a_character_is_that_of_counting_lines(text: str, offset: int) -> None:
    lines = text[:offset].split("\n")
    column = (7 if len(lines) == 1 else 3) + offset - len("\n".join([*lines[:-1], ""]))
    assert TextPlace(5, 7, 3).of(text, offset) == (4 + len(lines), column)


def test_thousands_of_names_in_one_text_are_looked_up_in_one_pass() -> None:
    names = [f"Some.Name.Number{number}" for number in range(20_000)]
    text = "\n".join(f"echo #{{{name}}}" for name in names)
    place, begin = TextPlace(1, 1, 1), time.process_time()
    for line, name in enumerate(names):
        assert not mistakes_in(text)
        assert place.of(text, offset_of(name, text)) == (line + 1, 6)
    assert time.process_time() - begin < 2
