"""Values that a person at the terminal gives: one question, asked until the answer will do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace

from registry.cli.output import ask, tell
from registry.model import ControlType, Parameter
from runner.plan import PlannedPrompt
from runner.planner import Inputs

Complaint = Callable[[str], str | None]
"""Why an answer will not do, as the end of a sentence; None if it will."""

_END = "."
"""Alone on a line, it ends a value of several lines."""


def can_ask() -> bool:
    """Whether a person reads and writes here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_value(parameter: Parameter, proposed: str | None, complain: Complaint) -> str:
    """The answer of a person, asked until it will do. Enter keeps what is proposed, else the parameter's default."""
    if parameter.help:
        tell(f"  {parameter.help.strip()}")
    for value, label in parameter.options:
        tell(f"    {value}" + (f"  {label}" if label != value else ""))
    if parameter.control == ControlType.CHECKBOX:
        tell("    True or False")
    while True:
        value = _answer(parameter, proposed if proposed is not None else parameter.default or "")
        complaint = complain(value)
        if complaint is None:
            return value
        shown = "That" if parameter.sensitive else f'"{value}"'
        tell(f"  {shown} will not do: {complaint}.")


def ask_parameter(parameter: Parameter, proposed: str | None = None) -> str:
    """The answer of a person that keeps to what the parameter asks for; expressions are taken as they are."""
    from runner.planner.prompts import answer_complaint

    def complain(value: str) -> str | None:
        return None if "#{" in value else answer_complaint(parameter, value)

    return ask_value(parameter, proposed, complain)


def with_answers(inputs: Inputs, prompts: Iterable[PlannedPrompt]) -> Inputs:
    """The inputs with what a person answers to each prompt."""
    from runner.planner.prompts import label_of

    values, origins = dict(inputs.variables), dict(inputs.origins)
    for prompt in prompts:
        parameter = prompt.parameter
        tell(f"{label_of(parameter)}:")
        values[parameter.name] = ask_parameter(parameter, prompt.proposed)
        origins[parameter.name] = "asked"
    return replace(inputs, variables=values, origins=origins, ask=False)


def _answer(parameter: Parameter, kept: str) -> str:
    question = f"  {parameter.label or parameter.name}"
    if parameter.control != ControlType.MULTI_LINE:
        return ask(question, default=kept, hidden=parameter.sensitive)
    tell(f"  Several lines; {_END} alone on a line ends them.")
    lines: list[str] = []
    while (line := ask(question, default="" if lines else kept)) != _END:
        lines.append(line)
        if not lines[:-1] and line == kept and kept:
            break  # a lone Enter keeps what is proposed, all of it
    return "\n".join(lines)
