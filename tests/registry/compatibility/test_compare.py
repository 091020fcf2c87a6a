"""What a later version means for a step that uses the earlier one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from registry.compatibility.compare import ChangeClass, compare, interface_breaks
from registry.model import ControlType, Output, Parameter, StepTemplate
from registry.template.octopus import SCRIPT_BODY, SCRIPT_SYNTAX
from tests.support.histories import version_histories
from tests.support.library import CHECKOUT, CommunityLibrary

URL, TEXT = Parameter("Url", id="1"), Parameter("Text", id="2", default="hello")
COMPATIBLE, BEHAVIOUR = ChangeClass.COMPATIBLE, ChangeClass.BEHAVIOUR_CHANGED
INPUT, INCOMPATIBLE = ChangeClass.NEEDS_INPUT, ChangeClass.INCOMPATIBLE


def _template(*parameters: Parameter, script: str = "echo hello\n", syntax: str = "Bash") -> StepTemplate:
    properties = {SCRIPT_BODY: script, SCRIPT_SYNTAX: syntax}
    return StepTemplate("id", "name", 1, "Octopus.Script", properties=properties, parameters=parameters)


OLD = _template(URL, TEXT)

PARAMETER_CASES = [
    pytest.param((URL, TEXT), COMPATIBLE, [], id="same"),
    pytest.param((TEXT, URL), COMPATIBLE, [], id="order"),
    pytest.param((replace(URL, name="URL"), TEXT), COMPATIBLE, [], id="case"),
    pytest.param(
        (URL, TEXT, Parameter("Color", default="red")),
        COMPATIBLE,
        ['"Color" is new, with a default'],
        id="added",
    ),
    pytest.param((URL, TEXT, Parameter("Color")), INPUT, ['"Color" is new and has no default'], id="input"),
    pytest.param(
        (URL, TEXT, Parameter("Color", default="red", required=True)),
        COMPATIBLE,
        ['"Color" is new, with a default'],
        id="required",
    ),
    pytest.param((URL,), INCOMPATIBLE, ['"Text" is gone'], id="removed"),
    pytest.param(
        (URL, replace(TEXT, name="Message")), INCOMPATIBLE, ['"Text" is now "Message"'], id="renamed"
    ),
    pytest.param(
        (replace(URL, control=ControlType.SENSITIVE), TEXT), BEHAVIOUR, ['"Url" is a secret now'], id="secret"
    ),
    pytest.param(
        (replace(URL, control=ControlType.MULTI_LINE), TEXT),
        INCOMPATIBLE,
        ['"Url" was SingleLineText and is MultiLineText'],
        id="control",
    ),
    pytest.param(
        (URL, replace(TEXT, default=None)), INPUT, ['"Text" has no default any more'], id="default gone"
    ),
    pytest.param(
        (URL, replace(TEXT, default="bye")),
        BEHAVIOUR,
        ['"Text" has another default: "hello" became "bye"'],
        id="default",
    ),
    pytest.param((replace(URL, required=True), TEXT), INPUT, ['"Url" must be given now'], id="must be given"),
    pytest.param((replace(URL, pattern="http.*"), TEXT), BEHAVIOUR, ['"Url" has other limits'], id="limits"),
]


@pytest.mark.parametrize(("parameters", "change", "messages"), PARAMETER_CASES)
def test_parameters(parameters: tuple[Parameter, ...], change: ChangeClass, messages: list[str]) -> None:
    found = compare(OLD, replace(OLD, parameters=parameters))
    assert found.change is change
    assert [item.message for item in found.differences if item.code != "words-changed"] == [
        f"parameter {message}" for message in messages
    ]


def test_a_default_of_a_secret_is_never_shown() -> None:
    secret = Parameter("Key", control=ControlType.SENSITIVE, default="old-value")
    (found,) = compare(_template(secret), _template(replace(secret, default="new-value"))).differences
    assert found.message == 'parameter "Key" has another default'


def test_options_that_are_gone_need_input() -> None:
    choice = Parameter("Color", control=ControlType.SELECT, options=(("red", "Red"), ("blue", "Blue")))
    more = replace(choice, options=(*choice.options, ("green", "Green")))
    assert compare(_template(choice), _template(more)).differences == ()
    (found,) = compare(_template(more), _template(choice)).differences
    assert (found.message, found.change) == ('parameter "Color" no longer offers "green"', INPUT)


SCRIPT_CASES = [
    pytest.param(
        "# a comment\necho hello  \n\n", COMPATIBLE, "only comments and blanks of the script changed", False
    ),
    pytest.param(
        "echo bye\n", COMPATIBLE, "the script changed; nothing in it suggests that it acts differently", True
    ),
    pytest.param(
        "echo hello || exit 1\n",
        BEHAVIOUR,
        'errors may end it differently: "exit with an error" is new',
        True,
    ),
    pytest.param(
        "set -euo pipefail\necho hello\n", BEHAVIOUR, 'errors may end it differently: "set -e" is new', True
    ),
    pytest.param("curl https://api.example.com/x\n", BEHAVIOUR, "it contacts api.example.com now", True),
    pytest.param("echo hello | jq .\n", BEHAVIOUR, "it uses jq now", True),
    pytest.param("set_octopusvariable Result 1\n", BEHAVIOUR, "it sets the output Result now", True),
]


@pytest.mark.parametrize(("script", "change", "message", "suspected"), SCRIPT_CASES)
def test_scripts(script: str, change: ChangeClass, message: str, suspected: bool) -> None:
    found = compare(OLD, _template(URL, TEXT, script=script))
    assert found.change is change
    assert (found.differences[0].message, found.differences[0].suspected) == (message, suspected)


def test_other_parts_of_the_document() -> None:
    def change(new: StepTemplate, old: StepTemplate = OLD) -> tuple[str, ChangeClass]:
        found = compare(old, new)
        return found.differences[0].message, found.change

    assert change(replace(OLD, action_type="Octopus.Email")) == (
        'action type "Octopus.Script" became "Octopus.Email"',
        INCOMPATIBLE,
    )
    assert change(_template(URL, TEXT, syntax="Python")) == (
        "the script is python now, it was bash",
        BEHAVIOUR,
    )
    on_server = replace(OLD, properties={**OLD.properties, "Octopus.Action.RunOnServer": "true"})
    assert change(on_server) == ('property "Octopus.Action.RunOnServer" changed', BEHAVIOUR)
    assert change(replace(OLD, packages=({"Name": "app"},))) == ("it takes other packages", INCOMPATIBLE)
    assert change(OLD, replace(OLD, outputs=(Output("Id"),))) == ('output "Id" is gone', BEHAVIOUR)
    assert change(replace(OLD, description="More.")) == (
        "descriptions, labels or help texts changed",
        COMPATIBLE,
    )
    assert compare(OLD, replace(OLD, version=2)).differences == ()


def test_the_gravest_difference_comes_first_and_gives_the_class() -> None:
    found = compare(
        OLD, _template(replace(URL, required=True), Parameter("Extra", default="x"), script="throw\n")
    )
    assert [item.change for item in found.differences] == [
        INCOMPATIBLE,
        INPUT,
        BEHAVIOUR,
        COMPATIBLE,
        COMPATIBLE,
    ]
    assert found.change is INCOMPATIBLE


@pytest.mark.parametrize(
    ("parameters", "breaks"),
    [
        ((URL, TEXT, Parameter("Color", default="red")), ()),
        ((URL, replace(TEXT, default="bye")), ()),
        ((URL, TEXT, Parameter("Color")), ('parameter "Color" is new and has no default',)),
        ((replace(URL, control=ControlType.SENSITIVE), TEXT), ('parameter "Url" is a secret now',)),
        ((URL,), ('parameter "Text" is gone',)),
    ],
)
def test_what_breaks_the_interface(parameters: tuple[Parameter, ...], breaks: tuple[str, ...]) -> None:
    assert interface_breaks(OLD, replace(OLD, parameters=parameters)) == breaks


# --- the real history


@pytest.mark.slow
def test_every_real_bump_is_judged(community_library: CommunityLibrary, tmp_path: Path) -> None:
    histories = version_histories(community_library, tmp_path)
    judged = [compare(old, new) for versions in histories.values() for old, new in pairwise(versions)]
    counts = Counter(found.change for found in judged)
    assert counts == {COMPATIBLE: 755, BEHAVIOUR: 208, INPUT: 125, INCOMPATIBLE: 58}
    told = ", ".join(f"{counts[change]} {change.value}" for change in ChangeClass)
    docs = " ".join((CHECKOUT / "docs/registry.md").read_text().split())
    assert f"Over all {len(judged):,} steps from one version to the next" in docs
    assert told in docs
    (slack,) = (
        versions for name, versions in histories.items() if name.startswith("slack-send-simple-notification ")
    )
    by_number = {template.version: template for template in slack}
    found = compare(by_number[12], by_number[15])
    assert found.change is BEHAVIOUR
    assert [item.message for item in found.differences[:2]] == [
        'parameter "ssn_HookUrl" is a secret now',
        'errors may end it differently: "throw" is new, "exit 0" is gone',
    ]


def test_a_new_parameter_that_must_be_given_and_has_a_default_has_a_default() -> None:
    new = _template(URL, TEXT, Parameter("Size", default="5", required=True))
    assert compare(OLD, new).change is COMPATIBLE
    assert interface_breaks(OLD, new) == ()
