"""The script action: `Octopus.Script`, and scripts written into a process.

The names of the properties stand in `registry.template.octopus`; docs/script-contract.md tells users what a script
finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.model import StepTemplate
from registry.template.octopus import SCRIPT_SYNTAX
from registry.template.runnable import Obstacle, choose_script
from runner.model import InlineScript

SHELL_SYNTAX = {"bash": "Bash", "powershell": "PowerShell", "python": "Python", "sh": "sh"}


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
    chosen = choose_script(template, overrides)
    if isinstance(chosen, Obstacle):
        raise NotRunnableError(f"{chosen.reason}, so Treadle cannot run it yet", chosen.hint)
    properties = {name: value for name, value in template.properties.items() if value is not None}
    warning = f"names no script syntax; {chosen.syntax} is assumed" if chosen.assumed else None
    return ScriptAction(chosen.syntax, chosen.body, properties | dict(overrides), warning)
