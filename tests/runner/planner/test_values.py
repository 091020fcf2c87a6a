from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.model import Parameter, StepTemplate
from runner.model import MASK
from runner.plan import OriginKind
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
        value = value_of(only(desk.plan([use(uri=None)])), "uri")
        assert (value.value, value.origin.kind) == (None, OriginKind.GIVEN)

    def test_one_with_neither_value_nor_default_is_absent_unless_blank_ones_are_wanted(
        self, desk: Desk
    ) -> None:
        absent = value_of(only(desk.plan([use()])), "Text")
        assert (absent.value, absent.origin.kind) == (None, OriginKind.NONE)
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
            [use(uri="http://#{Site.Hots}/", Text=None), run("echo #{Nope}", name="B")],
            project(**{"Site.Host": "x"}),
        )
        assert problem_lines(plan.warnings) == [
            '6:19 step "A": "uri" reads "Site.Hots", which nothing defines; it will stay as it is'
            ' [unknown-variable] > Did you mean "Site.Host"?',
            '9:16 step "B": the script reads "Nope", which nothing defines; it will stay as it is [unknown-variable]'
            " > Give it with --var Nope=..., or define it under variables in treadle.yaml.",
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

    @pytest.mark.parametrize(
        "found",
        [
            template(body="echo #{Octopus.Release.Number}"),
            template(Parameter("Text", default="Release #{Octopus.Release.Number}")),
            template(Parameter("Text", default="#{Octopus.Release.Number}"), body="echo #{Text}"),
            template(properties={"Octopus.Action.Script.ScriptParameters": "#{Octopus.Release.Number}"}),
        ],
    )
    def test_in_templates_are_told_once_with_the_way_to_give_them(
        self, tmp_path: Path, found: StepTemplate
    ) -> None:
        plan = Desk(tmp_path, {"library/tool": found}).plan([{"name": "A", "uses": "library/tool"}])
        (warning,) = plan.warnings
        assert (warning.code, warning.line) == ("unknown-variable", 4)
        assert "--var Octopus.Release.Number=..." in (warning.hint or "")

    def test_are_not_called_known_at_run_time(self, tmp_path: Path) -> None:
        parameter = Parameter("Text", default="#{Octopus.Release.Number} #{Octopus.Task.Id}")
        desk = Desk(tmp_path, {"library/tool": template(parameter)})
        value = value_of(only(desk.plan([{"name": "A", "uses": "library/tool"}])), "Text")
        assert value.undefined == ("#{Octopus.Release.Number}",)
        assert value.missing == ("#{Octopus.Release.Number}", "#{Octopus.Task.Id}")

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

    @pytest.mark.parametrize(
        "expression",
        [
            "#{Secret | ToUpper}",
            "#{Secret | Substring 4}",
            "#{Secret | Sha256}",
            '#{if Secret == "x"}one branch#{else}the other#{/if}',
            "#{each part in Secret}#{part}#{/each}",
        ],
    )
    def test_what_an_expression_makes_of_one_is_not_in_the_script(self, desk: Desk, expression: str) -> None:
        plan = desk.plan([run(f"echo '{expression}' # done")], WITH_SECRET)
        assert only(plan).preview == f"echo '{MASK}' # done"

    def test_a_parameter_that_is_given_one_is_one(self, desk: Desk) -> None:
        value = value_of(only(desk.plan([use(uri="http://#{Secret}/")], WITH_SECRET)), "uri")
        assert (value.text, value.value, value.shown) == ("http://#{Secret}/", f"http://{SECRET}/", MASK)

    @pytest.mark.parametrize(
        ("value", "reason"), [("a1", "has fewer than 4 characters"), ("      ", "is blank")]
    )
    def test_one_that_cannot_be_masked_is_warned_of_once(self, desk: Desk, value: str, reason: str) -> None:
        variables = {"Pin": {"sensitive": True, "from": {"env": "PIN"}}, "Alias": "#{Pin}"}
        steps = [
            run("echo #{Pin}"),
            {**use(uri="#{Pin}", Text="t"), "name": "B"},
            {**run("echo #{Alias}"), "name": "C"},
        ]
        plan = replace(desk, secrets={"PIN": value}).plan(steps, {"variables": variables})
        assert [(warning.code, warning.message) for warning in plan.warnings] == [
            ("secret-unmasked", f'the secret "Pin" {reason} and cannot be masked')
        ]
        assert plan.warnings[0].line == 3

    def test_an_empty_one_is_not_warned_of(self, desk: Desk) -> None:
        variables = {"Pin": {"sensitive": True, "from": {"env": "PIN"}}}
        assert replace(desk, secrets={"PIN": ""}).plan([run("x")], {"variables": variables}).warnings == ()

    def test_none_shows_in_the_repr_of_a_plan(self, desk: Desk) -> None:
        assert SECRET not in repr(
            desk.plan([run("echo #{Secret}"), {**use(uri="#{Secret}"), "name": "B"}], WITH_SECRET)
        )

    def test_an_input_for_a_sensitive_variable_is_one(self, desk: Desk) -> None:
        plan = desk.plan([run("x")], WITH_SECRET, variables={"SECRET": "given secret"})
        assert value_of(only(plan), "SECRET").shown == MASK

    def test_an_input_makes_a_source_that_is_not_there_unnecessary(self, desk: Desk) -> None:
        missing = project(Key={"sensitive": True, "from": {"env": "NOT_SET"}})
        assert refusal(lambda: desk.plan([run("echo '#{Key}'")], missing)) == [
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
            '7:3 variable "Broken": the filter VersionMajor cannot treat its input: it is not a version [expression]'
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


class TestParametersWithoutValue:
    """They are shown and warned of, and never take a variable of their name from outside."""

    @pytest.fixture
    def desk(self, tmp_path: Path) -> Desk:
        found = template(Parameter("uri"), Parameter("Timeout", default="30"), body="curl #{uri} #{Timeout}")
        return Desk(tmp_path, {"library/tool": found})

    def test_are_warned_of(self, desk: Desk) -> None:
        assert problem_lines(desk.plan([use()]).warnings) == [
            '4:11 step "A": library/tool@3 gets no value for "uri", which has no default either'
            " [parameter-without-value] > Add `uri: ...` under with, or `uri: null` to leave it out."
        ]

    def test_are_not_warned_of_where_they_are_left_out_on_purpose(self, desk: Desk) -> None:
        assert desk.plan([use(uri=None)]).warnings == ()
        assert desk.plan([use()], process={"blank_parameters": "empty"}).warnings == ()

    @pytest.mark.parametrize("given", [{}, {"uri": None}])
    def test_take_no_variable_of_the_project(self, desk: Desk, given: dict[str, Any]) -> None:
        action = only(desk.plan([use(**given)], project(URI="http://WRONG/")))
        assert action.parameters[0].value is None
        assert action.preview == "curl #{uri} 30"

    def test_take_no_input_either(self, desk: Desk) -> None:
        action = only(desk.plan([use()], variables={"uri": "http://WRONG/"}))
        assert action.preview == "curl #{uri} 30"

    def test_a_variable_that_a_parameter_hides_keeps_its_own_value_and_origin(self, desk: Desk) -> None:
        variables = project(uri="http://#{Host}/", Host="outside", timeout=1)
        action = only(desk.plan([use(uri="http://right/")], variables))
        values = {value.name: (value.value, value.origin.kind) for value in action.variables}
        assert values["uri"] == ("http://outside/", OriginKind.PROJECT)
        assert values["timeout"] == ("1", OriginKind.PROJECT)
        given = {value.name: (value.value, value.origin.kind) for value in action.parameters}
        assert given == {"uri": ("http://right/", OriginKind.GIVEN), "Timeout": ("30", OriginKind.DEFAULT)}


class TestSourcesThatAreNotThere:
    """They are asked for only where something in the run can read them."""

    HOOK = project(
        **{
            "Slack.Hook": {"sensitive": True, "from": {"env": "NOT_SET"}},
            "Slack.Channel": "#general",
            "Slack.Url": "https://#{Slack.Hook}",
        }
    )

    @pytest.mark.parametrize(
        "script",
        [
            "echo hello",
            "echo '#{Slack.Channel}' Slack.Hook",
            "get_octopusvariable Slack.Channel",
            "get_octopusvariable 'Slack.HookName'",
        ],
    )
    def test_do_not_matter_to_what_cannot_read_them(self, desk: Desk, script: str) -> None:
        plan = desk.plan([run(script)], self.HOOK)
        assert [problem.code for problem in plan.warnings if problem.code != "unknown-variable"] == []
        assert value_of(only(plan), "Slack.Hook").unset

    @pytest.mark.parametrize(
        "script",
        [
            "curl '#{Slack.Hook}'",
            "curl '#{Slack.Url}'",
            "curl $(get_octopusvariable Slack.Hook)",
            'get_octopusvariable "$name"',
            "#{each x in Slack}#{x.Hook}#{/each}",
        ],
    )
    def test_are_missing_where_they_may_be_read(self, desk: Desk, script: str) -> None:
        (line, *_) = refusal(lambda: desk.plan([run(script)], self.HOOK))
        assert line.startswith('3:3 variable "Slack.Hook": the environment variable "NOT_SET" is not set')

    def test_are_warned_of_in_a_plan_only(self, desk: Desk) -> None:
        plan = desk.plan([use(uri="http://#{Slack.Hook}/", Text=None)], self.HOOK, allow_unset=True)
        assert [problem.code for problem in plan.warnings] == ["environment-variable"]
        value = value_of(only(plan), "uri")
        assert (value.missing, value.undefined) == (("#{Slack.Hook}",), ())


class TestSpelling:
    @pytest.mark.parametrize(
        ("syntax", "body"),
        [
            ("Bash", 'echo "$(get_octopusvariable "includeField")"'),
            ("Python", "print(get_octopusvariable('includeField'))"),
            ("Python", "octopusvariables['includeField']"),
        ],
    )
    def test_a_parameter_that_is_read_in_another_case_is_warned_of(
        self, tmp_path: Path, syntax: str, body: str
    ) -> None:
        properties = {"Octopus.Action.Script.Syntax": syntax}
        found = template(Parameter("IncludeField", default="x"), body=body, properties=properties)
        plan = Desk(tmp_path, {"library/tool": found}).plan([{"name": "A", "uses": "library/tool"}])
        assert problem_lines(plan.warnings) == [
            '4:11 step "A": the script reads "includeField", but the name is "IncludeField": it gets nothing'
            " [variable-case] > Scripts read names in their exact case."
        ]

    def test_so_is_a_variable_of_the_project(self, desk: Desk) -> None:
        plan = desk.plan([run("get_octopusvariable site.host")], project(**{"Site.Host": "x"}))
        assert [problem.code for problem in plan.warnings] == ["variable-case"]

    def test_a_name_that_is_nearly_right_is_suggested(self, desk: Desk) -> None:
        plan = desk.plan([run("get_octopusvariable Site.Hots")], project(**{"Site.Host": "x"}))
        assert [problem.hint for problem in plan.warnings] == ['Did you mean "Site.Host"?']


class TestInputsThatNothingReads:
    def test_are_warned_of(self, desk: Desk) -> None:
        plan = desk.plan([run("echo '#{Release}'")], variables={"Relaese": "1", "release": "1"})
        assert problem_lines(plan.warnings) == [
            '--var "Relaese": nothing reads it [unread-variable] > Look at its spelling, or leave it out.'
        ]

    @pytest.mark.parametrize(
        "step",
        [
            run("get_octopusvariable Typo"),
            run("get_octopusvariable $1"),
            run("echo '#{Typo}'", disabled=True),
            use(uri="#{Typo}", Text=None),
            run("x", properties={"Octopus.Action.Script.ScriptParameters": "#{Typo}"}),
        ],
    )
    def test_are_not_those_that_something_may_read(self, desk: Desk, step: dict[str, Any]) -> None:
        assert desk.plan([step], variables={"Typo": "1"}).warnings == ()

    def test_are_not_those_of_a_file_that_serves_many_processes(self, desk: Desk) -> None:
        plan = desk.plan([run("x")], variables={"Typo": "1"}, origins={"Typo": "--var-file x.yaml"})
        assert plan.warnings == ()

    def test_are_not_those_of_the_project(self, desk: Desk) -> None:
        assert desk.plan([run("x")], project(Site="a"), variables={"site": "b"}).warnings == ()
