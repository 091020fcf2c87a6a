"""Texts and values that mean harm: bounded time and memory, a clear error."""

import time
from collections.abc import Iterator

import pytest

from runner.octostache import (
    EvaluationLimits,
    FilterError,
    LimitExceededError,
    OctostacheError,
    Variables,
    argument_names,
    parse_template,
)

DEEP = 10_000


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    "text",
    [
        "#{if A}" * DEEP + "#{/if}" * DEEP,
        "#{each a in A}" * DEEP + "#{/each}" * DEEP,
        "#{if A == 1}" * DEEP,
        "#{A" + "[#{A" * DEEP + "}]" * DEEP + "}",
        "#{calc " + "(" * DEEP + "1" + ")" * DEEP + "}",
        "#{A | Append " * DEEP + "}" * DEEP,
    ],
    ids=["if", "each", "unclosed", "index", "calc", "options"],
)
@pytest.mark.parametrize("halt_on_error", [True, False])
def test_nesting_beyond_the_limit_is_an_error(text: str, halt_on_error: bool) -> None:
    with pytest.raises(LimitExceededError, match="nested more than 64 deep at line 1"):
        Variables({"A": "1"}).evaluate(text, halt_on_error=halt_on_error)


@pytest.mark.parametrize("unit", ["#{", "#{ ", "#{A", "#{if ", "#a", "## ", "[", "#{}"])
def test_megabytes_of_broken_text_stay_as_they_are(unit: str) -> None:
    text = unit * (10_000_000 // len(unit) if unit == "#{" else 200_000) + "#{/x"

    assert Variables().evaluate(text).text == text
    assert Variables().evaluate(text, halt_on_error=False).text == text


def test_long_chains_are_no_nesting() -> None:
    variables = Variables({"A": "x"})
    chain = "#{A" + " | ToUpper" * DEEP + "}"
    branches = "#{if B}b" + "#{elseif B}c" * DEEP + "#{else}d#{/if}"

    assert variables.evaluate(chain).text == "X"
    assert variables.evaluate(chain.replace("ToUpper", "Nope")).error
    assert variables.evaluate(branches).text == "d"
    assert argument_names(chain) == ["A"]
    assert argument_names(branches) == ["B"]
    assert str(parse_template(branches)).startswith("#{if B}b#{else}#{if B}c#{else}")
    assert str(parse_template(chain)) == chain
    assert variables.evaluate("#{calc 1" + "+1" * DEEP + "}").text == str(DEEP + 1)


def test_exponential_references_end_with_an_error() -> None:
    laughs: dict[str, str | None] = {f"L{level}": f"#{{L{level - 1}}}" * 10 for level in range(1, 30)}
    limits = EvaluationLimits(steps=100_000)  # a tenth of the usual, so that a busy machine is in time, too

    with pytest.raises(LimitExceededError, match="100000 steps"):
        Variables({**laughs, "L0": "lol"}, limits=limits, clock=lambda: 0.0).evaluate("#{L29}")
    assert EvaluationLimits().steps == 1_000_000


def test_growing_values_end_with_an_error_before_the_memory_does() -> None:
    with pytest.raises(LimitExceededError, match="67108864 characters"):
        Variables({"B": "x" * 1_000_000, "C": "#{B}" * 1_000}).evaluate("#{C}")


def test_limits_may_be_set() -> None:
    variables = Variables({"A": "#{B}", "B": "#{C}", "C": "x"}, limits=EvaluationLimits(nesting=1))

    with pytest.raises(LimitExceededError, match="more than 1 deep"):
        variables.evaluate("#{A}")


def test_a_long_chain_of_values_is_an_error_beyond_the_limit() -> None:
    chain: dict[str, str | None] = {f"C{number}": f"#{{C{number + 1}}}" for number in range(5_000)}

    assert Variables({**chain, "C90": "end"}).evaluate("#{C0}").text == "end"
    with pytest.raises(LimitExceededError):
        Variables(chain).evaluate("#{C0}")


def test_an_evaluation_ends_in_time() -> None:
    ticks = iter(range(1_000))
    variables = Variables(
        {"L": "1,2,3,4,5,6,7,8,9"},
        limits=EvaluationLimits(seconds=20),
        functions={"wait": lambda value, options: value},
        clock=lambda: float(next(ticks)),
    )

    assert variables.evaluate("#{L | Wait}").text
    with pytest.raises(LimitExceededError, match="longer than 20 s"):
        variables.evaluate("#{each part in L}#{part | Wait}#{/each}")


def test_all_evaluations_of_a_family_of_variables_end_in_time() -> None:
    ticks = iter(range(1_000))
    limits = EvaluationLimits(seconds=100, total_seconds=20)
    variables = Variables({"A": "x"}, limits=limits, clock=lambda: float(next(ticks)))
    family = [variables, variables.child({"B": "#{A}"})]

    for member in family * 2:
        assert member.evaluate("#{A | ToUpper}").text == "X"
    variables.evaluate("#{A}" + "#{A | ToUpper}" * 10)
    with pytest.raises(LimitExceededError, match="together take longer than 20 s"):
        family[1].evaluate("#{A | ToUpper}")


def test_what_filters_read_is_counted() -> None:
    items = ",".join(map(str, range(1_000)))
    variables = Variables({"B": "x" * 1_000_000, "L": items})

    with pytest.raises(LimitExceededError, match="filters read more than 268435456 characters"):
        variables.evaluate("#{each item in L}#{B | Sha512 | Truncate 1}#{/each}")


@pytest.mark.parametrize(
    "text",
    ["[" * 65_000, "![" * 32_000, "[" * 32_000 + "]" * 32_000, "a|b\n-|-\n" + "|\n" * 32_000],
    ids=["brackets", "images", "nested", "table"],
)
def test_markdown_of_any_kind_ends_soon(text: str) -> None:
    start = time.process_time()
    try:
        Variables({"M": text}).evaluate("#{M | Markdown | Truncate 3}")
    except FilterError as error:
        assert "takes longer than" in str(error)  # noqa: PT017  # either way is fine, if it is soon
    assert time.process_time() - start < 5


@pytest.mark.parametrize("call", ["Match #{P}", "Replace #{P} y"])
def test_a_catastrophic_pattern_is_stopped(call: str) -> None:
    variables = Variables({"A": "a" * 60 + "b", "P": "(a|aa)+$"})

    with pytest.raises(FilterError, match="takes longer than"):
        variables.evaluate(f"#{{A | {call}}}")


@pytest.mark.parametrize("call", ["Match", "Replace"])
@pytest.mark.parametrize(
    "pattern",
    ["a{2147483647}", "(a{9999}){9999}", "(" * 5_000 + ")" * 5_000, "[a-" * 5_000, "(" * 50 + ")+" * 50],
)
def test_a_pattern_that_is_too_large_is_refused(call: str, pattern: str) -> None:
    variables = Variables({"A": "aaa", "P": pattern})

    with pytest.raises(FilterError, match=r"the pattern '.*' cannot be used: it"):
        variables.evaluate(f"#{{A | {call} #{{P}}}}")


@pytest.mark.parametrize(
    ("value", "call"),
    [
        ("12", "Format int D999999999"),
        ("12", "Format double F999999999"),
        ("12", "Format C999999999"),
        ("\n" * 1_000_000, "Indent 255"),
        ("a" * 100_000, 'Replace a "$_$_"'),
        ("x" * 1_000_000, "Markdown"),
    ],
)
def test_a_filter_does_not_blow_up(value: str, call: str) -> None:
    with pytest.raises(FilterError):
        Variables({"A": value}).evaluate(f"#{{A | {call}}}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("[" * 100_000, "#{A[0]}"),
        ('{"a":' * 100_000, "#{A.a}"),
        ("[" + "/**/" * 100_000, "#{A[0]}"),
        ("1" + " " * 50_000 + "x", "#{A | VersionMajor}"),
        ("1 " * 100_000, "#{A | AddDays 1}"),
        ("9" * 100_000, "#{calc A + 1}"),
        ("x", "#{A | Truncate 2147483647}"),
        ("http://" + "a." * 50_000, "#{A | UriPart Host}"),
        ("~^+=[*" * 3_000, "#{A | Markdown}"),
        ("2030-01-01", '#{A | Format date \\"' + "%" * 50_000 + '\\"}'),
        ("1", '#{A | Format \\"' + "0'" * 50_000 + '\\"}'),
    ],
)
def test_odd_values_are_answered_or_refused(value: str, text: str) -> None:
    try:
        answer = Variables({"A": value}).evaluate(text).text
    except OctostacheError as error:
        answer = str(error)
    assert answer
