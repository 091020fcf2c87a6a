from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.model import ControlType, Parameter, StepTemplate
from runner.planner import violation
from tests.support.plans import TWO_ENVIRONMENTS, Desk, only, template, value_of
from tests.support.problems import problem_lines, refusal


def desk_with(tmp_path: Path, *parameters: Parameter, **changes: Any) -> Desk:
    found: dict[str, StepTemplate] = {"library/tool": template(*parameters, **changes)}
    return Desk(tmp_path, found)


def use(**values: Any) -> list[dict[str, Any]]:
    return [{"name": "A", "uses": "library/tool@3", "with": values}]


def test_a_parameter_must_exist_in_its_exact_spelling(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, Parameter("tool_Url"), Parameter("tool_Text"))
    assert refusal(lambda: desk.plan(use(tool_url="x", tool_Txt="y", colour="z"))) == [
        '6:17 step "A": library/tool@3 has no parameter "tool_url" [unknown-parameter] > Did you mean "tool_Url"?',
        '7:17 step "A": library/tool@3 has no parameter "tool_Txt" [unknown-parameter] > Did you mean "tool_Text"?',
        '8:15 step "A": library/tool@3 has no parameter "colour" [unknown-parameter] > There are: tool_Url, tool_Text.',
    ]


def test_a_required_parameter_must_have_a_value(tmp_path: Path) -> None:
    desk = desk_with(
        tmp_path,
        Parameter("Url", label="Web address", required=True),
        Parameter("Text", required=True, default="hello"),
    )
    expected = [
        '4:11 step "A": library/tool@3 needs a value for "Url" (Web address) [missing-parameter]'
        " > Add `Url: ...` under with."
    ]
    assert refusal(lambda: desk.plan(use())) == expected
    assert refusal(lambda: desk.plan(use(Url=""))) == expected
    assert refusal(lambda: desk.plan(use(Url=None))) == expected
    assert desk.plan(use(Url="http://x")).warnings == ()


def test_a_required_parameter_must_not_come_to_nothing(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, Parameter("Url", required=True))
    assert refusal(lambda: desk.plan(use(Url="#{Site}"), {"variables": {"Site": ""}})) == [
        '6:12 step "A": "Url" is "", but it must not be empty [parameter-value]'
    ]


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (Parameter("P", pattern=r"v\d+"), "v12", None),
        (Parameter("P", pattern=r"v\d+"), "v12-rc", r"it must match v\d+"),
        (
            Parameter("P", pattern="("),
            "anything",
            "its pattern ( cannot be used: missing ) at position 1",
        ),
        (Parameter("P", minimum=1, maximum=10), "10", None),
        (Parameter("P", minimum=1, maximum=10), "0.5", "it must be at least 1"),
        (Parameter("P", minimum=1, maximum=10), "11", "it must be at most 10"),
        (Parameter("P", minimum=1), "many", "it must be a number"),
        (Parameter("P", maximum=1), "nan", "it must be a number"),
        (Parameter("P"), "anything", None),
    ],
)
def test_a_value_must_keep_its_parameters_rules(
    parameter: Parameter, value: str, expected: str | None
) -> None:
    assert violation(parameter, value) == expected


def test_a_pattern_that_never_ends_is_given_up(tmp_path: Path) -> None:
    slow = Parameter("P", pattern=r"(a|aa|a?)+$")
    assert violation(slow, "a" * 60 + "!") == r"its pattern (a|aa|a?)+$ takes longer than a second on it"


def test_rules_are_about_the_value_that_a_text_comes_to(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, Parameter("Port", minimum=1, maximum=65535))
    project = {"variables": {"Base": "80", "Port.Web": "#{Base}80"}}
    assert value_of(only(desk.plan(use(Port="#{Port.Web}"), project)), "Port").value == "8080"
    assert refusal(lambda: desk.plan(use(Port="#{Port.Web}0"), project)) == [
        '6:13 step "A": "Port" is "80800", but it must be at most 65535 [parameter-value]'
    ]


def test_what_only_the_run_knows_is_not_checked(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, Parameter("Port", minimum=1))
    steps = [{"name": "First", "run": "x"}, *use(Port="#{Octopus.Action[First].Output.Port}")]
    assert desk.plan(steps).warnings == ()


def test_a_bad_secret_is_not_shown(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, Parameter("Key", pattern="[0-9]+", control="Sensitive"))
    assert refusal(lambda: desk.plan(use(Key="open sesame"))) == [
        '6:12 step "A": "Key" is "********", but it must match [0-9]+ [parameter-value]',
        '6:12 step "A": "Key" is sensitive, but its value stands here in clear [plain-secret]'
        ' > Refer to a sensitive variable: `Key: "#{My.Secret}"`.',
    ]


def test_a_secret_in_the_process_file_is_a_warning(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, Parameter("Key", control="Sensitive"))
    assert problem_lines(desk.plan(use(Key="open sesame")).warnings) == [
        '6:12 step "A": "Key" is sensitive, but its value stands here in clear [plain-secret]'
        ' > Refer to a sensitive variable: `Key: "#{My.Secret}"`.'
    ]
    assert desk.plan(use(Key=""), {}).warnings == ()


class TestNotRunnable:
    """Templates that this version cannot run are problems of the plan, not failures of the run."""

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            (
                {"action_type": "Octopus.TentaclePackage"},
                'has the action type "Octopus.TentaclePackage", so Treadle cannot run it yet [not-runnable]'
                " > Action types that run: Octopus.Script.",
            ),
            (
                {"properties": {"Octopus.Action.Script.Syntax": "CSharp"}},
                "is written in CSharp, so Treadle cannot run it yet [not-runnable]"
                " > Bash, PowerShell and Python scripts run: find some with `treadle search WORDS --runnable`.",
            ),
            (
                {"packages": ({"Name": "app"},)},
                "needs packages, so Treadle cannot run it yet [not-runnable]"
                " > Choose a template that needs none.",
            ),
            (
                {"properties": {"Octopus.Action.Script.ScriptSource": "Package"}},
                'takes its script from "Package", so Treadle cannot run it yet [not-runnable]'
                " > Choose a template with an inline script.",
            ),
            (
                {"properties": {"Octopus.Action.Script.ScriptBody": None}},
                "has no script, so Treadle cannot run it yet [not-runnable]"
                " > See what it has with `treadle show REF --json`.",
            ),
        ],
    )
    def test_says_why(self, tmp_path: Path, changes: dict[str, object], expected: str) -> None:
        desk = desk_with(tmp_path, **changes)
        assert refusal(lambda: desk.plan(use())) == [f'4:11 step "A": the template library/tool@3 {expected}']

    @pytest.mark.parametrize(
        ("changes", "inputs"),
        [
            ({"disabled": True}, {}),
            ({"environments": ["Production"]}, {}),
            ({"exclude_environments": ["Test"]}, {}),
            ({}, {"skip": ("A",)}),
        ],
    )
    def test_is_only_warned_of_where_the_step_is_skipped_for_sure(
        self, tmp_path: Path, changes: dict[str, object], inputs: dict[str, Any]
    ) -> None:
        desk = desk_with(tmp_path, action_type="Octopus.Manual")
        steps = [{**use()[0], **changes}, {"name": "B", "run": "x"}]
        plan = desk.plan(steps, TWO_ENVIRONMENTS, environment="Test", **inputs)
        assert [problem.code for problem in plan.warnings] == ["not-runnable"]
        assert [action.step for action in plan.actions] == ["B"]

    def test_without_syntax_bash_is_assumed_and_said(self, tmp_path: Path) -> None:
        body = {"Octopus.Action.Script.ScriptBody": "true"}
        found = StepTemplate("id", "Tool", 3, "Octopus.Script", properties=body)
        plan = Desk(tmp_path, {"library/tool": found}).plan(use())
        assert only(plan).syntax == "Bash"
        assert problem_lines(plan.warnings) == [
            "4:11 the template library/tool@3 names no script syntax; Bash is assumed [assumed-syntax]"
        ]

    def test_of_several_languages_bash_comes_first(self, tmp_path: Path) -> None:
        prefix = "Octopus.Action.Script.ScriptBody"
        several = {
            f"{prefix}[PowerShell]": "Write-Host",
            f"{prefix}[Python]": "print()",
            f"{prefix}[Bash]": "echo",
        }
        desk = desk_with(tmp_path, properties=several)
        assert (only(desk.plan(use())).syntax, only(desk.plan(use())).script) == ("Bash", "echo")


def test_a_template_that_is_not_there_is_told_with_all_others(tmp_path: Path) -> None:
    steps = [{"name": "A", "uses": "library/nope"}, {"name": "B", "uses": "library/gone@4"}]
    assert refusal(lambda: Desk(tmp_path).plan(steps)) == [
        '4:11 step "A": there is no template "library/nope" [template-not-found] > Look for it.',
        '6:11 step "B": there is no template "library/gone@4" [template-not-found] > Look for it.',
    ]


SELECT = Parameter(
    "P", control=ControlType.SELECT, options=(("GET", "Read"), ("POST", "Write")), default="GET"
)
CHECKBOX = Parameter("P", control=ControlType.CHECKBOX, default="False")


class TestChoices:
    @pytest.mark.parametrize(
        ("parameter", "value"),
        [
            (SELECT, "POST"),
            (SELECT, "#{Method}"),
            (CHECKBOX, True),
            (CHECKBOX, "false"),
            (CHECKBOX, "#{if A}True#{/if}"),
        ],
    )
    def test_are_those_that_are_offered(self, tmp_path: Path, parameter: Parameter, value: Any) -> None:
        desk_with(tmp_path, parameter).plan(use(P=value))

    @pytest.mark.parametrize(
        ("parameter", "value", "expected"),
        [
            (SELECT, "FETCH", '"FETCH", but it must be "GET" or "POST" [parameter-value]'),
            (SELECT, "get", '"get", but it must be "GET" or "POST" [parameter-value] > Did you mean "GET"?'),
            (SELECT, "", '"", but it must be "GET" or "POST" [parameter-value]'),
            (CHECKBOX, "maybe", '"maybe", but it must be "True" or "False" [parameter-value]'),
            (CHECKBOX, 1, '"1", but it must be "True" or "False" [parameter-value]'),
        ],
    )
    def test_are_no_others(self, tmp_path: Path, parameter: Parameter, value: Any, expected: str) -> None:
        (line,) = refusal(lambda: desk_with(tmp_path, parameter).plan(use(P=value)))
        assert line.endswith(f'"P" is {expected}')

    def test_may_be_none_where_none_is_the_default(self, tmp_path: Path) -> None:
        desk_with(tmp_path, replace(SELECT, default="")).plan(use(P=""))
