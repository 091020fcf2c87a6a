"""Mistakes that show in a text without any variable."""

import pytest

from runner.octostache import LimitExceededError, find_flaws
from runner.octostache.filters import FILTERS


@pytest.mark.parametrize(
    ("text", "flaws"),
    [
        ("#{G | ToUper}", [(6, 'there is no filter "ToUper"')]),
        ("#{A | Append #{B | Nup}}", [(19, 'there is no filter "Nup"')]),
        (
            "#{if A | Nope}#{B | Nope}#{/if}",
            [(9, 'there is no filter "Nope"'), (20, 'there is no filter "Nope"')],
        ),
        ("#{G | Substring 1 2 3}", [(6, 'the filter "Substring" takes 1 or 2 arguments, and 3 are given')]),
        ("#{G | match}", [(6, 'the filter "match" takes 1 argument, and none is given')]),
        ("#{G | ToUpper x}", [(6, 'the filter "ToUpper" takes no arguments, and 1 is given')]),
        ("#{G | Md5 1 2 3}", [(6, 'the filter "Md5" takes 0 to 2 arguments, and 3 are given')]),
        ("#{G | Replace}", [(6, 'the filter "Replace" takes 1 argument or more, and none is given')]),
        ("a #{if G}yes", [(2, "#{if} without #{/if}")]),
        ('#{if G == "x"}yes', [(0, "#{if} without #{/if}")]),
        ("#{IF G | ToUpper}yes", [(0, "#{if} without #{/if}")]),
        ("#{unless G}no", [(0, "#{unless} without #{/unless}")]),
        ("#{each h in H}x", [(0, "#{each} without #{/each}")]),
        ("#{each x in L}#{if x}y#{/each}", [(14, "#{if} without #{/if}")]),
        ("#{if A}x#{/unless}", [(0, "#{if} without #{/if}"), (8, "#{/unless} without #{unless}")]),
        ("a#{/if}b", [(1, "#{/if} without #{if}")]),
        ("#{else}", [(0, "#{else} without #{if}")]),
        ("#{elseif A}", [(0, "#{elseif} without #{if}")]),
        ('#{elseif A == "b"}x', [(0, "#{elseif} without #{if}")]),
        ("#{if a}x#{else}y#{else}z#{/if}", [(16, "#{else} without #{if}")]),
        ("#{if A}x#{/if }", [(0, "#{if} and #{/if} are not both written as the language wants them")]),
        (
            "#{each x of L}#{x}#{/each}",
            [(0, "#{each} and #{/each} are not both written as the language wants them")],
        ),
    ],
)
def test_each_flaw_is_found_at_its_place(text: str, flaws: list[tuple[int, str]]) -> None:
    assert [(flaw.position, flaw.message) for flaw in find_flaws(text)] == flaws


@pytest.mark.parametrize(
    "text",
    [
        "no expression",
        "#{A | toupper | NULL}#{ | NowDate}#{iffy}#{elsewhere}#{A.else}",
        "##{if A} ##{/if} #{Open",
        "#{if A | }x#{/if}",
        "#{if A}1#{elseif B == C}2#{else}3#{/if}#{unless D}4#{else}5#{/unless}#{each e in F}6#{/each}",
        "#{A | Ours x}",
    ],
)
def test_what_is_right_or_not_parsed_for_another_reason_has_no_flaw(text: str) -> None:
    assert find_flaws(text, {"Ours"}) == []


def test_an_unknown_filter_comes_with_those_there_are() -> None:
    (flaw,) = find_flaws("#{A | ToUper}")

    assert flaw.name == "ToUper"
    assert {"ToUpper", "VersionPreReleasePrefix", "null"} <= set(flaw.choices)
    assert len(flaw.choices) == len(FILTERS) + 1


def test_a_text_nested_too_deep_is_an_error() -> None:
    with pytest.raises(LimitExceededError):
        find_flaws("#{if A}" * 100)
