"""The walk through a plan: step after step, each on its targets, until the end or the cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from runner.execution import events
from runner.execution.action import ActionEnd, ActionServices, run_action
from runner.model import ActionResult, Condition, SkipReason, Status, StepResult
from runner.plan import Plan, PlannedAction, PlannedStep, PlannedValue
from runner.variables.binding import OutputValue, output_values

RunValues = Callable[[list[StepResult]], list[PlannedValue]]


@dataclass
class Scheduler:
    """The state of one run: what has ended, and what it left for later steps.

    `run_values` gives the system variables that only the run knows, from the steps that have ended;
    `environments` gives an action's image environment.
    """

    plan: Plan
    services: ActionServices
    run_values: RunValues
    environments: Callable[[PlannedAction], list[PlannedValue]]
    results: list[StepResult] = field(default_factory=list)
    outputs: dict[tuple[str, str | None, str], OutputValue] = field(default_factory=dict)

    def run(self) -> list[StepResult]:
        """Run the plan. Raises EngineError and Unavailable: then `results` holds what had ended before."""
        for step in self.plan.steps:
            reason = self._why_not(step)
            result = self._skip(step, *reason) if reason else self._run(step)
            self.results.append(result)
        return self.results

    @property
    def failed(self) -> bool:
        return any(result.status is Status.FAILED for result in self.results)

    def _why_not(self, step: PlannedStep) -> tuple[SkipReason, str] | None:
        if self.services.cancellation.requested:
            return SkipReason.CANCELLED, "the run was cancelled"
        if step.skip is not None:
            return step.skip, step.skip_detail
        if step.condition is Condition.SUCCESS and self.failed:
            return SkipReason.CONDITION, "an earlier step failed"
        if step.condition is Condition.FAILURE and not self.failed:
            return SkipReason.CONDITION, "no earlier step failed"
        return None

    def _skip(self, step: PlannedStep, reason: SkipReason, detail: str) -> StepResult:
        for action in step.actions:
            self.services.pool.skip(action)
        status = Status.CANCELLED if reason is SkipReason.CANCELLED else Status.SKIPPED
        return self._finished(StepResult(step.name, status, detail, skip=reason))

    def _run(self, step: PlannedStep) -> StepResult:
        started = time.monotonic()
        self.services.record(events.step_started(step.name))
        values = self.run_values(self.results)

        def execute(action: PlannedAction) -> ActionEnd:
            return self._action(action, step, values)

        if len(step.actions) == 1 or step.max_parallel == 1:
            ends = [execute(action) for action in step.actions]
        else:
            with ThreadPoolExecutor(max_workers=min(step.max_parallel, len(step.actions))) as pool:
                ends = list(pool.map(execute, step.actions))
        for end in ends:
            for output in end.outputs:
                self.outputs[output.action, output.target, output.name] = output
        status, reason = _worst(step, [end.result for end in ends])
        seconds = time.monotonic() - started
        return self._finished(
            StepResult(step.name, status, reason, seconds, tuple(end.result for end in ends))
        )

    def _finished(self, result: StepResult) -> StepResult:
        self.services.record(events.step_finished(result))
        return result

    def _action(self, action: PlannedAction, step: PlannedStep, values: list[PlannedValue]) -> ActionEnd:
        if self.services.cancellation.requested:
            self.services.pool.skip(action)
            return ActionEnd(ActionResult(action.id, Status.CANCELLED, message="cancelled before it began"))
        target = action.target.name if action.target else None
        outputs = output_values(self.outputs.values(), target)
        return run_action(
            action, [*values, *outputs, *self.environments(action)], step.timeout, self.services
        )


def _worst(step: PlannedStep, results: list[ActionResult]) -> tuple[Status, str]:
    """A step's status from its actions', with the first reason for it and where that was, if there is a choice."""
    for status in (Status.CANCELLED, Status.FAILED):
        for action, result in zip(step.actions, results, strict=True):
            if result.status is status:
                where = f"{action.target.name}: " if action.target and len(results) > 1 else ""
                return status, where + result.message
    return Status.SUCCESS, ""


def run_status(results: list[StepResult], cancelled: bool) -> Status:
    """A run's status: one failed step makes it failed for good, whatever ran afterwards; one whose steps were all
    skipped did nothing, which is not a success."""
    if cancelled:
        return Status.CANCELLED
    if any(result.status is Status.FAILED for result in results):
        return Status.FAILED
    return Status.SKIPPED if results and all(r.status is Status.SKIPPED for r in results) else Status.SUCCESS
