"""Which script of a template runs, or why none does."""

from __future__ import annotations

from typing import Any

import pytest

from registry.model import StepTemplate
from registry.template.octopus import SCRIPT_BODY, SCRIPT_SOURCE, SCRIPT_SYNTAX
from registry.template.runnable import ChosenScript, choose_script, obstacle


def _template(
    action_type: str = "Octopus.Script", packages: Any = (), **properties: str | None
) -> StepTemplate:
    names = {"body": SCRIPT_BODY, "syntax": SCRIPT_SYNTAX, "source": SCRIPT_SOURCE}
    bag = {names.get(name, name): text for name, text in properties.items()}
    return StepTemplate("id", "Tool", 1, action_type, properties=bag, packages=packages)


@pytest.mark.parametrize("syntax", ["Bash", "PowerShell", "Python"])
def test_inline_scripts_in_languages_of_linux_run(syntax: str) -> None:
    template = _template(body="true", syntax=syntax)
    assert obstacle(template) is None
    assert choose_script(template) == ChosenScript(syntax, "true")


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (_template(body="x", syntax="CSharp"), "is written in CSharp"),
        (
            _template("Octopus.AwsRunScript", body="x", syntax="Bash"),
            'has the action type "Octopus.AwsRunScript"',
        ),
        (_template(packages=({"Name": "app"},), body="x", syntax="Bash"), "needs packages"),
        (_template(source="Package", syntax="Bash"), 'takes its script from "Package"'),
        (_template(syntax="Bash"), "has no script"),
        (_template(body=None, syntax="Bash"), "has no script"),
    ],
)
def test_the_reason_why_a_template_cannot_run(template: StepTemplate, reason: str) -> None:
    found = obstacle(template)
    assert found is not None
    assert found.reason == reason
    assert found.hint.endswith((".", "--runnable", "--json"))


def test_of_one_body_per_language_the_first_for_linux_runs() -> None:
    bodies = {f"{SCRIPT_BODY}[PowerShell]": "ps", f"{SCRIPT_BODY}[Python]": "py"}
    assert choose_script(_template(**bodies)) == ChosenScript("Python", "py")


@pytest.mark.parametrize("syntax", [None, ""])
def test_without_a_syntax_bash_is_assumed(syntax: str | None) -> None:
    template = _template(body="true", syntax=syntax)
    assert choose_script(template) == ChosenScript("Bash", "true", assumed=True)


def test_a_steps_properties_replace_those_of_the_template() -> None:
    template = _template(body="x", syntax="CSharp")
    assert choose_script(template, {SCRIPT_SYNTAX: "Bash"}) == ChosenScript("Bash", "x")
