"""What a template says about its parameters, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence

from registry.errors import UserError
from registry.model import ControlType, Parameter, Problem, Reference, ResolvedTemplate
from registry.suggest import did_you_mean, suggest
from registry.text.numbers import read_number
from registry.text.patterns import PatternError, compile_untrusted, shortened
from runner.model import MASK, Action, Process, TemplateUse
from runner.plan import OriginKind, PlannedValue, TemplatePin, ValueOrigin
from runner.planner.choices import either
from runner.planner.findings import Findings
from runner.planner.names import Resolve, check_template_outputs
from runner.project import Project
from runner.variables.readers import mentions


def pin_template(reference: Reference, resolved: ResolvedTemplate) -> TemplatePin:
    """The template that a reference means, as far as a plan keeps it."""
    template = resolved.template
    return TemplatePin(
        reference=str(reference),
        id=template.id,
        name=template.name,
        version=template.version,
        action_type=template.action_type,
        provenance=resolved.provenance,
        parameters=template.parameters,
        patches=resolved.patches,
    )


def check_given(
    action: Action, use: TemplateUse, pin: TemplatePin, findings: Findings, blank_is_empty: bool
) -> None:
    """The names that a step gives values to, and those that it should."""
    by_name = {parameter.name: parameter for parameter in pin.parameters}
    for name, value in use.values.items():
        at = (*action.at, "with", name)
        parameter = by_name.get(name)
        if parameter is None:
            findings.problem(
                at,
                "unknown-parameter",
                f'{action.label}: {use.reference} has no parameter "{name}"',
                suggest(name, by_name),
            )
        elif parameter.sensitive and value and "#{" not in value:
            findings.warning(
                at,
                "plain-secret",
                f'{action.label}: "{name}" is sensitive, but its value stands here in clear',
                f'Refer to a sensitive variable: `{name}: "#{{My.Secret}}"`.',
            )
    for parameter in pin.parameters:
        if parameter.required and not use.values.get(parameter.name, parameter.default):
            label = f" ({parameter.label})" if parameter.label else ""
            findings.problem(
                (*action.at, "uses"),
                "missing-parameter",
                f'{action.label}: {use.reference} needs a value for "{parameter.name}"{label}',
                f"Add `{parameter.name}: ...` under with.",
            )
    if not blank_is_empty and use.values.keys() <= by_name.keys():
        _check_blank(action, use, pin, findings)


def _check_blank(action: Action, use: TemplateUse, pin: TemplatePin, findings: Findings) -> None:
    """Parameters that get no value from anywhere, and that nobody said to leave out."""
    blank = [
        parameter.name
        for parameter in pin.parameters
        if parameter.default is None and parameter.name not in use.values and not parameter.required
    ]
    if blank:
        names = ", ".join(f'"{name}"' for name in blank)
        findings.warning(
            (*action.at, "uses"),
            "parameter-without-value",
            f"{action.label}: {use.reference} gets no value for {names}, which has no default either"
            if len(blank) == 1
            else f"{action.label}: {use.reference} gets no values for {names}, which have no defaults either",
            f"Add `{blank[0]}: ...` under with, or `{blank[0]}: null` to leave it out.",
        )


def value_problems(process: Process, project: Project, resolve: Resolve) -> list[Problem]:
    """What is wrong with the values that the steps of a process give to templates, as far as they are written out.

    Templates that `resolve` cannot find are left to the plan.
    """
    findings = Findings(process, project)
    for action in process.actions:
        if not isinstance(action.does, TemplateUse):
            continue
        try:
            pin = pin_template(action.does.reference, resolve(action.does.reference))
        except UserError:
            continue
        check_given(action, action.does, pin, findings, process.blank_parameters_empty)
        _check_collisions(action, action.does, pin, findings)
        for name, text in action.does.values.items():
            if text is not None and "#{" not in text:
                origin = ValueOrigin(OriginKind.GIVEN)
                sensitive = any(p.sensitive for p in pin.parameters if p.name == name)
                check_value(action, pin, PlannedValue(name, text, origin, sensitive, text), findings)
    check_template_outputs(process, resolve, findings)
    return [*findings.problems, *findings.warnings]


def _check_collisions(action: Action, use: TemplateUse, pin: TemplatePin, findings: Findings) -> None:
    """Parameters that have the name of a project variable, which they hide: somebody may think that they read it."""
    variables = {variable.name.casefold(): variable for variable in findings.project.variables}
    for parameter in pin.parameters:
        variable = variables.get(parameter.name.casefold())
        given = use.values.get(parameter.name)
        if variable is None or (given is not None and mentions(given, variable.name)):
            continue
        key = ("with", parameter.name) if parameter.name in use.values else ("uses",)
        message = (
            f'{action.label}: the parameter "{parameter.name}" of {use.reference} has the name of a variable'
            f" of the project ({variable.place}), which the template does not see"
        )
        hint = f'To pass the variable on, write {parameter.name}: "#{{{variable.name}}}"; else rename it.'
        findings.warning((*action.at, *key), "parameter-collision", message, hint)


def check_value(action: Action, pin: TemplatePin, value: PlannedValue, findings: Findings) -> None:
    """A given value against its parameter's rules; what is known at run time only is not checked."""
    parameter = next((p for p in pin.parameters if p.name == value.name), None)
    if parameter is None or value.missing or value.value is None:
        return
    bound = "#{" in (_written(action, value.name) or "")  # what it comes to is often another text in the run
    complaint = (_breach if bound else violation)(parameter, value.value)
    if parameter.required and not value.value:
        # An empty text in the process has been told as missing; this one came to nothing.
        complaint = "it must not be empty" if _written(action, value.name) else None
    if complaint is not None:
        shown = MASK if value.sensitive else value.value
        findings.problem(
            (*action.at, "with", value.name),
            "parameter-value",
            f'{action.label}: "{value.name}" is "{shown}", but {complaint}',
            None if value.sensitive or not value.value else did_you_mean(value.value, _choices(parameter)),
        )


def violation(parameter: Parameter, value: str) -> str | None:
    """What a value breaks of its parameter's rules, as the end of a sentence; None if nothing."""
    choices = _choices(parameter)
    if choices and not _is_choice(parameter, value, choices):
        return f"it must be {either(choices)}"
    return _breach(parameter, value)


def _breach(parameter: Parameter, value: str) -> str | None:
    """What a value breaks of its parameter's pattern and bounds."""
    mismatch = None if parameter.pattern is None else _mismatch(parameter.pattern, value)
    if mismatch is not None:
        return mismatch
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


def _choices(parameter: Parameter) -> list[str]:
    """The only values that a parameter has; none where any text will do."""
    if parameter.control == ControlType.CHECKBOX:
        return ["True", "False"]
    return [option for option, _ in parameter.options] if parameter.control == ControlType.SELECT else []


def _is_choice(parameter: Parameter, value: str, choices: Sequence[str]) -> bool:
    """A Checkbox may be written in any case; what is empty by default may be given as empty."""
    if not value and not parameter.default:
        return True
    if parameter.control == ControlType.CHECKBOX:
        return value.strip().casefold() in ("true", "false")
    return value in choices


def _written(action: Action, name: str) -> str | None:
    """What the process gives to a parameter."""
    return action.does.values.get(name) if isinstance(action.does, TemplateUse) else None


def _number(value: str) -> float | None:
    try:
        return None if "_" in value else read_number(value.strip())
    except ValueError:
        return None


def _mismatch(pattern: str, value: str) -> str | None:
    """Why `value` does not match; None if all of it does."""
    try:
        return None if compile_untrusted(pattern).matches(value) else f"it must match {pattern}"
    except PatternError as error:
        return f"its pattern {shortened(pattern)} cannot be used: {error}"
    except TimeoutError:
        return f"its pattern {shortened(pattern)} takes longer than a second on it"
