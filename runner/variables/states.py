"""What a run's steps have come to, as variables for the steps after them: states, errors, exit codes.

Names and codes are Octopus's; errors are exit codes, never text of a log, which may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import is_not

from runner.model import Status, StepResult
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
_SHORTEST_MENTION = 8
"""No text of so few characters names one of these variables."""

EXIT_CODE = "Octopus.Action.Script.ExitCode"
"""The output variable that every action has once it has ended."""


@dataclass
class RunStates:
    """The states of a run's steps as variables, worked out once for each state of the run.

    Codes of steps that have ended are always there. What takes many variables - exit codes of every action on every
    target, names and states of all steps - is there only if a text of the plan mentions it: each action of a run has
    to carry them.
    """

    planned: Sequence[PlannedStep] = ()
    _latest: tuple[Sequence[StepResult], Mapping[str, str]] | None = field(default=None, repr=False)

    def of(self, results: Sequence[StepResult]) -> Mapping[str, str]:
        """The variables when these steps have ended, or are at work."""
        latest = self._latest
        if latest is None or len(latest[0]) != len(results) or any(map(is_not, latest[0], results)):
            latest = self._latest = tuple(results), self._values(results)
        return latest[1]

    def _values(self, results: Sequence[StepResult]) -> Mapping[str, str]:
        values = state_values(results, self.planned if "octopus.step" in self._mentioned else ())
        if "isskipped" in self._mentioned:
            values |= _skipped(results, self.planned)
        if "exitcode" in self._mentioned:
            values |= exit_codes(results, self.planned)
        return {**values, **deployment_errors(results)}

    @cached_property
    def _mentioned(self) -> frozenset[str]:
        """Which of the words some text of the plan has."""
        texts = "\n".join(
            {text for step in self.planned for action in step.actions for text in _texts(action)}
        )
        folded = texts.casefold()
        return frozenset(word for word in ("octopus.step", "isskipped", "exitcode") if word in folded)


def state_values(results: Sequence[StepResult], planned: Sequence[PlannedStep] = ()) -> dict[str, str]:
    """The states and errors of steps; of all that are planned the names and numbers, too.

    `results` are those of the steps that have ended or are at work. Planned steps without one are pending.
    """
    ended = {result.step.casefold() for result in results}
    values: dict[str, str] = {}
    for step in planned:
        number = str(step.number)
        at = f"Octopus.Step[{step.name}]"
        values |= {f"{at}.Id": f"Steps-{number}", f"{at}.Name": step.name, f"{at}.Number": number}
        if step.name.casefold() not in ended:
            values |= _status(step.name, PENDING, "", "")
    for result in results:
        error = error_of(result)
        values |= _status(result.step, _CODES[result.status], error, _detail(result, error))
    return values


def exit_codes(results: Sequence[StepResult], planned: Sequence[PlannedStep]) -> dict[str, str]:
    """The exit code of each action, under its target's name too; without one the last in the order of targets."""
    actions = {action.id: action for step in planned for action in step.actions}
    values: dict[str, str] = {}
    for result in (one for step in results for one in step.actions):
        action = actions.get(result.action)
        if action is None or result.exit_code is None:
            continue
        at = f"Octopus.Action[{action.name}].Output"
        values[f"{at}.{EXIT_CODE}"] = str(result.exit_code)
        if action.target is not None:
            values[f"{at}[{action.target.name}].{EXIT_CODE}"] = str(result.exit_code)
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


def _status(step: str, code: str, error: str, detail: str) -> dict[str, str]:
    at = f"Octopus.Step[{step}].Status"
    return {f"{at}.Code": code, f"{at}.Error": error, f"{at}.ErrorDetail": detail}


def _skipped(results: Sequence[StepResult], planned: Sequence[PlannedStep]) -> dict[str, str]:
    """Of each action of the steps that have ended whether it was skipped: `True`, or nothing."""
    names = {step.name.casefold(): [action.name for action in step.actions] for step in planned}
    values: dict[str, str] = {}
    for result in results:
        skipped = "True" if result.status is Status.SKIPPED else ""
        for name in dict.fromkeys((*names.get(result.step.casefold(), ()), result.step)):
            values[f"Octopus.Action[{name}].IsSkipped"] = skipped
    return values


def _detail(result: StepResult, error: str) -> str:
    """The error of each action that failed, where several did."""
    failed = [action for action in result.actions if action.status is Status.FAILED]
    if len(failed) < 2:
        return error
    return "\n".join(
        f"{action.action}: {'no exit code' if action.exit_code is None else f'exit code {action.exit_code}'}"
        for action in failed
    )


def _texts(action: PlannedAction) -> Iterator[str]:
    """Every text of an action that may mention a variable."""
    yield action.script
    yield from (one.text for one in (action.gate, action.when) if one is not None)
    for value in (*action.variables, *action.parameters, *action.environment):
        if value.text and len(value.text) > _SHORTEST_MENTION:
            yield value.text
    for file in action.files:
        yield file.content.decode(errors="replace")
