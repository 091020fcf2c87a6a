"""Rules for step templates that a schema cannot say: about names, defaults and what belongs together.

Every rule looks at the Octopus value, whatever form the template is kept in; docs/validation.md tells what each
code means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from registry.model import ControlType, Severity, path_text
from registry.suggest import did_you_mean_inline
from registry.template.folder_format import SCRIPT_SUFFIXES
from registry.template.octopus import (
    CONTROL_TYPE,
    EXTENSION_KEY,
    SCRIPT_BODY,
    SCRIPT_SOURCE,
    SCRIPT_SYNTAX,
    SELECT_OPTIONS,
    select_options,
)
from registry.text.document import KeyPath
from registry.text.patterns import PatternError, compile_untrusted, shortened
from registry.validation.hidden_characters import describe_hidden, hidden_texts
from registry.validation.messages import shown

Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleViolation:
    """A rule broken at a path of the Octopus value."""

    path: KeyPath
    code: str
    message: str
    hint: str | None = None
    severity: Severity = Severity.WARNING


MAX_TEXT = 1 << 20
"""Characters of a script or another property. The longest of the community has 427,017."""


def breaches(value: Value) -> Iterator[RuleViolation]:
    """Every breach in a value that keeps to the schema `step-template`."""
    for rule in _TEMPLATE_RULES:
        yield from rule(value)
    for number, parameter in enumerate(value["Parameters"]):
        for check in _PARAMETER_RULES:
            yield from check(parameter, ("Parameters", number))


def _name_has_blanks(value: Value) -> Iterator[RuleViolation]:
    if value["Name"] != value["Name"].strip():
        yield RuleViolation(("Name",), "blank-in-name", f"{shown(value['Name'])} begins or ends with a blank")


def _too_long_a_text(value: Value) -> Iterator[RuleViolation]:
    for key, text in value["Properties"].items():
        if text is not None and len(text) > MAX_TEXT:
            message = f"the text has {len(text):,} characters; at most {MAX_TEXT:,} are read"
            hint = "Put what is so long into a package or a file that the script fetches."
            yield RuleViolation(("Properties", key), "text-too-long", message, hint, Severity.ERROR)


def _hidden_characters(value: Value) -> Iterator[RuleViolation]:
    for path, text, found in hidden_texts(value):
        line = text.count("\n", 0, found[0][0]) + 1
        where = f"line {line} of {path_text(path)}" if line > 1 else path_text(path)
        message = f"{where} holds characters that a reader doesn't see: {describe_hidden(found)}"
        yield RuleViolation(path, "hidden-character", message, "Remove them, unless they are meant.")


def _duplicate_parameters(value: Value) -> Iterator[RuleViolation]:
    names = [parameter["Name"] for parameter in value["Parameters"]]
    yield from _duplicates(names, "Parameters", "parameter", "Names differ by more than case.")


def _duplicate_outputs(value: Value) -> Iterator[RuleViolation]:
    outputs = (value.get(EXTENSION_KEY) or {}).get("Outputs") or ()
    names = [output["Name"] for output in outputs]
    for breach in _duplicates(names, "Outputs", "output", "Names differ by more than case."):
        yield RuleViolation(
            (EXTENSION_KEY, *breach.path), breach.code, breach.message, breach.hint, breach.severity
        )


def _duplicates(names: list[str], group: str, word: str, hint: str) -> Iterator[RuleViolation]:
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        earlier = first.setdefault(name.casefold(), number)
        if earlier != number:
            message = f'{word} {number + 1} "{name}" has the name of {word} {earlier + 1}'
            yield RuleViolation((group, number, "Name"), f"duplicate-{word}", message, hint, Severity.ERROR)


def _missing_script(value: Value) -> Iterator[RuleViolation]:
    properties = value["Properties"]
    inline = properties.get(SCRIPT_SOURCE) in (None, "", "Inline")
    if value["ActionType"] == "Octopus.Script" and inline and not properties.get(SCRIPT_BODY):
        message = f'the script is empty: "{SCRIPT_BODY}" has no text'
        yield RuleViolation(("Properties", SCRIPT_BODY), "empty-script", message)


def _unknown_syntax(value: Value) -> Iterator[RuleViolation]:
    syntax = value["Properties"].get(SCRIPT_SYNTAX)
    if syntax and syntax not in SCRIPT_SUFFIXES:
        meant = did_you_mean_inline(syntax, SCRIPT_SUFFIXES)
        message = f'the syntax "{syntax}" is unknown{meant}'
        hint = f"Known are {', '.join(SCRIPT_SUFFIXES)}."
        yield RuleViolation(("Properties", SCRIPT_SYNTAX), "unknown-syntax", message, hint)


def _package_without_parameter(value: Value) -> Iterator[RuleViolation]:
    names = [parameter["Name"] for parameter in value["Parameters"]]
    for number, package in enumerate(value.get("Packages") or ()):
        name = (package.get("Properties") or {}).get("PackageParameterName")
        if isinstance(name, str) and name not in names:
            message = f'package {number + 1} takes its id from the parameter "{name}", which doesn\'t exist'
            path = ("Packages", number, "Properties", "PackageParameterName")
            yield RuleViolation(path, "unknown-parameter", message + did_you_mean_inline(name, names))


def _parameter_without_package(value: Value) -> Iterator[RuleViolation]:
    packages = value.get("Packages") or ()
    filled = {(package.get("Properties") or {}).get("PackageParameterName") for package in packages}
    for number, parameter in enumerate(value["Parameters"]):
        if _control(parameter) == ControlType.PACKAGE and parameter["Name"] not in filled:
            message = f'no package takes its id from the parameter "{parameter["Name"]}"'
            hint = 'Give a package the property "PackageParameterName".'
            yield RuleViolation(("Parameters", number, "DisplaySettings"), "package-missing", message, hint)


def _needs_newer_treadle(value: Value) -> Iterator[RuleViolation]:
    needed = (value.get(EXTENSION_KEY) or {}).get("MinimumTreadle")
    if needed and _version_parts(needed) > _version_parts(version("treadle")):
        message = f"the template needs Treadle {needed}, and this is {version('treadle')}"
        path = (EXTENSION_KEY, "MinimumTreadle")
        yield RuleViolation(path, "treadle-too-old", message, "Upgrade Treadle.", Severity.ERROR)


def _version_parts(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)[:3]]


def _extras_of_nobody(value: Value) -> Iterator[RuleViolation]:
    names = [parameter["Name"] for parameter in value["Parameters"]]
    for name in (value.get(EXTENSION_KEY) or {}).get("Parameters") or ():
        if name not in names:
            message = f'there is no parameter "{name}"{did_you_mean_inline(name, names)}'
            path = (EXTENSION_KEY, "Parameters", name)
            yield RuleViolation(path, "unknown-parameter", message, severity=Severity.ERROR)


def _extras_against_default(value: Value) -> Iterator[RuleViolation]:
    extras = (value.get(EXTENSION_KEY) or {}).get("Parameters") or {}
    for number, parameter in enumerate(value["Parameters"]):
        rules = extras.get(parameter["Name"])
        default = parameter.get("DefaultValue")
        if rules and isinstance(default, str) and default and "#{" not in default:
            told = _against(rules, default)
            if told:
                message = f'the default {shown(default)} of "{parameter["Name"]}" {told}'
                path = ("Parameters", number, "DefaultValue")
                yield RuleViolation(path, "default-against-rule", message, severity=Severity.ERROR)


def _against(rules: Value, text: str) -> str | None:
    """What of a parameter's typed extras a text breaks."""
    pattern = rules.get("Pattern")
    mismatch = None if pattern is None else _mismatch(pattern, text)
    if mismatch is not None:
        return mismatch
    least, most = rules.get("Minimum"), rules.get("Maximum")
    if least is None and most is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return "is not a number"
    if least is not None and number < least:
        return f"is less than {least}"
    return f"is more than {most}" if most is not None and number > most else None


def _mismatch(pattern: str, text: str) -> str | None:
    try:
        return None if compile_untrusted(pattern).matches(text) else f"doesn't match its pattern {pattern}"
    except PatternError as error:
        return f"cannot be checked, as its pattern {shortened(pattern)} cannot be used: {error}"
    except TimeoutError:
        return f"takes longer than a second to match its pattern {shortened(pattern)}"


def _default_not_text(parameter: Value, path: KeyPath) -> Iterator[RuleViolation]:
    default = parameter.get("DefaultValue")
    if default is not None and not isinstance(default, str):
        message = f'the default of "{parameter["Name"]}" is {shown(default)}, expected text'
        yield RuleViolation((*path, "DefaultValue"), "default-not-text", message, f'Write it as "{default}".')


def _unknown_control(parameter: Value, path: KeyPath) -> Iterator[RuleViolation]:
    control = _control(parameter)
    if control not in set(ControlType):
        meant = did_you_mean_inline(control, list(ControlType))
        message = f'the control "{control}" of "{parameter["Name"]}" is unknown{meant}'
        yield RuleViolation(
            (*path, "DisplaySettings", CONTROL_TYPE), "unknown-control", message, "It counts as plain text."
        )


def _select_options(parameter: Value, path: KeyPath) -> Iterator[RuleViolation]:
    name, default = parameter["Name"], parameter.get("DefaultValue")
    settings = parameter.get("DisplaySettings") or {}
    offered = [option for option, _ in select_options(settings.get(SELECT_OPTIONS))]
    if _control(parameter) != ControlType.SELECT:
        if offered:
            message = f'"{name}" has options, and its control is {_control(parameter)}'
            yield RuleViolation((*path, "DisplaySettings", SELECT_OPTIONS), "options-unused", message)
    elif not offered:
        yield RuleViolation(
            (*path, "DisplaySettings"), "options-missing", f'the Select "{name}" has no options'
        )
    elif isinstance(default, str) and default and default not in offered and "#{" not in default:
        message = f'the default {shown(default)} of "{name}" is none of its options'
        yield RuleViolation(
            (*path, "DefaultValue"), "default-not-offered", message + did_you_mean_inline(default, offered)
        )


def _checkbox_default(parameter: Value, path: KeyPath) -> Iterator[RuleViolation]:
    default = parameter.get("DefaultValue")
    if _control(parameter) != ControlType.CHECKBOX or not isinstance(default, str):
        return
    if default.lower() not in ("", "true", "false") and "#{" not in default:
        message = f'the default {shown(default)} of the Checkbox "{parameter["Name"]}" is not a truth value'
        yield RuleViolation((*path, "DefaultValue"), "default-not-offered", message, "Use True or False.")


def _control(parameter: Value) -> str:
    settings = parameter.get("DisplaySettings") or {}
    return str(settings.get(CONTROL_TYPE) or ControlType.SINGLE_LINE)


_TEMPLATE_RULES: tuple[Callable[[Value], Iterator[RuleViolation]], ...] = (
    _too_long_a_text,
    _name_has_blanks,
    _hidden_characters,
    _duplicate_parameters,
    _duplicate_outputs,
    _missing_script,
    _unknown_syntax,
    _package_without_parameter,
    _parameter_without_package,
    _needs_newer_treadle,
    _extras_of_nobody,
    _extras_against_default,
)
_PARAMETER_RULES: tuple[Callable[[Value, KeyPath], Iterator[RuleViolation]], ...] = (
    _default_not_text,
    _unknown_control,
    _select_options,
    _checkbox_default,
)
