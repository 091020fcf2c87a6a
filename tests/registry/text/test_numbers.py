"""Numbers come back as they were written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.text.numbers import WrittenFloat, WrittenInt, number_text, read_number


@pytest.mark.parametrize(
    "text", ["0", "-0", "7", "+7", "007", "1.0", "1.50", "1e3", "1E+3", "-2.5e-3", ".5", "5."]
)
def test_number_keeps_its_spelling(text: str) -> None:
    number = read_number(text)
    assert number_text(number) == text
    assert number == float(text)


def test_usual_spelling_costs_no_class_of_its_own() -> None:
    assert type(read_number("12")) is int
    assert type(read_number("1.5")) is float
    assert type(read_number("1e3")) is WrittenFloat
    assert type(read_number("-0")) is WrittenInt


@pytest.mark.parametrize(("text", "reason"), [("1e999", "is too large"), ("9" * 41, "more than 40 digits")])
def test_number_out_of_bounds_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_number(text)


@given(st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_of_json_round_trips(number: int | float) -> None:
    text = json.dumps(number)
    assert number_text(read_number(text)) == text
