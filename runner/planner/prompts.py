"""Prompted variables: which of them a plan needs an answer for, and whether an answer will do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from registry.errors import NotFound
from registry.model import Parameter
from registry.suggest import did_you_mean
from runner.model import MASK
from runner.plan import PlannedPrompt, PlannedValue
from runner.planner.choices import Inputs, folded
from runner.planner.findings import Findings
from runner.planner.rules import violation
from runner.project import Project, Variable
from runner.variables.readers import ReadingText, is_read


@dataclass(frozen=True)
class Prompted:
    """The prompted variables of a project that nobody gave a value."""

    project: Project
    inputs: Inputs
    _found: dict[str, PlannedPrompt] = field(default_factory=dict, repr=False)

    @property
    def found(self) -> tuple[PlannedPrompt, ...]:
        """Those that were read, by their labels."""
        return tuple(sorted(self._found.values(), key=lambda one: label_of(one.parameter).casefold()))

    def note(self, values: Iterable[PlannedValue], texts: Sequence[ReadingText]) -> None:
        """Take down those that the texts of an action may read, by way of its other values too."""
        if not self.open:
            return
        open_ = [one for one in self.open if one.name not in self._found]
        contents: Mapping[str, str | None] = {value.name: value.text for value in values}
        for variable in open_:
            if variable.prompt is not None and is_read(variable.name, texts, contents):
                self._found[variable.name] = PlannedPrompt(variable.prompt, contents.get(variable.name))

    def missing(self, variable: Variable, content: str | None) -> NotFound | None:
        """Why a variable cannot do with the value that it has by itself; None where it can, or will be asked for."""
        prompt = variable.prompt
        if prompt is None or self.inputs.ask or (content or "").strip() or not prompt.required:
            return None
        label = f" ({prompt.label})" if prompt.label else ""
        message = f'"{variable.name}"{label} has to be given: only a terminal asks for it'
        return NotFound(
            "variable-not-given", message, f"Give it with --var {variable.name}=..., or --values FILE."
        )

    @cached_property
    def open(self) -> list[Variable]:
        """The prompted variables that nobody gave a value."""
        given = folded(self.inputs.variables)
        return [
            variable
            for variable in self.project.variables
            if variable.prompt is not None and variable.name.casefold() not in given
        ]


def check_answers(inputs: Inputs, project: Project, findings: Findings) -> None:
    """The values that were given to prompted variables, as far as they are written out."""
    given = {name.casefold(): value for name, value in inputs.variables.items()}
    for variable in project.variables:
        value = given.get(variable.name.casefold())
        if variable.prompt is None or value is None or "#{" in value:
            continue
        complaint = answer_complaint(variable.prompt, value)
        if complaint is not None:
            shown = MASK if variable.sensitive else value
            options = [option for option, _ in variable.prompt.options]
            hint = did_you_mean(value, options) if options and value else None
            message = f'"{variable.name}" is "{shown}", but {complaint}'
            findings.variable(variable.name, "variable-value", message, hint)


def answer_complaint(prompt: Parameter, value: str) -> str | None:
    """Why a value will not do, as the end of a sentence; None if it will."""
    if not value.strip():
        return "it must not be blank" if prompt.required else None
    return violation(prompt, value)


def label_of(prompt: Parameter) -> str:
    """What people are asked for."""
    return prompt.label or prompt.name
