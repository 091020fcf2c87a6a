"""What must hold for every text, whatever it is."""

import random

from hypothesis import given
from hypothesis import strategies as st

from runner.octostache import (
    LimitExceededError,
    OctostacheError,
    TemplateSyntaxError,
    Variables,
    escape,
    parse_template,
)

_PIECES = (
    "#{", "}", "##", "#", "#{if ", "#{unless ", "#{each ", " in ", "#{calc ", "#{else}", "#{elseif ", "#{/if}",
    "#{/unless}", "#{/each}", " == ", "!=", '"', '\\"', "|", " | ", "A", "B.C", "[", "]", "[x]", "[#{A}]", " ", "\n",
    "ToUpper", "Append", "Format", "Replace", "Truncate", "null", "1", "+", "*", "(", ")", "{", "é", "😀", ".", ",",
    "#{A}", "#{if A}", "#{A | Append \"x\" #{B.C}}", "#{ | Append \\\"#\\\"}",
)  # fmt: skip
texts = st.one_of(st.text(), st.lists(st.sampled_from(_PIECES), max_size=24).map("".join))
values = st.one_of(
    texts, st.none(), st.sampled_from(["", "1", "a,b", '{"C": [1, "#{A}"]}', "#{A}", "2030-05-22"])
)
variables = st.dictionaries(st.sampled_from(["A", "B", "B.C", "A[x]", "A[x].N", "é"]), values, max_size=5)


@given(st.text().filter(lambda text: "#{" not in text), variables)
def test_a_text_without_token_stays_as_it_is(text: str, mapping: dict[str, str | None]) -> None:
    assert Variables(mapping).evaluate(text).text == text


@given(texts, variables, st.booleans())
def test_only_documented_errors_leave_an_evaluation(
    text: str, mapping: dict[str, str | None], halt_on_error: bool
) -> None:
    try:
        result = Variables(mapping).evaluate(text, halt_on_error=halt_on_error)
    except OctostacheError:
        return
    assert result.text is None or isinstance(result.text, str)


@given(texts, variables)
def test_an_escaped_text_evaluates_to_itself(text: str, mapping: dict[str, str | None]) -> None:
    assert Variables(mapping).evaluate(escape(text)).text == text


@given(texts)
def test_printing_and_parsing_again_changes_nothing(text: str) -> None:
    try:
        printed = str(parse_template(text))
    except (TemplateSyntaxError, LimitExceededError):
        return
    assert str(parse_template(printed)) == printed


@given(texts, variables)
def test_a_printed_template_evaluates_like_its_text(text: str, mapping: dict[str, str | None]) -> None:
    known = Variables(mapping)
    try:
        printed = str(parse_template(text))
        expected = known.evaluate(text).text
    except OctostacheError:
        return
    assert known.evaluate(printed).text == expected


@given(texts, variables, st.randoms(use_true_random=False))
def test_the_order_of_unrelated_variables_does_not_matter(
    text: str, mapping: dict[str, str | None], rnd: random.Random
) -> None:
    related = {name: value for name, value in mapping.items() if "[" not in name}
    shuffled = list(related.items())
    rnd.shuffle(shuffled)

    assert _outcome(Variables(related), text) == _outcome(Variables(dict(shuffled)), text)


def _outcome(known: Variables, text: str) -> object:
    try:
        result = known.evaluate(text)
    except OctostacheError as error:
        return str(error)
    return result.text, result.error


@given(texts)
def test_without_halting_every_text_has_a_result(text: str) -> None:
    assert Variables().evaluate(text, halt_on_error=False).text is not None or "null" in text
