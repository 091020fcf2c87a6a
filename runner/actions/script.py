"""The script action: `Octopus.Script`, and scripts written into a process.

The names of the properties stand in `registry.template.octopus`; docs/script-contract.md tells users what a script
finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.model import StepTemplate
from registry.template.octopus import SCRIPT_BODY, SCRIPT_SOURCE, SCRIPT_SYNTAX
from runner.model import InlineScript

ACTION_TYPES = frozenset({"Octopus.Script"})

SHELL_SYNTAX = {"bash": "Bash", "python": "Python", "sh": "sh"}
_RUNNABLE = ("Bash", "Python")
# Where a template has one body per language, the first of these that is there wins on Linux.
_PREFERENCE = ("Bash", "Python", "CSharp", "PowerShell")


class NotRunnableError(ValueError):
    """A template that this version cannot run; the message says why, the hint what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class ScriptAction:
    """`body` as stored. `warning` tells of something assumed, for the plan."""

    syntax: str
    body: str
    properties: Mapping[str, str]
    warning: str | None = None


def from_inline(script: InlineScript, properties: Mapping[str, str]) -> ScriptAction:
    """The action of a `run` step."""
    syntax = SHELL_SYNTAX[script.shell]
    return ScriptAction(syntax, script.body, {SCRIPT_SYNTAX: syntax, **properties})


def from_template(template: StepTemplate, overrides: Mapping[str, str]) -> ScriptAction:
    """The action of a template. Raises NotRunnableError."""
    if template.action_type not in ACTION_TYPES:
        raise NotRunnableError(
            f'has the action type "{template.action_type}", which Treadle cannot run yet',
            f"runnable action types: {', '.join(sorted(ACTION_TYPES))}",
        )
    if template.packages:
        raise NotRunnableError(
            "needs packages, which Treadle cannot provide yet", "choose a template without"
        )
    properties = {name: value for name, value in template.properties.items() if value is not None}
    properties |= overrides
    if properties.get(SCRIPT_SOURCE, "Inline") != "Inline":
        raise NotRunnableError(
            f'takes its script from "{properties[SCRIPT_SOURCE]}", which Treadle cannot do yet',
            "choose a template with an inline script",
        )
    syntax, body, warning = _script(properties)
    if syntax not in _RUNNABLE:
        raise NotRunnableError(
            f"is written in {syntax}, which Treadle cannot run yet",
            f"runnable: {', '.join(_RUNNABLE)}; find some with: treadle search ... --syntax bash",
        )
    return ScriptAction(syntax, body, properties, warning)


def _script(properties: Mapping[str, str]) -> tuple[str, str, str | None]:
    """Syntax and body, as Calamari picks them: per-language bodies first, then the one with its syntax."""
    for syntax in _PREFERENCE:
        body = properties.get(f"{SCRIPT_BODY}[{syntax}]")
        if body is not None:
            return syntax, body, None
    body = properties.get(SCRIPT_BODY)
    if body is None:
        raise NotRunnableError("has no script body", "see it with: treadle show REF --script")
    if SCRIPT_SYNTAX in properties:
        return properties[SCRIPT_SYNTAX], body, None
    return "Bash", body, "names no script syntax; Bash is assumed"
