from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from registry.model import Output, StepTemplate
from tests.support.plans import TWO_ENVIRONMENTS, Desk
from tests.support.problems import problem_lines, refusal


def run(script: str, **changes: Any) -> dict[str, Any]:
    return {"name": "A", "run": script, **changes}


class TestRoles:
    def test_must_be_those_of_a_target(self, desk: Desk) -> None:
        step = run("x", roles=["database", "web-sever"])
        assert refusal(lambda: desk.plan([step], TWO_ENVIRONMENTS, environment="Test")) == [
            '7:9 step "A" asks for role "web-sever", which no target has [unknown-role] > Did you mean "Web-Server"?'
        ]

    def test_must_be_defined_in_steps_that_are_skipped_too(self, desk: Desk) -> None:
        step = run("x", roles=["web-sever"], environments=["Production"])
        (line,) = refusal(lambda: desk.plan([step], TWO_ENVIRONMENTS, environment="Test"))
        assert "[unknown-role]" in line

    def test_of_targets_in_other_environments_will_do(self, desk: Desk) -> None:
        plan = desk.plan([run("x", roles=["MAIL"])], TWO_ENVIRONMENTS, environment="Test")
        assert plan.steps[0].skip is not None

    def test_are_nobodys_in_a_project_without_targets(self, desk: Desk) -> None:
        (line,) = refusal(lambda: desk.plan([run("x", roles=["web"])], {}))
        assert line.endswith("[unknown-role] > There are no targets: define them in treadle.yaml.")

    def test_are_warned_of_where_there_is_no_project(self, desk: Desk) -> None:
        plan = desk.plan([run("x", roles=["web"])])
        assert problem_lines(plan.warnings)[0] == (
            '6:7 step "A" runs on targets, and without a treadle.yaml there are none [no-project]'
            " > Define targets in a treadle.yaml: `treadle init` writes one."
        )


class TestStepsThatTextsRead:
    @pytest.mark.parametrize(
        "script",
        [
            "echo #{Octopus.Action[Bilud].Output.X}",
            'echo #{if Octopus.Step[Bilud].Status.Code == "Failed"}x#{/if}',
            "get_octopusvariable 'Octopus.Action[Bilud].Output[web-1].X'",
        ],
    )
    def test_must_be_there(self, desk: Desk, script: str) -> None:
        (line,) = refusal(lambda: desk.plan([run("x", name="Build"), run(script)]))
        assert 'but there is no step "Bilud" [unknown-step] > Did you mean "Build"?' in line

    def test_must_be_there_for_parameters_and_properties(self, desk: Desk) -> None:
        step = run("x", properties={"P": "#{Octopus.Action[Nope].Output.X}"})
        (line,) = refusal(lambda: desk.plan([step]))
        assert line.startswith('6:11 step "A": "P" reads')
        assert "[unknown-step]" in line

    @pytest.mark.parametrize("name", ["Last", "a"])
    def test_must_have_run_before(self, desk: Desk, name: str) -> None:
        plan = desk.plan([run(f"echo #{{Octopus.Action[{name}].Output.X}}"), run("x", name="Last")])
        assert [problem.code for problem in plan.warnings] == ["step-order"]

    def test_set_outputs_of_other_names(self, desk: Desk) -> None:
        build = run('set_octopusvariable "Version" 1', name="Build")
        plan = desk.plan([build, run("echo #{Octopus.Action[Build].Output.Verison}")])
        assert [(problem.code, problem.hint) for problem in plan.warnings] == [
            ("unknown-output", 'Did you mean "Version"?')
        ]
        for right in ("Version", "version", "Url"):
            assert desk.plan([build, run(f"echo #{{Octopus.Action[Build].Output.{right}}}")]).warnings == ()

    @pytest.mark.parametrize(
        ("outputs", "body", "read", "hint"),
        [
            (("Length",), "", "Lenght", 'Did you mean "Length"?'),
            ((), 'set_octopusvariable "Version" 1', "Verison", 'Did you mean "Version"?'),
            (("Length",), 'set_octopusvariable "Version" 1', "length", None),
            (("Length",), "", "Somewhat.Else", None),
        ],
    )
    def test_set_outputs_that_templates_declare_or_set(
        self, desk: Desk, outputs: tuple[str, ...], body: str, read: str, hint: str | None
    ) -> None:
        template = StepTemplate(
            "id",
            "Say",
            1,
            "Octopus.Script",
            properties={"Octopus.Action.Script.ScriptBody": body, "Octopus.Action.Script.Syntax": "Bash"},
            outputs=tuple(Output(name) for name in outputs),
        )
        told = replace(desk, templates={**desk.templates, "team/say": template})
        steps = [{"name": "Say", "uses": "team/say"}, run(f"echo #{{Octopus.Action[Say].Output.{read}}}")]
        warnings = [(one.code, one.hint) for one in told.plan(steps).warnings]
        assert warnings == ([("unknown-output", hint)] if hint else [])

    def test_are_not_looked_for_in_comments(self, desk: Desk) -> None:
        script = "# get_octopusvariable 'Octopus.Action[Nope].Output.X'"
        assert desk.plan([run(script)]).warnings == ()


class TestScopes:
    def project(self, step: str) -> dict[str, Any]:
        return {"variables": {"V": {"value": "1", "scopes": [{"value": "2", "step": step}]}}}

    def test_name_steps_that_are_there(self, desk: Desk) -> None:
        assert refusal(lambda: desk.plan([run("x", name="Deploy")], self.project("Depoly"))) == [
            '3:3 a value of variable "V" is for step "Depoly", which no process here has [unknown-step]'
            ' > Did you mean "Deploy"?'
        ]
        assert desk.plan([run("x", name="Deploy")], self.project("deploy")).warnings == ()

    def test_name_roles_that_a_target_has(self, desk: Desk) -> None:
        scoped = {"value": "2", "role": "databse"}
        project = {**TWO_ENVIRONMENTS, "variables": {"V": {"value": "1", "scopes": [scoped]}}}
        (line,) = refusal(lambda: desk.plan([run("x")], project, environment="Test"))
        assert 'a value of variable "V" is for role "databse", which no target has [unknown-role]' in line
