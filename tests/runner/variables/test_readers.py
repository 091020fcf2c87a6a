from __future__ import annotations

import pytest

from runner.variables.readers import ReadingText, StepRead, is_read, mentions, steps_read


@pytest.mark.parametrize(
    "text",
    [
        "#{Slack.Hook}",
        "x #{ slack.hook | ToUpper } y",
        "#{if Slack.Hook}a#{/if}",
        "#{if Other == Slack.Hook}a#{/if}",
        "#{each s in Slack}#{s.Hook}#{/each}",
        "#{Slack[#{Which}]}",
        "#{Slack.Hook.Path}",
        "#{Other | Replace #{Slack.Hook}}",
    ],
)
def test_an_expression_may_read_a_variable(text: str) -> None:
    assert mentions(text, "Slack.Hook")


@pytest.mark.parametrize(
    "text",
    [
        "Slack.Hook",
        "#{Slack.HookUrl}",
        "#{My.Slack.Hook}",
        "#{Slack.Channel} Slack.Hook",
        "#{Slack}",
        "#{Slack.Hook-2}",
    ],
)
def test_an_expression_about_something_else_does_not(text: str) -> None:
    assert not mentions(text, "Slack.Hook")


def test_scripts_read_by_name_or_by_any() -> None:
    assert ReadingText('get_octopusvariable "Slack.Hook"', "Bash").mentions("slack.hook")
    assert not ReadingText('get_octopusvariable "Slack.Hook"').mentions("Slack.Hook")
    assert ReadingText('get_octopusvariable "$1"', "Bash").dynamic


class TestIsRead:
    def test_by_way_of_other_variables(self) -> None:
        variables = {"Url": "https://#{Host}", "Host": "#{Token}@x", "Token": None}
        assert is_read("Token", [ReadingText("curl #{Url}")], variables)
        assert not is_read("Token", [ReadingText("curl #{Site}")], variables)

    def test_variables_that_read_each_other_come_to_an_end(self) -> None:
        assert not is_read("C", [ReadingText("#{D}")], {"A": "#{B} #{C}", "B": "#{A}", "C": ""})

    def test_by_anything_if_a_script_reads_what_it_likes(self) -> None:
        assert is_read("C", [ReadingText("get_octopusvariable $x", "Bash")], {})

    def test_by_a_script_module(self) -> None:
        module = {"Octopus.Script.Module[lib]": 'f() { get_octopusvariable "C"; }'}
        assert is_read("C", [ReadingText("f", "Bash")], module)

    @pytest.mark.parametrize("name", ["TentacleProxyPassword", "Octopus.Action.Script.ScriptParameters"])
    def test_by_the_runner_itself(self, name: str) -> None:
        assert is_read(name, [], {})


def test_steps_that_a_text_reads() -> None:
    script = "#{Octopus.Action[Build it].Output[web-1].X}\n# #{no}\nget_octopusvariable 'Octopus.Step[B].Status.Code'"
    assert list(steps_read(ReadingText(script, "Bash"))) == [
        StepRead("Octopus.Action[Build it].Output[web-1].X", "Build it", "X", of_a_target=True),
        StepRead("Octopus.Step[B].Status.Code", "B"),
    ]
    assert (
        list(steps_read(ReadingText("#{Octopus.Action[#{Which}].Output.X} Octopus.Action[B].Output.X"))) == []
    )
