"""When a later version can take the place of an earlier one."""

from __future__ import annotations

import pytest

from registry.compare import interface_breaks
from registry.model import ControlType, Parameter, StepTemplate

OLD = (Parameter("Url", id="1"), Parameter("Text", id="2", default="hello"))


def _template(*parameters: Parameter, action_type: str = "Octopus.Script") -> StepTemplate:
    return StepTemplate("id", "name", 1, action_type, parameters=parameters)


@pytest.mark.parametrize(
    ("new", "breaks"),
    [
        (OLD, ()),
        ((*OLD, Parameter("Color", default="red")), ()),
        ((Parameter("URL", id="1"), OLD[1]), ()),
        ((*OLD, Parameter("Color")), ('parameter "Color" is new and has no default',)),
        ((OLD[0],), ('parameter "Text" is gone',)),
        (
            (OLD[0], Parameter("Message", id="2", default="hello")),
            ('parameter "Text" is now "Message"',),
        ),
        (
            (Parameter("Url", id="1", control=ControlType.SENSITIVE), OLD[1]),
            ('parameter "Url" is a secret now',),
        ),
        (
            (Parameter("Url", id="1", control=ControlType.MULTI_LINE), OLD[1]),
            ('parameter "Url" was SingleLineText and is MultiLineText',),
        ),
    ],
)
def test_breaks_of_the_parameter_interface(new: tuple[Parameter, ...], breaks: tuple[str, ...]) -> None:
    assert interface_breaks(_template(*OLD), _template(*new)) == breaks


def test_another_action_type_breaks() -> None:
    new = _template(*OLD, action_type="Octopus.Email")
    assert interface_breaks(_template(*OLD), new) == ('action type "Octopus.Script" became "Octopus.Email"',)


def test_a_secret_that_is_none_any_more_breaks() -> None:
    secret = Parameter("Key", control=ControlType.SENSITIVE)
    assert interface_breaks(_template(secret), _template(Parameter("Key"))) == (
        'parameter "Key" is no secret any more',
    )
