"""Outputs that several targets may set, read without saying whose: the last one in the order of targets counts."""

from __future__ import annotations

from collections.abc import Sequence

from runner.model import Process
from runner.plan import PlannedStep
from runner.planner.findings import Findings
from runner.planner.names import texts_of
from runner.variables.names import offset_of
from runner.variables.readers import steps_read


def check_outputs_of_several(process: Process, steps: Sequence[PlannedStep], findings: Findings) -> None:
    """Warn where a step reads an output that several targets set, somewhere that is none of them."""
    several: dict[str, list[str]] = {}
    for index, (step, planned) in enumerate(zip(process.steps, steps, strict=True)):
        where = {action.target.name if action.target else None for action in planned.actions}
        for at, what, text in texts_of(index, step):
            for read in steps_read(text):
                targets = several.get(read.step.casefold(), [])
                if not targets or not read.output or read.of_a_target or where <= set(targets):
                    continue
                message = (
                    f'step "{step.name}": {what} reads "{read.name}", which {len(targets)} targets may set;'
                    f" the last one counts: {targets[-1]}"
                )
                hint = f"Say whose: Octopus.Action[{read.step}].Output[{targets[0]}].{read.output}."
                offset = offset_of(read.name, text.text)
                findings.expression(at, text.text, offset, "output-of-several", message, hint)
        targets = [action.target.name for action in planned.actions if action.target]
        if len(targets) > 1:
            several[step.name.casefold()] = targets
