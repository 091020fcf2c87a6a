"""What actions do in a run: scripts in containers, with what the run knows when they begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from runner.execution.action import ActionEnd, ActionServices, Cancellation, run_action
from runner.execution.scheduler import Surroundings
from runner.model import StepResult
from runner.plan import Expression, PlannedAction, PlannedValue
from runner.variables.binding import bind, output_values, strongest

RunValues = Callable[[Sequence[StepResult]], list[PlannedValue]]


@dataclass
class ContainerWork:
    """See `runner.execution.scheduler.Work`.

    run_values: the system variables that only the run knows, from the steps that have ended
    environment: the environment of an action's image
    clean_up: for actions after a cancellation, which it does not stop
    """

    services: ActionServices
    run_values: RunValues
    environment: Callable[[PlannedAction], list[PlannedValue]]
    clean_up: Cancellation = field(default_factory=Cancellation)

    def run(self, action: PlannedAction, attempt: int, around: Surroundings) -> ActionEnd:
        services = self.services
        if around.after_cancel:
            services = replace(services, cancellation=self.clean_up)
        return run_action(action, self._values(action, around), services, attempt)

    def holds(self, action: PlannedAction, expression: Expression, around: Surroundings) -> bool:
        variables = strongest([*self._values(action, around), *action.variables])
        return bind(variables, ()).scope.evaluate_truthy(expression.text)

    def give_up(self, action: PlannedAction) -> None:
        self.services.pool.skip(action)

    def abandon(self) -> None:
        self.services.cancellation.abandon()
        self.clean_up.abandon()

    def _values(self, action: PlannedAction, around: Surroundings) -> list[PlannedValue]:
        target = action.target.name if action.target else None
        outputs = output_values(around.outputs, target)
        return [*self.run_values(around.results), *outputs, *self.environment(action)]
