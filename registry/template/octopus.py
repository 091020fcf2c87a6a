"""The Octopus step template document as a `StepTemplate`.

Reading is lenient, as whole histories of real documents must load: a missing version counts as 0, a default
that is a number, a boolean or an edit form (`{HasValue, NewValue}`) becomes text. `registry.validation` is
strict.

What Octopus has no word for lies under the top-level key `Treadle`, which Octopus ignores on import: typed
extras of parameters by name (`Required`, `Pattern`, `Minimum`, `Maximum`) under `Parameters`, declared
outputs (`Name`, `HelpText`, `Sensitive`) under `Outputs`, bodies in further syntaxes under `Scripts`, the
oldest Treadle that understands the template under `MinimumTreadle`, and `Deprecated` (`Reason`, `Successor`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from registry.errors import Invalid
from registry.model import ControlType, Deprecation, Output, Parameter, Problem, StepTemplate, path_text

EXTENSION_KEY = "Treadle"
CONTROL_TYPE = "Octopus.ControlType"
SELECT_OPTIONS = "Octopus.SelectOptions"
SCRIPT_BODY = "Octopus.Action.Script.ScriptBody"
SCRIPT_SYNTAX = "Octopus.Action.Script.Syntax"
SCRIPT_SOURCE = "Octopus.Action.Script.ScriptSource"
SCRIPT_PARAMETERS = "Octopus.Action.Script.ScriptParameters"
FAIL_ON_ERROR_OUTPUT = "Octopus.Action.FailScriptOnErrorOutput"
FAIL_ON_SUBSTITUTION = "OctopusShouldFailDeploymentOnSubstitutionFails"
SUPPRESS_ENVIRONMENT = "Octopus.Action.Script.SuppressEnvironmentLogging"

_FIELDS = frozenset(
    {"Id", "Name", "Version", "ActionType", "Description", "Category", "Properties", "Parameters", "Packages"}
)


def to_template(value: Any, file: str) -> StepTemplate:
    """The template in a parsed Octopus document.

    Raises Invalid (`not-a-template`) where it isn't one, with every problem that stands in the way.
    """
    problems = _shape_problems(value, file)
    if problems:
        raise Invalid.of("not-a-template", file, problems)
    extension = _mapping(value.get(EXTENSION_KEY))
    typed = _mapping(extension.get("Parameters"))
    return StepTemplate(
        id=str(value.get("Id") or ""),
        name=value["Name"],
        version=version_number(value.get("Version")),
        action_type=value["ActionType"],
        description=_text(value.get("Description")) or "",
        category=_text(value.get("Category")) or "other",
        properties={key: property_text(item) for key, item in _mapping(value.get("Properties")).items()},
        parameters=tuple(_parameter(item, typed) for item in value.get("Parameters") or ()),
        outputs=tuple(_output(item) for item in _list(extension.get("Outputs")) if isinstance(item, dict)),
        packages=tuple(item for item in value.get("Packages") or () if isinstance(item, dict)),
        scripts={
            key: item for key, item in _mapping(extension.get("Scripts")).items() if isinstance(item, str)
        },
        minimum_treadle=_text(extension.get("MinimumTreadle")),
        deprecated=_deprecation(extension.get("Deprecated")),
        extra={key: item for key, item in value.items() if key not in _FIELDS},
    )


def version_number(value: Any) -> int:
    """`Version` as a whole number; 0 where it is missing or no number. One real document has a fraction."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def property_text(value: Any) -> str | None:
    """A value as Octopus keeps it: text or null, booleans as `True` and `False`, objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _parameter(item: Mapping[str, Any], typed: Mapping[str, Any]) -> Parameter:
    name = item["Name"]
    settings = _mapping(item.get("DisplaySettings"))
    extras = _mapping(typed.get(name))
    return Parameter(
        name=name,
        id=_text(item.get("Id")),
        label=_text(item.get("Label")),
        help=_text(item.get("HelpText")),
        default=_default(item.get("DefaultValue")),
        control=str(settings.get(CONTROL_TYPE) or ControlType.SINGLE_LINE),
        options=select_options(settings.get(SELECT_OPTIONS)),
        required=extras.get("Required") is True,
        pattern=_text(extras.get("Pattern")),
        minimum=_number(extras.get("Minimum")),
        maximum=_number(extras.get("Maximum")),
    )


def _default(value: Any) -> str | None:
    if isinstance(value, dict) and "NewValue" in value:
        return property_text(value["NewValue"])
    return property_text(value)


def select_options(text: Any) -> tuple[tuple[str, str], ...]:
    """The (value, label) pairs of `Octopus.SelectOptions`: one a line, `value` or `value|label`."""
    if not isinstance(text, str):
        return ()
    pairs = (line.strip().partition("|") for line in text.splitlines() if line.strip())
    return tuple((value, label if bar else value) for value, bar, label in pairs)


def _output(item: Mapping[str, Any]) -> Output:
    return Output(_text(item.get("Name")) or "", _text(item.get("HelpText")), item.get("Sensitive") is True)


def _deprecation(item: Any) -> Deprecation | None:
    if not isinstance(item, dict):
        return None
    return Deprecation(_text(item.get("Reason")) or "", _text(item.get("Successor")))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


_SHAPES: Mapping[str, tuple[type, str]] = {
    "Properties": (dict, "an object"),
    "Parameters": (list, "a list"),
    "Packages": (list, "a list"),
}


def _shape_problems(value: Any, file: str) -> list[Problem]:
    """What keeps a document from being read as a template at all."""
    if not isinstance(value, dict):
        return [_misfit(file, (), "this is not a step template: expected an object")]
    problems = [
        _misfit(file, (key,), f'this is not a step template: it has no text "{key}"')
        for key in ("Name", "ActionType")
        if not isinstance(value.get(key), str)
    ]
    problems += [
        _misfit(file, (key,), f'"{key}" is not {called}')
        for key, (kind, called) in _SHAPES.items()
        if value.get(key) is not None and not isinstance(value[key], kind)
    ]
    parameters = value.get("Parameters")
    for number, item in enumerate(parameters if isinstance(parameters, list) else ()):
        if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
            problems.append(
                _misfit(file, ("Parameters", number), f'parameter {number + 1} has no text "Name"')
            )
    return problems


def _misfit(file: str, path: tuple[str | int, ...], message: str) -> Problem:
    return Problem(message, "not-a-template", path_text(path), file=file)


CUSTOM_SCRIPT = "Octopus.Action.CustomScripts."
DEFAULT_SYNTAX = "PowerShell"


def syntaxes(template: StepTemplate) -> tuple[str, ...]:
    """The script languages of a template, lower case; none where it has no script of its own."""
    if SCRIPT_BODY not in template.properties:
        return ()
    return ((template.properties.get(SCRIPT_SYNTAX) or DEFAULT_SYNTAX).lower(),)
