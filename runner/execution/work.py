"""What actions do in a run: scripts in containers, with what the run knows when they begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from runner.bootstrap.dictionary import is_true
from runner.execution.action import ActionEnd, ActionServices, end_before_start, run_action
from runner.execution.cancellation import Cancellation
from runner.execution.scheduler import Surroundings
from runner.model import MASK, StepResult
from runner.octostache import OctostacheError
from runner.plan import Expression, PlannedAction, PlannedValue
from runner.variables.binding import bind, output_values, strongest

Turn = Callable[[PlannedAction, Cancellation], AbstractContextManager[bool]]
"""Waits until an action may have its target for itself; False: the run was cancelled meanwhile."""

BESIDE_OTHERS = "OctopusBypassDeploymentMutex"
"""A variable: where it is true, an action does not wait for others on its target."""

RunValues = Callable[[Sequence[StepResult]], list[PlannedValue]]


@dataclass
class ContainerWork:
    """See `runner.execution.scheduler.Work`.

    run_values: the system variables that only the run knows, from the steps that have ended
    environment: the environment of an action's image
    turn: one action at a time on a target
    clean_up: for actions after a cancellation, which it does not stop
    """

    services: ActionServices
    run_values: RunValues
    environment: Callable[[PlannedAction], list[PlannedValue]]
    clean_up: Cancellation = field(default_factory=Cancellation)
    turn: Turn = lambda _action, _cancellation: nullcontext(True)

    def run(self, action: PlannedAction, attempt: int, around: Surroundings) -> ActionEnd:
        services = self.services
        if around.after_cancel:
            services = replace(services, cancellation=self.clean_up)
        values = self._values(action, around)
        if action.host is None or _may_run_beside_others(action):
            return run_action(action, values, services, attempt)
        with self.turn(action, services.cancellation) as granted:
            if granted:
                return run_action(action, values, services, attempt)
        self.give_up(action)
        return end_before_start(action, attempt, services)

    def holds(self, action: PlannedAction, expression: Expression, around: Surroundings) -> bool:
        variables = strongest([*self._values(action, around), *action.variables])
        return bind(variables, ()).scope.evaluate_truthy(expression.text)

    def text_of(self, action: PlannedAction, text: str, around: Surroundings) -> str:
        variables = strongest([*self._values(action, around), *action.variables])
        try:
            evaluated = bind(variables, ()).scope.evaluate(text, halt_on_error=False, conceal=MASK)
        except OctostacheError:
            return text
        return evaluated.text or text

    def give_up(self, action: PlannedAction) -> None:
        self.services.pool.skip(action)

    def abandon(self) -> None:
        self.services.cancellation.abandon()
        self.clean_up.abandon()

    def _values(self, action: PlannedAction, around: Surroundings) -> list[PlannedValue]:
        target = action.target.name if action.target else None
        outputs = output_values(around.outputs, target)
        image = [] if action.manual else self.environment(action)
        return [*self.run_values(around.results), *outputs, *image]


def _may_run_beside_others(action: PlannedAction) -> bool:
    return any(
        is_true(value.value)
        for value in action.variables
        if value.name.casefold() == BESIDE_OTHERS.casefold()
    )
