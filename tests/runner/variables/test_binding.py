from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model import Parameter
from runner.octostache import FilterError
from runner.plan import OriginKind, PlannedValue, ValueOrigin
from runner.variables.binding import (
    Bound,
    OutputValue,
    VariableError,
    bind,
    explain_error,
    output_values,
    parameter_values,
    strongest,
)

SYSTEM = ValueOrigin(OriginKind.SYSTEM)
GIVEN = ValueOrigin(OriginKind.GIVEN)


class TestOutputs:
    def values(self, target: str | None, *outputs: OutputValue) -> dict[str, str | None]:
        return bind(output_values(outputs, target), ()).texts()

    def test_an_output_is_read_by_action_and_by_target(self) -> None:
        assert self.values(None, OutputValue("Build", "web-1", "Url", "x")) == {
            "Octopus.Action[Build].Output[web-1].Url": "x",
            "Octopus.Action[Build].Output.Url": "x",
        }
        assert self.values(None, OutputValue("Build", None, "Url", "x")) == {
            "Octopus.Action[Build].Output.Url": "x"
        }

    def test_without_index_a_target_reads_its_own(self) -> None:
        outputs = [OutputValue("Build", name, "Id", name) for name in ("web-1", "web-2", "web-3")]
        plain = "Octopus.Action[Build].Output.Id"
        assert [self.values(name, *outputs)[plain] for name in ("web-1", "web-2", "web-3")] == [
            "web-1",
            "web-2",
            "web-3",
        ]

    def test_without_index_others_read_the_last(self) -> None:
        outputs = [OutputValue("Build", name, "Id", name) for name in ("web-1", "web-2")]
        for other in (None, "db-1"):
            assert self.values(other, *outputs)["Octopus.Action[Build].Output.Id"] == "web-2"

    @given(st.text())
    def test_an_output_is_never_evaluated_again(self, text: str) -> None:
        outputs = output_values([OutputValue("A", None, "O", text)], None)
        variables = [
            *outputs,
            PlannedValue("Secret", "leaked", SYSTEM),
            _var("Copy", "#{Octopus.Action[A].Output.O}"),
        ]
        assert bind(variables, ()).texts()["Copy"] == text

    @pytest.mark.parametrize("text", ["#{Secret}", "##{Secret}", "###{Secret}", "#{if Secret}x#{/if}", "#{"])
    def test_not_even_one_that_looks_like_an_expression(self, text: str) -> None:
        outputs = output_values([OutputValue("A", None, "O", text)], None)
        bound = bind(
            [*outputs, _var("Secret", "leaked"), _var("Copy", "<#{Octopus.Action[A].Output.O}>")], ()
        )
        assert bound.texts()["Copy"] == f"<{text}>"
        assert bound.scope.evaluate("#{Octopus.Action[A].Output.O}").text == text

    def test_a_sensitive_one_makes_its_readers_sensitive(self) -> None:
        outputs = output_values([OutputValue("A", None, "O", "s3cret", sensitive=True)], None)
        bound = bind([*outputs, _var("Copy", "<#{Octopus.Action[A].Output.O}>")], ())
        assert {"s3cret", "<s3cret>"} <= bound.secrets()


class TestParameterValues:
    def test_given_beats_default_and_none_beats_both(self) -> None:
        parameters = [
            Parameter("A", default="a"),
            Parameter("B", default="b"),
            Parameter("C", default="c"),
            Parameter("D"),
        ]
        values = parameter_values(
            parameters, {"A": "given", "B": None}, {"A": GIVEN, "B": GIVEN}, SYSTEM, blank_is_empty=False
        )
        assert [(value.name, value.text, value.origin) for value in values] == [
            ("A", "given", GIVEN),
            ("B", None, GIVEN),
            ("C", "c", SYSTEM),
            ("D", None, ValueOrigin(OriginKind.NONE)),
        ]

    def test_blank_ones_may_be_empty_texts(self) -> None:
        values = parameter_values([Parameter("A")], {}, {}, SYSTEM, blank_is_empty=True)
        assert [(value.name, value.text) for value in values] == [("A", "")]


class TestBind:
    def test_a_parameter_beats_a_variable_of_its_name_in_any_case(self) -> None:
        bound = bind([_var("URI", "outside"), _var("Other", "#{uri}")], [_given("uri", "inside")])
        assert bound.texts() == {"Other": "inside", "uri": "inside"}

    def test_what_is_given_is_evaluated_outside_of_the_template(self) -> None:
        bound = bind([_var("uri", "http://x")], [_given("uri", "#{uri}/y"), _given("other", "#{uri}")])
        assert bound.texts() == {"uri": "http://x/y", "other": "http://x"}

    def test_what_is_given_may_read_other_parameters_where_nothing_else_has_the_name(self) -> None:
        bound = bind([], [_given("a", "x"), _given("b", "<#{a}>")])
        assert bound.texts() == {"a": "x", "b": "<x>"}

    def test_text_that_comes_from_outside_is_not_evaluated_inside_again(self) -> None:
        bound = bind([_var("raw", "##{uri}")], [_given("uri", "#{raw}")])
        assert bound.texts()["uri"] == "#{uri}"

    def test_a_null_stays_one(self) -> None:
        assert bind([_var("A", None)], ()).texts() == {"A": None}

    def test_a_text_that_does_not_parse_stays_as_it_is(self) -> None:
        assert bind([_var("A", "#{if x}never closed")], ()).texts() == {"A": "#{if x}never closed"}

    def test_missing_names_are_told_per_value(self) -> None:
        bound = bind([_var("A", "#{Nope}-#{B}"), _var("B", "b")], ())
        assert (bound.values[0].value, bound.values[0].missing) == ("#{Nope}-b", ("#{Nope}",))

    def test_a_loop_names_the_variable(self) -> None:
        with pytest.raises(VariableError, match='variable "A": ') as caught:
            bind([_var("A", "#{B}"), _var("B", "#{A}")], ())
        assert caught.value.name == "A"

    @pytest.mark.parametrize(
        "reader",
        ["#{S}", "a#{S}b", "#{Alias}", "#{S | ToBase64}", "#{if S}yes#{/if}", "#{each x in S}#{x}#{/each}"],
    )
    def test_reading_a_secret_is_infectious(self, reader: str) -> None:
        bound = bind(
            [_secret("S", "s3cret"), _var("Alias", "-#{S}-"), _var("R", reader)], [_given("p", "#{R}")]
        )
        sensitive = {value.name for value in bound.values if value.sensitive}
        assert sensitive == {"S", "Alias", "R", "p"}

    def test_secrets_are_masked_as_written_and_as_evaluated(self) -> None:
        bound = bind([_secret("S", "pre-#{X}"), _var("X", "fix")], ())
        assert bound.secrets() == {"pre-#{X}", "pre-fix"}

    def test_a_sensitive_parameter_makes_secret_what_it_is_given(self) -> None:
        parameter = PlannedValue("Key", "#{Plain}", GIVEN, sensitive=True)
        assert "plain text" in bind([_var("Plain", "plain text")], [parameter]).secrets()


class TestStrongest:
    def test_the_last_of_a_name_wins_in_the_place_of_the_first(self) -> None:
        values = [_var("A", "1"), _var("B", "2"), _var("a", "3")]
        assert [(value.name, value.text) for value in strongest(values)] == [("a", "3"), ("B", "2")]


def test_an_error_is_explained_without_the_value_that_caused_it() -> None:
    assert explain_error(FilterError("FromBase64", "my secret", 3, "it is no base64 text")) == (
        "the filter FromBase64 cannot treat its input: it is no base64 text"
    )


def test_bound_values_do_not_show_in_its_repr() -> None:
    bound: Bound = bind([_secret("S", "s3cret")], ())
    assert "s3cret" not in repr(bound)


def _var(name: str, text: str | None) -> PlannedValue:
    return PlannedValue(name, text, SYSTEM)


def _secret(name: str, text: str) -> PlannedValue:
    return PlannedValue(name, text, SYSTEM, sensitive=True)


def _given(name: str, text: str) -> PlannedValue:
    return PlannedValue(name, text, GIVEN)
