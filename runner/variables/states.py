"""What a run's steps have come to, as variables for the steps after them: states, errors, exit codes.

Names and codes are Octopus's; errors are exit codes, never text of a log, which may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model import ActionResult, Status, StepResult
from runner.plan import PlannedAction, PlannedStep

PENDING = "Pending"
_CODES = {
    Status.QUEUED: PENDING,
    Status.RUNNING: "Running",
    Status.WAITING: "Running",
    Status.SUCCESS: "Succeeded",
    Status.SUCCESS_WITH_WARNINGS: "Succeeded",
    Status.FAILED: "Failed",
    Status.SKIPPED: "Skipped",
    Status.CANCELLED: "Canceled",
    Status.INTERRUPTED: "Abandoned",
}
EXIT_CODE = "Octopus.Action.Script.ExitCode"
"""The output variable that every action has once it has ended."""


def state_values(results: Sequence[StepResult], planned: Sequence[PlannedStep] = ()) -> dict[str, str]:
    """For every step of the plan its name, number and state; for those that have ended their errors and exit codes.

    `results` are those of the steps that have ended or are at work. Steps without one are pending.
    """
    ended = {result.step.casefold(): result for result in results}
    values: dict[str, str] = {}
    for step in planned:
        values |= _known(step)
        if step.name.casefold() not in ended:
            at = f"Octopus.Step[{step.name}].Status"
            values |= {f"{at}.Code": PENDING, f"{at}.Error": "", f"{at}.ErrorDetail": ""}
    actions = {action.id: action for step in planned for action in step.actions}
    names = {step.name.casefold(): [action.name for action in step.actions] for step in planned}
    for result in results:
        values |= _status(result, names.get(result.step.casefold(), ()))
        values |= _exit_codes(result.actions, actions)
    return values


def deployment_errors(results: Sequence[StepResult]) -> dict[str, str]:
    """The error of the first step that failed; nothing while none has."""
    failed = next((result for result in results if result.status is Status.FAILED), None)
    if failed is None:
        return {}
    error = error_of(failed)
    return {"Octopus.Deployment.Error": error, "Octopus.Deployment.ErrorDetail": _detail(failed, error)}


def error_of(result: StepResult) -> str:
    """What went wrong in a step, in a sentence; empty where nothing did."""
    if result.status is not Status.FAILED:
        return ""
    failed = next((action for action in result.actions if action.status is Status.FAILED), None)
    if failed is None or failed.exit_code is None:
        return "The step failed before its script ran"
    return f"The step failed with exit code {failed.exit_code}"


def _known(step: PlannedStep) -> dict[str, str]:
    number = str(step.number)
    at = f"Octopus.Step[{step.name}]"
    values = {f"{at}.Id": f"Steps-{number}", f"{at}.Name": step.name, f"{at}.Number": number}
    for action in step.actions:
        values[f"Octopus.Action[{action.name}].Name"] = action.name
        values[f"Octopus.Action[{action.name}].StepName"] = step.name
    return values


def _status(result: StepResult, actions: Sequence[str]) -> dict[str, str]:
    at = f"Octopus.Step[{result.step}].Status"
    error = error_of(result)
    skipped = "True" if result.status is Status.SKIPPED else ""
    return {
        f"{at}.Code": _CODES[result.status],
        f"{at}.Error": error,
        f"{at}.ErrorDetail": _detail(result, error),
        **{f"Octopus.Action[{name}].IsSkipped": skipped for name in dict.fromkeys((*actions, result.step))},
    }


def _detail(result: StepResult, error: str) -> str:
    """The error of each action that failed, where several did."""
    failed = [action for action in result.actions if action.status is Status.FAILED]
    if len(failed) < 2:
        return error
    return "\n".join(
        f"{action.action}: {'no exit code' if action.exit_code is None else f'exit code {action.exit_code}'}"
        for action in failed
    )


def _exit_codes(results: Sequence[ActionResult], actions: Mapping[str, PlannedAction]) -> dict[str, str]:
    """The exit code of each action, under its target's name too; without one the last in the order of targets."""
    values: dict[str, str] = {}
    for result in results:
        action = actions.get(result.action)
        if action is None or result.exit_code is None:
            continue
        at = f"Octopus.Action[{action.name}].Output"
        values[f"{at}.{EXIT_CODE}"] = str(result.exit_code)
        if action.target is not None:
            values[f"{at}[{action.target.name}].{EXIT_CODE}"] = str(result.exit_code)
    return values
