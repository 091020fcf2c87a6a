"""A process of one step that uses a template: to try that template with nothing written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from registry.errors import Invalid
from registry.model import Parameter, Problem, ResolvedTemplate
from registry.suggest import did_you_mean
from runner.model import Action, Process, Step, TemplateUse

FILE = "treadle try"
"""What messages call the process, which stands in no file."""


def trial_process(template: ResolvedTemplate, use: TemplateUse, roles: Sequence[str]) -> Process:
    """The process; `roles` are those of the target to run on, none for the worker."""
    name = template.template.name.strip() or use.reference.slug
    return Process(name, (Step(name, (Action(name, use),), tuple(roles)),), FILE)


def values_by_parameter(given: Mapping[str, str], parameters: Sequence[Parameter]) -> dict[str, str]:
    """The values by the names as the template writes them; case does not count. Raises Invalid for other names."""
    names = {parameter.name.casefold(): parameter.name for parameter in parameters}
    problems = [
        Problem(
            f'the template has no parameter "{name}"',
            "unknown-parameter",
            name,
            did_you_mean(name, list(names.values())) or _known(parameters),
        )
        for name in given
        if name.casefold() not in names
    ]
    if problems:
        raise Invalid.of("unknown-parameter", FILE, problems)
    return {names[name.casefold()]: value for name, value in given.items()}


def refuse_missing(given: Mapping[str, str], parameters: Sequence[Parameter]) -> None:
    """Raises Invalid with every parameter that must have a value and has none."""
    problems = [
        Problem(
            f'"{parameter.name}"{f" ({parameter.label})" if parameter.label else ""} needs a value',
            "missing-parameter",
            parameter.name,
            f"Add `-p {parameter.name}=...`.",
        )
        for parameter in parameters
        if parameter.required and not given.get(parameter.name, parameter.default)
    ]
    if problems:
        raise Invalid.of("missing-parameter", FILE, problems)


def refuse_plain_secrets(plain: Sequence[str], parameters: Sequence[Parameter]) -> None:
    """Raises Invalid for a secret that stood on the command line, where process lists show it."""
    for parameter in parameters:
        if parameter.sensitive and parameter.name in plain:
            message = f'"{parameter.name}" is sensitive; a plain value would show in process lists'
            hint = f"Use `-p {parameter.name}=@FILE` or `-p {parameter.name}=-` (standard input)."
            raise Invalid("secret-on-command-line", message, hint)


def _known(parameters: Sequence[Parameter]) -> str:
    names = ", ".join(parameter.name for parameter in parameters)
    return f"It has: {names}." if names else "It has none."
