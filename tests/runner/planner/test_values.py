from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry.model import Parameter
from runner.model import MASK, OriginKind
from tests.support.plans import TWO_ENVIRONMENTS, Desk, only, template, value_of
from tests.support.problems import problem_lines, refusal

SECRET = "correct horse battery"
WITH_SECRET: dict[str, Any] = {"variables": {"Secret": {"sensitive": True, "from": {"env": "SECRET"}}}}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    url = Parameter("uri", default="http://localhost/")
    return Desk(tmp_path, {"library/tool": template(url, Parameter("Text"))}, {"SECRET": SECRET})


def run(script: str, **changes: Any) -> dict[str, Any]:
    return {"name": "A", "run": script, **changes}


def use(**values: Any) -> dict[str, Any]:
    return {"name": "A", "uses": "library/tool@3", "with": values}


def project(**variables: Any) -> dict[str, Any]:
    return {"variables": variables}


class TestOrigins:
    def test_every_value_says_where_it_comes_from(self, desk: Desk) -> None:
        (action,) = desk.plan(
            [{**use(uri="http://#{Host}/"), "properties": {"My.Property": "p"}}],
            {
                "environments": {"Test": {}},
                "variables": {
                    "Host": {"value": "a", "scopes": [{"value": "b", "environment": "Test"}]},
                    "Level": {"from": {"env": "SECRET"}},
                    "Beaten": "by the input",
                },
            },
            variables={"beaten": "yes"},
            origins={"beaten": "--var-file x.yaml"},
        ).actions
        origins = {
            value.name: (value.origin.kind, value.origin.detail, value.value)
            for value in (*action.parameters, *action.variables)
        }
        assert origins["uri"] == (OriginKind.GIVEN, "deploy.yaml:6:12", "http://b/")
        assert origins["Host"] == (OriginKind.PROJECT, 'environment: "Test"', "b")
        assert origins["Level"] == (OriginKind.PROJECT, "environment variable SECRET", SECRET)
        assert origins["beaten"] == (OriginKind.INPUT, "--var-file x.yaml", "yes")
        assert origins["My.Property"] == (OriginKind.PROPERTY, "", "p")
        assert origins["Octopus.Environment.Name"] == (OriginKind.SYSTEM, "", "Test")
        assert "Beaten" not in origins

    def test_defaults_name_their_template(self, desk: Desk) -> None:
        value = value_of(only(desk.plan([use()])), "uri")
        assert (value.value, value.origin.kind, value.origin.detail) == (
            "http://localhost/",
            OriginKind.DEFAULT,
            "library/tool@3",
        )


class TestParameters:
    def test_null_leaves_a_parameter_absent_in_spite_of_its_default(self, desk: Desk) -> None:
        assert only(desk.plan([use(uri=None)])).parameters == ()

    def test_one_with_neither_value_nor_default_is_absent_unless_blank_ones_are_wanted(
        self, desk: Desk
    ) -> None:
        assert [value.name for value in only(desk.plan([use()])).parameters] == ["uri"]
        blank = only(desk.plan([use()], process={"blank_parameters": "empty"}))
        assert [(value.name, value.value) for value in blank.parameters] == [
            ("uri", "http://localhost/"),
            ("Text", ""),
        ]

    def test_any_plain_value_becomes_text(self, desk: Desk) -> None:
        plan = desk.plan([use(uri=8080, Text=True)])
        assert [value.value for value in only(plan).parameters] == ["8080", "True"]

    def test_one_may_read_a_variable_of_its_own_name(self, desk: Desk) -> None:
        plan = desk.plan([use(uri="#{uri}?x")], project(uri="http://#{Host}/", Host="shop"))
        assert value_of(only(plan), "uri").value == "http://shop/?x"
        assert plan.warnings == ()

    def test_a_default_reads_the_other_parameters(self, tmp_path: Path) -> None:
        parameters = (Parameter("Host"), Parameter("Url", default="http://#{Host}/"))
        desk = Desk(tmp_path, {"library/tool": template(*parameters, body="curl #{Url}")})
        action = only(desk.plan([use(Host="in")], project(Host="out")))
        assert value_of(action, "Url").value == "http://in/"
        assert action.preview == "curl http://in/"


class TestTemplatesWithMistakes:
    def test_are_warned_of_where_they_are_used(self, tmp_path: Path) -> None:
        parameter = Parameter("Url", default="#{Host | ToUper}")
        desk = Desk(tmp_path, {"library/tool": template(parameter, body="#{if Url}curl #{Url | Trim}")})
        plan = desk.plan([use()])

        assert [(warning.path, warning.message) for warning in plan.warnings] == [
            ("steps[0].uses", 'step "A": the script of tool: #{if} without #{/if}'),
            ("steps[0].uses", 'step "A": the default of "Url" of tool: there is no filter "ToUper"'),
        ]


class TestUnknownVariables:
    def test_are_warnings_with_the_nearest_name(self, desk: Desk) -> None:
        plan = desk.plan(
            [use(uri="http://#{Site.Hots}/"), run("echo #{Nope}", name="B")], project(**{"Site.Host": "x"})
        )
        assert problem_lines(plan.warnings) == [
            '6:19 step "A": "uri" reads "Site.Hots", which nothing defines; it will stay as it is'
            ' [unknown-variable] > Did you mean "Site.Host"?',
            '8:16 step "B": the script reads "Nope", which nothing defines; it will stay as it is'
            " [unknown-variable] > There are: Site.Host.",
        ]
        assert plan.actions[1].preview == "echo #{Nope}"

    def test_are_not_what_a_mistake_in_an_expression_is_about(self, desk: Desk) -> None:
        script = "#{Greeting | ToUper}#{Greeting | Truncate x}#{Via}#{if Greeting}yes"
        plan = desk.plan([run(script)], project(Greeting="hello"), variables={"Via": "#{Greeting | Trimm}"})
        found = [warning for warning in problem_lines(plan.warnings) if "without #{/if}" not in warning]

        assert [line.partition(" ")[2] for line in found] == [
            'step "A": the script: there is no filter "ToUper" [unknown-filter] > Did you mean "ToUpper"?',
            'step "A": the script: the filter "Truncate" has no answer for the value of "Greeting";'
            " it will stay as it is [filter-without-answer]"
            " > Check the value and the arguments; docs/octostache.md lists the filters.",
            'step "A": the script reads "Greeting": there is no filter "Trimm" [unknown-filter]'
            ' > Did you mean "Trim"?',
        ]

    def test_are_told_once_however_many_targets_there_are(self, desk: Desk) -> None:
        step = run("echo #{Nope}", roles=["web-server"])
        assert len(desk.plan([step], TWO_ENVIRONMENTS, environment="Production").warnings) == 1

    def test_in_templates_are_their_authors_affair(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, {"library/tool": template(body="echo #{Octopus.Release.Number}")})
        assert desk.plan([use()]).warnings == ()

    @pytest.mark.parametrize(
        "name",
        [
            "Octopus.Action[First].Output.Url",
            "Octopus.Action[FIRST].Output[web-1].Url",
            "Octopus.Step[First].Status.Code",
            "Octopus.Deployment.Error",
            "Octopus.Task.Id",
            "env:PATH",
        ],
    )
    def test_are_not_those_that_the_run_will_know(self, desk: Desk, name: str) -> None:
        plan = desk.plan([run("x", name="First"), run(f"echo #{{{name}}}")])
        assert plan.warnings == ()
        assert plan.actions[1].preview == f"echo #{{{name}}}"

    def test_are_outputs_of_steps_that_come_later(self, desk: Desk) -> None:
        plan = desk.plan([run("echo #{Octopus.Action[Last].Output.X}"), run("x", name="Last")])
        assert [problem.code for problem in plan.warnings] == ["unknown-variable"]

    def test_list_only_some_of_very_many(self, desk: Desk) -> None:
        plan = desk.plan([run("echo #{?}#{zzz}")], project(**{f"V{number}": "" for number in range(1000)}))
        hint = plan.warnings[-1].hint
        assert hint == "There are: V0, V1, V2, V3, V4, V5, V6, V7, V8, V9 and 990 more."


class TestSecrets:
    @pytest.mark.parametrize(
        "text", ["#{Secret}", "http://#{Secret}@host/", "#{Secret | ToUpper}", "#{Alias}"]
    )
    def test_what_reads_a_secret_is_one(self, desk: Desk, text: str) -> None:
        variables = {**WITH_SECRET["variables"], "Alias": "<#{Secret}>", "Reader": text}
        plan = desk.plan([run("echo '#{Reader}'")], {"variables": variables})
        value = value_of(only(plan), "Reader")
        assert (value.sensitive, value.shown) == (True, MASK)
        assert only(plan).preview == f"echo '{MASK}'"

    def test_a_parameter_that_is_given_one_is_one(self, desk: Desk) -> None:
        value = value_of(only(desk.plan([use(uri="http://#{Secret}/")], WITH_SECRET)), "uri")
        assert (value.text, value.value, value.shown) == ("http://#{Secret}/", f"http://{SECRET}/", MASK)

    def test_none_shows_in_the_repr_of_a_plan(self, desk: Desk) -> None:
        assert SECRET not in repr(
            desk.plan([run("echo #{Secret}"), {**use(uri="#{Secret}"), "name": "B"}], WITH_SECRET)
        )

    def test_an_input_for_a_sensitive_variable_is_one(self, desk: Desk) -> None:
        plan = desk.plan([run("x")], WITH_SECRET, variables={"SECRET": "given secret"})
        assert value_of(only(plan), "SECRET").shown == MASK

    def test_an_input_makes_a_source_that_is_not_there_unnecessary(self, desk: Desk) -> None:
        missing = project(Key={"sensitive": True, "from": {"env": "NOT_SET"}})
        assert refusal(lambda: desk.plan([run("x")], missing)) == [
            '3:3 variable "Key": the environment variable "NOT_SET" is not set [environment-variable]'
        ]
        assert value_of(only(desk.plan([run("x")], missing, variables={"Key": "k"})), "Key").value == "k"

    def test_one_that_somebody_wrote_out_is_hidden_as_well(self, desk: Desk) -> None:
        variables = {**WITH_SECRET["variables"], "Copy": f"Basic {SECRET}", "Harmless": "Basic"}
        action = only(
            desk.plan([run(f"login '{SECRET}' '#{{Copy}}' #{{Harmless}}")], {"variables": variables})
        )
        assert action.preview == f"login '{MASK}' 'Basic {MASK}' Basic"
        assert value_of(action, "Copy").shown == MASK
        assert value_of(action, "Harmless").shown == "Basic"

    def test_an_error_does_not_tell_one(self, desk: Desk) -> None:
        variables = {**WITH_SECRET["variables"], "Broken": "#{Secret | VersionMajor}"}
        (line,) = refusal(lambda: desk.plan([run("x")], {"variables": variables}))
        assert line == (
            '7:3 variable "Broken": the filter VersionMajor can not treat its input: it is no version [expression]'
        )


class TestExpressions:
    def test_a_variable_that_refers_to_itself_is_told_once_at_its_place(self, desk: Desk) -> None:
        loop = project(A="#{B}", B="x#{A}")
        (line,) = refusal(lambda: desk.plan([run("x"), run("y", name="B")], loop))
        assert line.startswith('3:3 variable "A": ')
        assert line.endswith("[expression]")

    def test_a_parameter_that_refers_to_itself_is_told_at_the_step(self, tmp_path: Path) -> None:
        parameters = (Parameter("A", default="#{B}"), Parameter("B"))
        desk = Desk(tmp_path, {"library/tool": template(*parameters)})
        (line,) = refusal(lambda: desk.plan([use(B="#{A}")]))
        assert line.startswith('6:7 step "A": variable "A": ')


class TestScopes:
    def test_values_that_are_equally_specific_are_a_warning(self, desk: Desk) -> None:
        values = [{"value": "1", "role": "web-server"}, {"value": "2", "role": "primary"}]
        twice = {**TWO_ENVIRONMENTS, "variables": {"V": {"scopes": values}}}
        plan = desk.plan([run("x", roles=["web-server", "primary"])], twice, environment="Production")
        assert [value_of(action, "V").value for action in plan.actions] == ["1", "1"]
        assert [problem.message for problem in plan.warnings] == [
            'variable "V" has 2 equally specific values for step "A"; the first one is used'
        ]

    def test_a_variable_without_value_here_is_not_defined(self, desk: Desk) -> None:
        elsewhere = {
            **TWO_ENVIRONMENTS,
            "variables": {"V": {"scopes": [{"value": "1", "environment": "Production"}]}},
        }
        plan = desk.plan([run("echo '#{V}'")], elsewhere, environment="Test")
        assert only(plan).preview == "echo '#{V}'"
        assert [problem.code for problem in plan.warnings] == ["unknown-variable"]
