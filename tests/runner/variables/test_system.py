from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.model import ActionResult, Status, StepResult
from runner.plan import OriginKind, PlannedValue
from runner.variables.states import RunStates
from runner.variables.system import image_environment, known_at_run_time, run_system_values
from tests.support.plans import TWO_ENVIRONMENTS, Desk, template


def as_texts(values: list[PlannedValue]) -> dict[str, str | None]:
    assert {value.origin.kind for value in values} <= {OriginKind.SYSTEM}
    return {value.name: value.value for value in values}


def of_the_run(*steps: StepResult) -> dict[str, str]:
    fixed = run_system_values("1qf0", "Shop", "Test", "ada", "2026-01-02T03:04:05+00:00")
    return {**fixed, **RunStates().of(steps)}


class TestPlanned:
    @pytest.fixture
    def desk(self, tmp_path: Path) -> Desk:
        return Desk(tmp_path)

    @pytest.fixture
    def known(self, desk: Desk) -> dict[str, str | None]:
        step: dict[str, Any] = {"name": "Web", "uses": "t/tool", "roles": ["web-server", "primary"]}
        maker = Desk(desk.folder, {"t/tool": template()})
        project = {"name": "Shop", **TWO_ENVIRONMENTS}
        plan = maker.plan([{"name": "First", "run": "x"}, step], project, environment="Production")
        return {value.name: value.value for value in plan.actions[1].variables}

    def test_names_of_project_environment_step_and_target(self, known: dict[str, str | None]) -> None:
        expected = {
            "Octopus.Project.Name": "Shop",
            "Octopus.Environment.Name": "Production",
            "Octopus.Step.Name": "Web",
            "Octopus.Step.Number": "2",
            "Octopus.Action.Name": "Web",
            "Octopus.Action.TargetRoles": "web-server,primary",
            "Octopus.Action.Template.Version": "3",
            "Octopus.Machine.Name": "web-2",
            "Octopus.Machine.Roles": "web-server,primary,mail",
        }
        assert {name: known[name] for name in expected} == expected

    def test_who_has_which_role_in_the_environment(self, known: dict[str, str | None]) -> None:
        prefix = "Octopus.Environment.MachinesInRole"
        assert {name: value for name, value in known.items() if name.startswith(prefix)} == {
            f"{prefix}[web-server]": "web-2,web-3",
            f"{prefix}[primary]": "web-2",
            f"{prefix}[mail]": "web-2",
            f"{prefix}[database]": "db-1",
        }

    def test_the_worker_is_no_machine(self, desk: Desk) -> None:
        plan = desk.plan([{"name": "A", "run": "x"}], TWO_ENVIRONMENTS, environment="Test")
        assert not [value for value in plan.actions[0].variables if value.name.startswith("Octopus.Machine.")]


class TestRun:
    def test_who_runs_what_since_when(self) -> None:
        assert of_the_run() == {
            "Octopus.Task.Id": "1qf0",
            "Octopus.Task.Name": "Deploy Shop to Test",
            "Octopus.Deployment.Id": "1qf0",
            "Octopus.Deployment.Name": "Shop to Test",
            "Octopus.Deployment.Created": "2026-01-02T03:04:05+00:00",
            "Octopus.Deployment.CreatedBy.Id": "ada",
            "Octopus.Deployment.CreatedBy.Username": "ada",
            "Octopus.Deployment.CreatedBy.DisplayName": "ada",
        }

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (Status.SUCCESS, "Succeeded"),
            (Status.FAILED, "Failed"),
            (Status.SKIPPED, "Skipped"),
            (Status.CANCELLED, "Canceled"),
        ],
    )
    def test_how_a_step_ended_in_the_words_of_octopus(self, status: Status, code: str) -> None:
        assert of_the_run(StepResult("Build", status))["Octopus.Step[Build].Status.Code"] == code

    def test_an_error_is_an_exit_code_and_never_a_line_of_the_log(self) -> None:
        failed = ActionResult("1-a", Status.FAILED, 7, "password=hunter2")
        values = of_the_run(StepResult("A", Status.FAILED, "password=hunter2", actions=(failed,)))
        assert values["Octopus.Deployment.Error"] == "The step failed with exit code 7"
        assert "hunter2" not in str(values)

    def test_a_script_that_never_ran_has_no_exit_code(self) -> None:
        failed = ActionResult("1-a", Status.FAILED, None, "no such network")
        values = of_the_run(StepResult("A", Status.FAILED, "no such network", actions=(failed,)))
        assert values["Octopus.Deployment.Error"] == "The step failed before its script ran"


def test_the_environment_is_the_images() -> None:
    assert as_texts(image_environment({"LANG": "C.UTF-8"})) == {"env:LANG": "C.UTF-8"}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("env:HOME", True),
        ("Octopus.Task.Id", True),
        ("octopus.deployment.error", True),
        ("Octopus.Action[Build].Output.X", True),
        ("Octopus.Action[BUILD].Output[web-1].X", True),
        ("Octopus.Step[Build].Status.Code", True),
        ("Octopus.Action[#{Which}].Output.X", True),
        ("Octopus.Action[Other].Output.X", False),
        ("Octopus.Release.Number", False),
        ("Site.Host", False),
    ],
)
def test_what_only_the_run_will_know(name: str, known: bool) -> None:
    assert known_at_run_time(name, {"build"}) is known
