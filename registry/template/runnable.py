"""Which script of a template runs, or why none does: one decision for plans, searches and lists.

The index keeps the answer for every template, so whoever changes it raises `registry.index.database.INDEX_FORMAT`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.model import StepTemplate
from registry.template.octopus import SCRIPT_BODY, SCRIPT_SOURCE, SCRIPT_SYNTAX

RUNNABLE_ACTION_TYPES = frozenset({"Octopus.Script"})
RUNNABLE_SYNTAXES = ("Bash", "PowerShell", "Python")

# Where a template has one body per language, the first of these that is there wins on Linux.
_PREFERENCE = ("Bash", "Python", "CSharp", "PowerShell")
_DEFAULT_SYNTAX = "Bash"
_DEFAULT_SYNTAXES = {"Octopus.AzurePowerShell": "PowerShell"}


@dataclass(frozen=True, slots=True)
class ChosenScript:
    """`body` as stored; `assumed` says that the template names no syntax."""

    syntax: str
    body: str
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a template cannot run.

    reason: a phrase for "it ...", such as `is written in PowerShell`
    hint: the next step
    """

    reason: str
    hint: str


def obstacle(template: StepTemplate) -> Obstacle | None:
    """Why a template cannot run; None for one that can."""
    chosen = choose_script(template)
    return chosen if isinstance(chosen, Obstacle) else None


def choose_script(
    template: StepTemplate, overrides: Mapping[str, str] | None = None
) -> ChosenScript | Obstacle:
    """The script that a step runs which uses the template, its properties replaced by `overrides`."""
    if template.action_type not in RUNNABLE_ACTION_TYPES:
        return Obstacle(
            f'has the action type "{template.action_type}"',
            f"Action types that run: {', '.join(sorted(RUNNABLE_ACTION_TYPES))}.",
        )
    if template.packages:
        return Obstacle("needs packages", "Choose a template that needs none.")
    properties = {name: value for name, value in template.properties.items() if value is not None}
    properties |= overrides or {}
    source = properties.get(SCRIPT_SOURCE, "Inline")
    if source != "Inline":
        return Obstacle(f'takes its script from "{source}"', "Choose a template with an inline script.")
    chosen = _script(properties, template.action_type)
    if chosen is None:
        return Obstacle("has no script", "See what it has with `treadle show REF --json`.")
    if chosen.syntax not in RUNNABLE_SYNTAXES:
        languages = f"{', '.join(RUNNABLE_SYNTAXES[:-1])} and {RUNNABLE_SYNTAXES[-1]}"
        return Obstacle(
            f"is written in {chosen.syntax}",
            f"{languages} scripts run: find some with `treadle search WORDS --runnable`.",
        )
    return chosen


def written_script(template: StepTemplate) -> ChosenScript | None:
    """The script of a template, in whatever language and for whatever kind of action; None where it has none."""
    properties = {name: value for name, value in template.properties.items() if value is not None}
    return _script(properties, template.action_type)


def _script(properties: Mapping[str, str], action_type: str) -> ChosenScript | None:
    """As Calamari picks: bodies for one language first, then the one with its syntax."""
    for syntax in _PREFERENCE:
        body = properties.get(f"{SCRIPT_BODY}[{syntax}]")
        if body is not None:
            return ChosenScript(syntax, body)
    body = properties.get(SCRIPT_BODY)
    if body is None:
        return None
    written = properties.get(SCRIPT_SYNTAX)
    default = _DEFAULT_SYNTAXES.get(action_type, _DEFAULT_SYNTAX)
    return ChosenScript(written or default, body, assumed=not written)
