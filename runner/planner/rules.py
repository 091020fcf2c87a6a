"""What a template says about its parameters, checked before anything runs."""

from __future__ import annotations

from registry.model import Parameter
from registry.suggest import suggest
from registry.text.numbers import read_number
from runner.model import MASK, PlannedValue, Step, TemplatePin, TemplateUse
from runner.planner.findings import Findings

_PATTERN_SECONDS = 1.0


def check_given(
    index: int, step: Step, use: TemplateUse, pin: TemplatePin, findings: Findings, blank_is_empty: bool
) -> None:
    """The names that a step gives values to, and those that it should."""
    by_name = {parameter.name: parameter for parameter in pin.parameters}
    for name, value in use.values.items():
        at = ("steps", index, "with", name)
        parameter = by_name.get(name)
        if parameter is None:
            findings.problem(
                at,
                "unknown-parameter",
                f'step "{step.name}": {use.reference} has no parameter "{name}"',
                suggest(name, by_name),
            )
        elif parameter.sensitive and value and "#{" not in value:
            findings.warning(
                at,
                "plain-secret",
                f'step "{step.name}": "{name}" is sensitive, but its value stands here in clear',
                f'refer to a sensitive variable: {name}: "#{{My.Secret}}"',
            )
    for parameter in pin.parameters:
        if parameter.required and not use.values.get(parameter.name, parameter.default):
            label = f" ({parameter.label})" if parameter.label else ""
            findings.problem(
                ("steps", index, "uses"),
                "missing-parameter",
                f'step "{step.name}": {use.reference} needs a value for "{parameter.name}"{label}',
                f"add under with: {parameter.name}: ...",
            )
    if not blank_is_empty and use.values.keys() <= by_name.keys():
        _check_blank(index, step, use, pin, findings)


def _check_blank(index: int, step: Step, use: TemplateUse, pin: TemplatePin, findings: Findings) -> None:
    """Parameters that get no value from anywhere, and that nobody said to leave out."""
    blank = [
        parameter.name
        for parameter in pin.parameters
        if parameter.default is None and parameter.name not in use.values and not parameter.required
    ]
    if blank:
        names = ", ".join(f'"{name}"' for name in blank)
        findings.warning(
            ("steps", index, "uses"),
            "parameter-without-value",
            f'step "{step.name}": {use.reference} gets no value for {names}, which has no default either'
            if len(blank) == 1
            else f'step "{step.name}": {use.reference} gets no values for {names}, which have no defaults either',
            f"Add under with: {blank[0]}: ..., or {blank[0]}: null to leave it out.",
        )


def check_value(index: int, step: Step, pin: TemplatePin, value: PlannedValue, findings: Findings) -> None:
    """A given value against its parameter's rules; what is known at run time only is not checked."""
    parameter = next((p for p in pin.parameters if p.name == value.name), None)
    if parameter is None or value.missing or value.value is None:
        return
    complaint = violation(parameter, value.value)
    if parameter.required and not value.value:
        # An empty text in the process has been told as missing; this one came to nothing.
        complaint = "it must not be empty" if _written(step, value.name) else None
    if complaint is not None:
        shown = MASK if value.sensitive else value.value
        findings.problem(
            ("steps", index, "with", value.name),
            "parameter-value",
            f'step "{step.name}": "{value.name}" is "{shown}", but {complaint}',
        )


def violation(parameter: Parameter, value: str) -> str | None:
    """What a value breaks of its parameter's rules, as the end of a sentence; None if nothing."""
    if parameter.pattern is not None and not _matches(parameter.pattern, value):
        return f"it must match {parameter.pattern}"
    if parameter.minimum is None and parameter.maximum is None:
        return None
    number = _number(value)
    if number is None:
        return "it must be a number"
    if parameter.minimum is not None and number < parameter.minimum:
        return f"it must be at least {parameter.minimum:g}"
    if parameter.maximum is not None and number > parameter.maximum:
        return f"it must be at most {parameter.maximum:g}"
    return None


def _written(step: Step, name: str) -> str | None:
    """What the process gives to a parameter."""
    return step.action.values.get(name) if isinstance(step.action, TemplateUse) else None


def _number(value: str) -> float | None:
    try:
        return None if "_" in value else read_number(value.strip())
    except ValueError:
        return None


def _matches(pattern: str, value: str) -> bool:
    """Whether all of `value` matches. Patterns come from outside: they get a second, not forever."""
    import regex

    try:
        return regex.fullmatch(pattern, value, timeout=_PATTERN_SECONDS) is not None
    except (regex.error, TimeoutError):
        return False
