"""What a run's steps have come to, read by the steps after them."""

from __future__ import annotations

from typing import Any

import pytest

from runner.model import ActionResult, Condition, Status, StepResult
from runner.plan import PlannedStep
from runner.variables.states import RunStates, deployment_errors, state_values
from tests.support.plans import TWO_ENVIRONMENTS
from tests.support.stage import Stage, said, set_variable

FAILED = ActionResult("1-a@web-1", Status.FAILED, 7, "password=hunter2")
BROKEN = ActionResult("1-a@web-2", Status.FAILED, None, "no such network")
FINE = ActionResult("1-a@web-3", Status.SUCCESS, 0)


def test_steps_without_a_result_are_pending() -> None:
    planned = [PlannedStep(1, "A", Condition.SUCCESS, ()), PlannedStep(2, "B", Condition.SUCCESS, ())]
    values = state_values([StepResult("a", Status.RUNNING)], planned)
    assert (values["Octopus.Step[a].Status.Code"], values["Octopus.Step[B].Status.Code"]) == (
        "Running",
        "Pending",
    )
    assert values["Octopus.Step[B].Status.Error"] == ""
    assert (values["Octopus.Step[B].Number"], values["Octopus.Step[B].Id"]) == ("2", "Steps-2")


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_code_of_octopus(status: Status) -> None:
    code = state_values([StepResult("A", status)])["Octopus.Step[A].Status.Code"]
    assert code in {"Pending", "Running", "Succeeded", "Failed", "Skipped", "Canceled", "Abandoned"}


def test_an_error_is_told_by_exit_codes_alone() -> None:
    results = [StepResult("A", Status.FAILED, "password=hunter2", actions=(FAILED, BROKEN, FINE))]
    values = {**state_values(results), **deployment_errors(results)}
    assert values["Octopus.Step[A].Status.Error"] == "The step failed with exit code 7"
    assert values["Octopus.Deployment.ErrorDetail"] == "1-a@web-1: exit code 7\n1-a@web-2: no exit code"
    assert "hunter2" not in str(values)


def test_without_a_failure_there_is_no_error() -> None:
    results = [StepResult("A", Status.SUCCESS, actions=(FINE,)), StepResult("B", Status.SKIPPED)]
    assert deployment_errors(results) == {}
    assert state_values(results)["Octopus.Step[A].Status.Error"] == ""


def test_a_script_reads_exit_codes_and_states_of_all_steps(stage: Stage) -> None:
    steps: list[dict[str, Any]] = [
        {"name": "Web", "run": "x", "roles": ["web-server"]},
        {
            "name": "Tell",
            "condition": "always",
            "run": "#{Octopus.Action[Web].Output[web-3].Octopus.Action.Script.ExitCode}\n"
            "#{each step in Octopus.Step}#{step.Number} #{step.Name} #{step.Status.Code};#{/each}",
        },
        {"name": "Last", "run": "y"},
    ]
    ended = stage.run(steps, {"1-web@web-3": said(code=4)}, TWO_ENVIRONMENTS, environment="Production")
    assert ended.script("2-tell") == "4\n1 Web Failed;2 Tell Pending;3 Last Pending;"


def test_outputs_are_found_by_target_in_a_loop_and_by_a_computed_index(stage: Stage) -> None:
    steps: list[dict[str, Any]] = [
        {"name": "Web", "run": "x", "roles": ["web-server"]},
        {
            "name": "Same",
            "roles": ["web-server"],
            "run": "#{Octopus.Action[Web].Output[#{Octopus.Machine.Name}].Id}",
        },
        {"name": "All", "run": "#{each one in Octopus.Action[Web].Output}<#{one.Id}>#{/each}"},
    ]
    scripts = {f"1-web@web-{n}": said(set_variable("Id", f"id-{n}")) for n in (2, 3)}
    ended = stage.run(steps, scripts, TWO_ENVIRONMENTS, environment="Production")
    assert [ended.script(f"2-same@web-{n}") for n in (2, 3)] == ["id-2", "id-3"]
    assert "<id-2><id-3>" in ended.script("3-all")


def test_what_no_text_mentions_is_not_carried_along(stage: Stage) -> None:
    steps: list[dict[str, Any]] = [
        {"name": "Off", "run": "x", "disabled": True},
        {"name": "On", "run": "y"},
        {"name": "Reads", "run": "z #{Octopus.Action[Off].IsSkipped}"},
    ]
    ended = stage.run(steps)
    assert ended.script("3-reads") == "z True"
    found = {name for name in ended.variables("3-reads") if "[O" in name}
    assert "Octopus.Step[On].Status.Code" in found
    assert not any(name.endswith(("ExitCode", "].Number")) for name in found)


def test_the_states_are_worked_out_once_for_each_state_of_the_run() -> None:
    states = RunStates()
    one, two = StepResult("A", Status.SUCCESS), StepResult("B", Status.FAILED)
    assert states.of([one]) is states.of((one,))
    assert states.of([one, two])["Octopus.Step[B].Status.Code"] == "Failed"
    assert "Octopus.Step[B].Status.Code" not in states.of([one])
