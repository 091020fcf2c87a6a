"""The order of a process: which steps run beside each other, and what has ended when one begins."""

from __future__ import annotations

from collections.abc import Sequence

from runner.model import Action, Process, Step


def group_numbers(steps: Sequence[Step]) -> list[int]:
    """For each step the number of its group, from 0: one that starts with the previous step joins that one's."""
    groups: list[int] = []
    for step in steps:
        last = groups[-1] if groups else -1
        groups.append(last if step.with_previous and groups else last + 1)
    return groups


def names_before(process: Process, action: Action) -> list[str]:
    """The steps and actions that have ended when an action begins, in order: all of earlier groups, and those before
    it in its own step."""
    groups = group_numbers(process.steps)
    own = action.at[1] if len(action.at) > 1 else 0
    assert isinstance(own, int), "an action is one of a list of steps"
    names: list[str] = []
    for step, group in zip(process.steps, groups, strict=True):
        if group < groups[own]:
            names += _names(step, step.actions)
    step = process.steps[own]
    return names + [other.name for other in step.actions[: _place(step, action)]]


def all_names(process: Process) -> list[str]:
    """The names of all steps and actions, in order, each once."""
    return list(dict.fromkeys(name for step in process.steps for name in _names(step, step.actions)))


def _place(step: Step, action: Action) -> int:
    """Where in its step an action stands."""
    last = action.at[-1]
    return last if len(action.at) > 2 and isinstance(last, int) else 0


def _names(step: Step, actions: Sequence[Action]) -> list[str]:
    return list(dict.fromkeys((step.name, *(action.name for action in actions))))
