from __future__ import annotations

import threading
from typing import Any

import pytest

from runner.engine.base import Stream
from runner.engine.fake import Script
from runner.execution.events import Event
from runner.execution.state import run_status
from runner.model import Status, StepResult
from tests.support.plans import TWO_ENVIRONMENTS
from tests.support.stage import Stage, said, set_variable

FAILS = Script(code=3)


def step(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "run": f"echo {name}", **changes}


def farm(count: int) -> dict[str, Any]:
    """A project with targets t-00, t-01 ... that all have the role `farm`."""
    targets = {f"t-{number:02}": {"environments": ["Test"], "roles": ["farm"]} for number in range(count)}
    return {"environments": {"Test": {}}, "targets": targets}


class TestConditions:
    def test_steps_run_one_after_another(self, stage: Stage) -> None:
        ended = stage.run([step("One"), step("Two"), step("Three")])
        moves = [(event["event"], event.get("step")) for event in ended.events if "step" in event["event"]]
        assert moves == [
            (kind, name) for name in ("One", "Two", "Three") for kind in ("step-started", "step-finished")
        ]

    def test_after_a_failure_only_those_for_failures_and_always_run(self, stage: Stage) -> None:
        steps = [
            step("Before", condition="failure"),
            step("Fails"),
            step("Success"),
            step("Failure", condition="failure"),
            step("Always", condition="always"),
            step("Still success"),
        ]
        ended = stage.run(steps, {"2-fails": FAILS})
        assert ended.statuses == {
            "Before": "skipped",
            "Fails": "failed",
            "Success": "skipped",
            "Failure": "success",
            "Always": "success",
            "Still success": "skipped",
        }
        assert ended.reasons == {
            "Before": "no earlier step failed",
            "Fails": "the script ended with exit code 3",
            "Success": "an earlier step failed",
            "Failure": "",
            "Always": "",
            "Still success": "an earlier step failed",
        }

    def test_one_failed_step_fails_the_run_for_good(self, stage: Stage) -> None:
        ended = stage.run([step("Fails"), step("Repairs", condition="failure")], {"1-fails": FAILS})
        assert ended.result is not None
        assert ended.result.status is Status.FAILED
        assert ended.result.message == 'step "Fails" failed: the script ended with exit code 3'

    def test_a_failed_skip_of_targets_is_no_failure(self, stage: Stage) -> None:
        ended = stage.run([step("Nowhere", roles=["none"]), step("After")])
        assert ended.statuses == {"Nowhere": "skipped", "After": "success"}
        assert ended.reasons["Nowhere"] == 'no target with role "none"'


class TestTargets:
    def test_one_execution_for_each(self, stage: Stage) -> None:
        ended = stage.run(
            [step("Web", roles=["web-server"])], project=TWO_ENVIRONMENTS, environment="Production"
        )
        assert sorted(event["target"] for event in ended.of("action-started")) == ["web-2", "web-3"]
        assert {event["status"] for event in ended.of("action-finished")} == {"success"}

    def test_one_that_fails_fails_the_step_but_not_the_others(self, stage: Stage) -> None:
        ended = stage.run(
            [step("A", roles=["farm"])], {"1-a@t-01": FAILS}, project=farm(4), environment="Test"
        )
        results = {event["target"]: event["status"] for event in ended.of("action-finished")}
        assert results == {"t-00": "success", "t-01": "failed", "t-02": "success", "t-03": "success"}
        assert ended.statuses == {"A": "failed"}
        assert ended.reasons == {"A": "t-01: the script ended with exit code 3"}

    @pytest.mark.parametrize("most", [1, 2, 3])
    def test_never_more_at_once_than_allowed(self, stage: Stage, most: int) -> None:
        running: list[int] = [0]
        peak: list[int] = [0]

        def count(event: Event) -> None:
            running[0] += {"action-started": 1, "action-finished": -1}.get(event["event"], 0)
            peak[0] = max(peak[0], running[0])

        scripts = {f"1-a@t-{number:02}": Script(seconds=0.1) for number in range(6)}
        stage.run([step("A", roles=["farm"], max_parallel=most)], scripts, farm(6), count, environment="Test")
        assert peak[0] == most

    def test_ten_at_once_by_default(self, stage: Stage) -> None:
        scripts = {f"1-a@t-{number:02}": Script(seconds=0.3) for number in range(10)}
        ended = stage.run([step("A", roles=["farm"])], scripts, farm(10), environment="Test")
        assert ended.result is not None
        assert ended.result.seconds < 2.0

    def test_fifty_targets_and_many_steps(self, stage: Stage) -> None:
        steps = [step(f"S{number}", roles=["farm"]) for number in range(5)]
        ended = stage.run(steps, project=farm(50), environment="Test")
        assert len(ended.of("action-finished")) == 250
        ended.engine.check_nothing_left()


class TestOutputs:
    def test_later_steps_read_them_and_earlier_ones_do_not(self, stage: Stage) -> None:
        read = "echo '#{Octopus.Action[Build].Output.Url}'"
        steps = [step("Early", run=read), step("Build"), step("Late", run=read)]
        ended = stage.run(steps, {"2-build": said(set_variable("Url", "http://x/#{y}"))})
        assert ended.script("1-early") == read
        assert ended.script("3-late") == "echo 'http://x/#{y}'"
        assert ended.variables("3-late")["Octopus.Action[Build].Output.Url"] == "http://x/#{y}"

    def test_each_target_reads_its_own_and_the_worker_the_last(self, stage: Stage) -> None:
        scripts = {
            f"1-build@t-0{number}": said(set_variable("Id", f"id-{number}"), seconds=0.3 - number / 10)
            for number in range(3)
        }
        read = "echo #{Octopus.Action[Build].Output.Id} #{Octopus.Action[Build].Output[t-00].Id}"
        steps = [step("Build", roles=["farm"]), step("On", run=read, roles=["farm"]), step("Off", run=read)]
        ended = stage.run(steps, scripts, farm(3), environment="Test")
        assert [ended.script(f"2-on@t-0{number}") for number in range(3)] == [
            "echo id-0 id-0",
            "echo id-1 id-0",
            "echo id-2 id-0",
        ]
        assert ended.script("3-off") == "echo id-2 id-0"

    def test_the_last_value_of_a_name_counts(self, stage: Stage) -> None:
        scripts = {"1-a": said(set_variable("X", "old"), set_variable("x", "new"))}
        ended = stage.run([step("A"), step("B", run="#{Octopus.Action[A].Output.X}")], scripts)
        assert ended.script("2-b") == "new"

    def test_those_of_a_failed_step_are_there_too(self, stage: Stage) -> None:
        scripts = {"1-a": said(set_variable("X", "y"), code=1)}
        steps = [step("A"), step("B", run="#{Octopus.Action[A].Output.X}", condition="always")]
        assert stage.run(steps, scripts).script("2-b") == "y"

    def test_a_sensitive_one_is_masked_from_then_on(self, stage: Stage) -> None:
        scripts = {
            "1-a": said(set_variable("Token", "t0ken-value", sensitive=True)),
            "2-b": said("got t0ken-value", stream=Stream.STDERR),
        }
        ended = stage.run([step("A"), step("B", run="#{Octopus.Action[A].Output.Token}")], scripts)
        assert ended.script("2-b") == "t0ken-value"
        assert "got ********" in ended.log
        assert "t0ken-value" not in str(ended.events)


class TestSystemVariables:
    def test_tell_of_the_run_and_of_earlier_steps(self, stage: Stage) -> None:
        steps = [step("A", disabled=True), step("B"), step("C", condition="always")]
        ended = stage.run(steps, {"2-b": FAILS}, environment="Test")
        variables = ended.variables("3-c")
        expected = {
            "Octopus.Task.Id": ended.events[0]["run"],
            "Octopus.Deployment.Name": "deploy to Test",
            "Octopus.Environment.Name": "Test",
            "Octopus.Step.Number": "3",
            "Octopus.Step[A].Status.Code": "Skipped",
            "Octopus.Step[B].Status.Code": "Failed",
            "Octopus.Deployment.Error": "The step failed with exit code 3",
            "env:LANG": "C.UTF-8",
        }
        assert {name: variables.get(name) for name in expected} == expected

    def test_lose_against_what_the_user_says(self, stage: Stage) -> None:
        name = "Octopus.Deployment.Name"
        ended = stage.run([step("A", run=f"#{{{name}}}")], variables={name: "mine"})
        assert (ended.script("1-a"), ended.variables("1-a")[name]) == ("mine", "mine")


class TestCancellation:
    def test_ends_the_running_action_and_starts_no_other(self, stage: Stage) -> None:
        def cancel(event: Event) -> None:
            if event["event"] == "action-started":
                threading.Timer(0.1, stage.cancellation.request).start()

        ended = stage.run(
            [step("Hangs"), step("Next"), step("Always", condition="always")],
            {"1-hangs": Script(hangs=True)},
            when=cancel,
        )
        assert ended.statuses == {"Hangs": "cancelled", "Next": "cancelled", "Always": "cancelled"}
        assert ended.events[-1]["status"] == "cancelled"
        assert len(ended.of("action-started")) == 1
        ended.engine.check_nothing_left()

    def test_of_a_step_on_many_targets_leaves_those_that_wait(self, stage: Stage) -> None:
        def cancel(event: Event) -> None:
            if event["event"] == "action-started":
                threading.Timer(0.1, stage.cancellation.request).start()

        scripts = {f"1-a@t-{number:02}": Script(hangs=True) for number in range(6)}
        ended = stage.run(
            [step("A", roles=["farm"], max_parallel=2)], scripts, farm(6), cancel, environment="Test"
        )
        assert len(ended.of("action-started")) == 2
        assert ended.statuses == {"A": "cancelled"}
        ended.engine.check_nothing_left()

    def test_before_the_first_step_runs_nothing(self, stage: Stage) -> None:
        stage.cancellation.request()
        ended = stage.run([step("A")])
        assert ended.of("action-started") == []
        assert ended.events[-1]["status"] == "cancelled"
        ended.engine.check_nothing_left()


@pytest.mark.parametrize(
    ("steps", "cancelled", "expected"),
    [
        ([], False, Status.SUCCESS),
        ([Status.SUCCESS, Status.SKIPPED], False, Status.SUCCESS),
        ([Status.FAILED, Status.SUCCESS], False, Status.FAILED),
        ([Status.SUCCESS], True, Status.CANCELLED),
        ([Status.FAILED], True, Status.CANCELLED),
    ],
)
def test_the_status_of_a_run(steps: list[Status], cancelled: bool, expected: Status) -> None:
    assert run_status([StepResult("s", status) for status in steps], cancelled) is expected
