"""The output variables of a run, and which of them an action sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from runner.plan import PlannedAction, PlannedStep
from runner.variables.binding import OutputValue

_Key = tuple[str, str | None, str]


@dataclass
class Outputs:
    """What the actions of a run have set.

    An action sees what the steps of earlier groups set, in the order of the plan, and what was set before it on its own
    lane; not what steps beside it set meanwhile, which would be a matter of luck.
    """

    earlier: dict[_Key, OutputValue] = field(default_factory=dict)
    _of_lanes: dict[tuple[str, str | None], dict[_Key, OutputValue]] = field(default_factory=dict)

    def add(self, action: PlannedAction, outputs: Iterable[OutputValue]) -> None:
        """Note what an attempt of an action has set."""
        lane = self._of_lanes.setdefault(_lane(action), {})
        lane.update(((output.action, output.target, output.name), output) for output in outputs)

    def end_step(self, step: PlannedStep) -> None:
        """A step has ended: later groups see what it set."""
        for actions in step.lanes:
            self.earlier.update(self._of_lanes.pop(_lane(actions[0]), {}))

    def restore(
        self, actions: Iterable[tuple[PlannedAction, Sequence[OutputValue]]], ended: Iterable[PlannedStep]
    ) -> None:
        """What a run had set before; `ended` are the steps that have ended."""
        for action, outputs in actions:
            self.add(action, outputs)
        for step in ended:
            self.end_step(step)

    def seen_by(self, action: PlannedAction, before: Iterable[OutputValue]) -> list[OutputValue]:
        """What an action sees; `before` is what `earlier` held when its group began."""
        return [*before, *self._of_lanes.get(_lane(action), {}).values()]


def _lane(action: PlannedAction) -> tuple[str, str | None]:
    return action.step, action.target.name if action.target else None
