"""A step that uses a template, as YAML for people to fill in."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registry.model import ControlType, Parameter, Reference, StepTemplate
from registry.project.step import needed_parameters, step_snippet
from registry.text.yaml_document import load_yaml

REFERENCE = Reference("team", "tool", 3)


def _template(*parameters: Parameter) -> StepTemplate:
    return StepTemplate("id", "Tool", 3, "Octopus.Script", parameters=parameters)


def _lines(*parameters: Parameter, **more: Any) -> tuple[str, ...]:
    return step_snippet(_template(*parameters), REFERENCE, "Tool", **more).lines


def test_required_inputs_are_to_be_filled_in_with_help_and_rules_beside_them() -> None:
    url = Parameter("Url", help="Where to\npost.\n\nMore of it.", required=True, pattern="https?://.*")
    count = Parameter("Count", label="How many", default="5", minimum=1, maximum=9.5)
    assert _lines(url, count) == (
        "- name: Tool",
        "  uses: team/tool@3",
        "  with:",
        "    # Where to post.",
        "    # required; pattern: https?://.*",
        '    Url: ""',
        "    # How many",
        "    # minimum: 1; maximum: 9.5",
        '    # Count: "5"',
    )
    assert _lines(url, count, optional=False)[-1] == '    Url: ""'


def test_a_template_without_inputs_to_fill_in_has_them_as_comments() -> None:
    assert _lines() == ("- name: Tool", "  uses: team/tool@3")
    assert _lines(Parameter("A", default="x"))[2:] == ("  # with:", "    # A: x")
    assert _lines(Parameter("A", default="x"), optional=False)[2:] == ()


def test_choices_and_secrets_are_said() -> None:
    colour = Parameter("Colour", control=ControlType.SELECT, options=(("r", "Red"), ("g", "g")))
    secret = Parameter("Key", control=ControlType.SENSITIVE)
    check = Parameter("Fast", control=ControlType.CHECKBOX)
    assert _lines(colour, secret, check)[3:] == (
        "    # one of: r, g",
        '    Colour: ""',
        "    # secret: refer to a sensitive variable",
        '    Key: ""',
        '    Fast: "False"',
    )


def test_where_any_is_required_the_others_are_not_needed() -> None:
    template = _template(
        Parameter("A", required=True), Parameter("B"), Parameter("C", required=True, default="x")
    )
    assert [parameter.name for parameter in needed_parameters(template)] == ["A"]


def test_of_octopus_templates_what_has_no_default_and_is_not_called_optional_is_needed() -> None:
    parameters = (
        Parameter("A"),
        Parameter("B", default=""),
        Parameter("C", help="(Optional) x"),
        Parameter("D", default="1"),
    )
    assert [parameter.name for parameter in needed_parameters(_template(*parameters))] == ["A", "B"]


@given(st.text(), st.text(min_size=1), st.text(), st.lists(st.text(), max_size=3))
def test_nothing_that_an_author_wrote_becomes_a_key_or_a_step(
    help_text: str, name: str, default: str, options: list[str]
) -> None:
    pairs = tuple((value, value) for value in options)
    parameters = (
        Parameter(name, help=help_text, options=pairs, pattern=help_text),
        Parameter("Other", label=help_text, default=default, options=pairs),
    )
    snippet = step_snippet(_template(*parameters), REFERENCE, name)
    (step,) = load_yaml("\n".join(snippet.lines), "").value
    assert step == snippet.data
    assert step["name"] == name
    assert set(step) <= {"name", "uses", "with"}
