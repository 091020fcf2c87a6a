"""A step that uses a template, as YAML for people to fill in.

What the template's author wrote becomes comments and quoted texts; nothing of it can become a key or a step.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from registry.model import ControlType, Parameter, Reference, StepTemplate
from registry.text.visible import visible_line
from registry.text.yaml_edit import scalar

_WIDTH = 92
_LONGEST_TEXT = 400
_LONGEST_DEFAULT = 60


@dataclass(frozen=True, slots=True)
class StepSnippet:
    """A step's lines, the first of which begins with the dash of its list.

    data: what they say
    inputs: the parameters that the user has to fill in
    """

    lines: tuple[str, ...]
    data: dict[str, object]
    inputs: tuple[str, ...]


def step_snippet(
    template: StepTemplate, reference: Reference, name: str, *, optional: bool = True
) -> StepSnippet:
    """A step of that name. Inputs that need a value are empty, their help beside them; with `optional` those that
    have a default follow as comments."""
    needed = needed_parameters(template)
    others = [parameter for parameter in template.parameters if optional and parameter not in needed]
    lines = [f"- name: {scalar(name)}", f"  uses: {scalar(str(reference))}"]
    data: dict[str, object] = {"name": name, "uses": str(reference)}
    if needed:
        lines.append("  with:")
        data["with"] = {parameter.name: _first_value(parameter) for parameter in needed}
    elif others:
        lines.append("  # with:")
    for parameter in needed:
        lines += (f"    # {line}" for line in _about(parameter))
        lines.append(f"    {scalar(parameter.name)}: {scalar(_first_value(parameter))}")
    for parameter in others:
        lines += (f"    # {line}" for line in _about(parameter))
        lines.append(f"    # {scalar(parameter.name)}: {_default(parameter)}")
    return StepSnippet(tuple(lines), data, tuple(parameter.name for parameter in needed))


def needed_parameters(template: StepTemplate) -> list[Parameter]:
    """The parameters that a step has to give a value.

    Those that are required, where a template says so of any. Octopus has no word for it: there, those without a
    default that their help does not call optional.
    """
    blank = [parameter for parameter in template.parameters if not parameter.default]
    if any(parameter.required for parameter in template.parameters):
        return [parameter for parameter in blank if parameter.required]
    return [parameter for parameter in blank if not _is_called_optional(parameter)]


def _is_called_optional(parameter: Parameter) -> bool:
    return "optional" in f"{parameter.label} {parameter.help}".casefold()


def _first_value(parameter: Parameter) -> str:
    return "False" if parameter.control == ControlType.CHECKBOX else ""


def _default(parameter: Parameter) -> str:
    """The default as YAML; the beginning of a long one, which nobody would type again."""
    default = parameter.default or ""
    short = default if len(default) <= _LONGEST_DEFAULT else f"{default[:_LONGEST_DEFAULT]}…"
    return scalar(short)


def _about(parameter: Parameter) -> Iterator[str]:
    """What somebody who fills it in has to know: its first words of help, and its rules."""
    words = (parameter.help or "").strip().partition("\n\n")[0] or parameter.label or ""
    plain = " ".join(visible_line(" ".join(words[:_LONGEST_TEXT].split())).split())
    ending = "…" if len(words) > _LONGEST_TEXT else ""
    yield from textwrap.wrap(plain + ending, _WIDTH, break_on_hyphens=False)
    if rules := "; ".join(parameter_rules(parameter)):
        yield from textwrap.wrap(visible_line(rules), _WIDTH, break_on_hyphens=False)


def parameter_rules(parameter: Parameter) -> Iterator[str]:
    """What a value has to keep to, rule by rule."""
    if parameter.required:
        yield "required"
    if parameter.sensitive:
        yield "secret: refer to a sensitive variable"
    if parameter.options:
        yield f"one of: {', '.join(value for value, _ in parameter.options)}"
    yield from parameter.limits
