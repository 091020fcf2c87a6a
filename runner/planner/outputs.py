"""Outputs that several targets may set, read without saying whose: the last one in the order of targets counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model import Action, Process
from runner.plan import PlannedStep
from runner.planner.findings import Findings
from runner.planner.names import texts_of
from runner.variables.names import offset_of
from runner.variables.readers import steps_read


def check_outputs_of_several(process: Process, steps: Sequence[PlannedStep], findings: Findings) -> None:
    """Warn where a step reads an output that several targets set, somewhere that is none of them."""
    several: dict[str, list[str]] = {}
    for step, planned in zip(process.steps, steps, strict=True):
        for action in step.actions:
            places = [
                one.target.name if one.target else None for one in planned.actions if one.name == action.name
            ]
            _check_action(action, set(places), several, findings)
            targets = [place for place in places if place is not None]
            if len(targets) > 1:
                several[action.name.casefold()] = targets


def _check_action(
    action: Action, where: set[str | None], several: Mapping[str, Sequence[str]], findings: Findings
) -> None:
    """`where` the action runs; `several`: the targets of earlier actions that have more than one, by folded name."""
    for at, what, text in texts_of(action) if several else ():
        for read in steps_read(text):
            targets = several.get(read.step.casefold(), [])
            if not targets or not read.output or read.of_a_target or where <= set(targets):
                continue
            message = (
                f'{action.label}: {what} reads "{read.name}", which {len(targets)} targets may set;'
                f" the last one counts: {targets[-1]}"
            )
            hint = f"Say whose: Octopus.Action[{read.step}].Output[{targets[0]}].{read.output}."
            offset = offset_of(read.name, text.text)
            findings.expression(at, text.text, offset, "output-of-several", message, hint)
