"""Near names, and the one way to ask for them."""

from __future__ import annotations

import pytest

from registry.suggest import (
    close_to,
    did_you_mean,
    did_you_mean_inline,
    is_meant_inline,
    question,
    suggest,
)

COMMANDS = ["run", "runs", "plan", "validate"]


@pytest.mark.parametrize(
    ("word", "known", "close"),
    [
        ("rnu", COMMANDS, ["run"]),
        ("PLAN", COMMANDS, ["plan"]),
        ("slack", ["notify", "slack-send-a-long-notification"], ["slack-send-a-long-notification"]),
        ("colour", COMMANDS, []),
        ("", COMMANDS, []),
        (" ", ["a b"], []),
        ("x", ["a long name with x"], []),
        ("x", [], []),
        ("Script.Shell", ["Script.Body", "Script.Args"], []),
        ("Script.Bdy", ["Script.Body", "Script.Args"], ["Script.Body"]),
        ("ssn_Url", ["ssn_Channel", "ssn_Title"], []),
        ("community/slakc", ["community/slack", "community/xml"], ["community/slack"]),
        ("Scrpt.Body", ["Script.Body", "Script.Args"], ["Script.Body"]),
    ],
)
def test_the_nearest_name_is_spelt_alike_or_contains_the_word(
    word: str, known: list[str], close: list[str]
) -> None:
    assert close_to(word, known) == close


def test_every_form_asks_in_the_same_words() -> None:
    assert question("run") == 'did you mean "run"?'
    assert question("a", "b", "c") == 'did you mean "a", "b" or "c"?'
    assert did_you_mean("rnu", COMMANDS) == 'Did you mean "run"?'
    assert did_you_mean_inline("rnu", COMMANDS) == ' (did you mean "run"?)'
    assert is_meant_inline("name", ["nmae", "x"]) == ' (is "nmae" meant for it?)'
    assert suggest("rnu", COMMANDS) == 'Did you mean "run"?'


def test_where_nothing_is_near_a_hint_lists_what_there_is() -> None:
    assert did_you_mean("colour", COMMANDS) is None
    assert did_you_mean_inline("colour", COMMANDS) == ""
    assert is_meant_inline("name", ["x"]) == ""
    assert suggest("colour", COMMANDS) == "There are: run, runs, plan, validate."
    assert suggest("colour", [f"n{number}" for number in range(12)]) == (
        "There are: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more."
    )
    assert suggest("colour", []) is None
