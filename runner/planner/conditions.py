"""Conditions that an expression decides: what they read, and what the plan knows of their answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from runner.model import Condition, Rules, SkipReason
from runner.octostache import OctostacheError, variable_names
from runner.plan import Expression, PlannedAction, PlannedValue
from runner.variables.binding import bind
from runner.variables.system import is_of_a_step, of_the_run


def condition_of(rules: Rules, variables: Sequence[PlannedValue]) -> Expression | None:
    """The expression of a step or an action with these variables; None where another condition decides."""
    if rules.condition is not Condition.VARIABLE:
        return None
    reads = _reads(rules.when, variables)
    if any(_is_open(name, variables) for name in reads):
        return Expression(rules.when, reads)
    try:
        holds = bind(variables, ()).scope.evaluate_truthy(rules.when)
    except OctostacheError:
        return Expression(rules.when, reads)  # the run reports what is wrong with it
    return Expression(rules.when, reads, holds)


def without_false_conditions(action: PlannedAction) -> PlannedAction:
    """The action, skipped if the plan knows that one of its conditions does not hold."""
    for expression in (action.gate, action.when):
        if expression is not None and expression.holds is False:
            return replace(action, skip=SkipReason.VARIABLE, skip_detail=f"{expression.text} does not hold")
    return action


def _reads(text: str, variables: Iterable[PlannedValue]) -> tuple[str, ...]:
    """The variables that a text reads, and those that these read in turn, each once."""
    texts = {value.name.casefold(): value.text for value in variables}
    found: dict[str, str] = {}
    wanted = [text]
    while wanted:
        for name in _names_in(wanted.pop()):
            if name.casefold() not in found:
                found[name.casefold()] = name
                wanted.append(texts.get(name.casefold()) or "")
    return tuple(found.values())


def _names_in(text: str) -> list[str]:
    try:
        return variable_names(text)
    except OctostacheError:
        return []


def _is_open(name: str, variables: Iterable[PlannedValue]) -> bool:
    """Whether only the run knows a variable: it is the run's own, or its index is."""
    if is_of_a_step(name) or of_the_run(name):
        return True
    # `Octopus.Action[#{...}].Output.X` reads `Octopus.Action`: what of it, its index says.
    return name.casefold() in ("octopus.action", "octopus.step")
