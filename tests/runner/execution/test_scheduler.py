from __future__ import annotations

import threading
from typing import Any

import pytest

from runner.engine.base import ContainerSpec, Stream
from runner.engine.fake import FakeEngine, Script
from runner.engine.payload import Payload
from runner.execution.events import Event
from runner.execution.state import run_status
from runner.model import Status, StepResult
from tests.support.plans import TWO_ENVIRONMENTS, Desk
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


ROLLING: dict[str, Any] = {
    "name": "Roll",
    "roles": ["farm"],
    "window": 1,
    "actions": [
        {"name": "out", "run": "echo", "run_on": "worker-per-target"},
        {"name": "deploy", "run": "echo #{Octopus.Action[out].Output.Was}"},
        {"name": "in", "run": "echo", "run_on": "worker-per-target", "condition": "always"},
    ],
}


class TestRolling:
    def test_all_actions_end_on_a_target_before_the_next_one_begins(self, stage: Stage) -> None:
        ended = stage.run([ROLLING], project=farm(2), environment="Test")
        assert [event["action"] for event in ended.of("action-started")] == [
            "1.1-out@t-00",
            "1.2-deploy@t-00",
            "1.3-in@t-00",
            "1.1-out@t-01",
            "1.2-deploy@t-01",
            "1.3-in@t-01",
        ]

    def test_a_failure_stops_further_targets(self, stage: Stage) -> None:
        ended = stage.run([ROLLING], {"1.2-deploy@t-00": FAILS}, farm(2), environment="Test")
        assert [event["action"] for event in ended.of("action-started")][-1] == "1.3-in@t-00"
        assert {event["skip"] for event in ended.of("action-skipped")} == {"window-stopped"}
        assert ended.reasons == {"Roll": "t-00, deploy: the script ended with exit code 3"}
        ended.engine.check_nothing_left()

    def test_an_action_sees_what_was_set_before_it_on_its_own_target(self, stage: Stage) -> None:
        scripts = {f"1.1-out@t-0{n}": said(set_variable("Was", f"in-{n}")) for n in range(2)}
        parallel = {**ROLLING, "window": 2}
        ended = stage.run([parallel], scripts, farm(2), environment="Test")
        assert [ended.script(f"1.2-deploy@t-0{n}") for n in range(2)] == ["echo in-0", "echo in-1"]

    def test_on_the_worker_an_action_has_the_variables_of_its_target_only(self, stage: Stage) -> None:
        project = farm(1)
        project["targets"]["t-00"] |= {"volumes": {"apps": "/srv"}}
        ended = stage.run([ROLLING], project=project, environment="Test")
        out, deploy = ended.container("1.1-out@t-00"), ended.container("1.2-deploy@t-00")
        assert ended.variables("1.1-out@t-00")["Octopus.Machine.Name"] == "t-00"
        assert (dict(out.spec.volumes), dict(deploy.spec.volumes)) == ({}, {"apps": "/srv"})


class TestBesideEachOther:
    def test_steps_run_at_the_same_time(self, stage: Stage) -> None:
        steps = [step("A"), step("B", start="with-previous"), step("C")]
        ended = stage.run(steps, {"1-a": Script(seconds=0.4), "2-b": Script(seconds=0.4)})
        order = [(event["event"], event["step"]) for event in ended.events if "step" in event["event"]]
        assert order[:2] == [("step-started", "A"), ("step-started", "B")]
        assert order[-2:] == [("step-started", "C"), ("step-finished", "C")]
        assert ended.result is not None
        assert ended.result.seconds < 0.75

    def test_they_do_not_see_what_the_others_set(self, stage: Stage) -> None:
        read = "echo #{Octopus.Action[A].Output.X}"
        steps = [step("A"), step("B", start="with-previous", run=read), step("C", run=read)]
        ended = stage.run(steps, {"1-a": said(set_variable("X", "x")), "2-b": Script(seconds=0.2)})
        assert (ended.script("2-b"), ended.script("3-c")) == (read, "echo x")


class TestExpressions:
    def test_outputs_decide_for_each_target(self, stage: Stage) -> None:
        scripts = {"1-check@t-01": said(set_variable("Stale", "True"))}
        when = "#{Octopus.Action[Check].Output[#{Octopus.Machine.Name}].Stale}"
        steps = [
            step("Check", roles=["farm"]),
            step("Renew", roles=["farm"], condition="variable", when=when),
        ]
        ended = stage.run(steps, scripts, farm(3), environment="Test")
        assert [event["target"] for event in ended.of("action-started")][3:] == ["t-01"]
        assert {event["skip"] for event in ended.of("action-skipped")} == {"variable"}
        assert ended.statuses["Renew"] == "success"
        ended.engine.check_nothing_left()

    def test_an_error_before_does_not_count_unless_the_expression_asks(self, stage: Stage) -> None:
        good = "#{unless Octopus.Deployment.Error}true#{/unless}"
        steps = [
            step("Fails"),
            step("Anyway", condition="variable", when="true"),
            step("If good", condition="variable", when=good),
        ]
        assert stage.run(steps, {"1-fails": FAILS}).statuses == {
            "Fails": "failed",
            "Anyway": "success",
            "If good": "skipped",
        }


class TestRetries:
    def test_make_a_new_attempt_in_a_container_of_its_own(self, stage: Stage) -> None:
        ended = stage.run([step("A", retries=2, retry_delay=0)], {"1-a": FAILS})
        assert [event["attempt"] for event in ended.of("action-finished")] == [1, 2, 3]
        assert [event["attempt"] for event in ended.of("retry-scheduled")] == [2, 3]
        assert ended.statuses == {"A": "failed"}
        ended.engine.check_nothing_left()

    def test_wait_no_longer_than_a_cancellation(self, stage: Stage) -> None:
        def cancel(event: Event) -> None:
            if event["event"] == "retry-scheduled":
                threading.Timer(0.1, stage.cancellation.request).start()

        ended = stage.run([step("A", retries=1, retry_delay="1h")], {"1-a": FAILS}, when=cancel)
        assert ended.events[-1]["status"] == "cancelled"

    def test_an_engine_that_breaks_once_fails_an_attempt_only(self, stage: Stage) -> None:
        broken = iter([Script(breaks=True)])

        def behave(spec: ContainerSpec, _: Payload) -> Script:
            return next(broken, Script())

        plan = Desk(stage.folder).plan([step("A", retries=1, retry_delay=0)])
        ended = stage.execute(plan, FakeEngine(behave, stage.images))
        assert [event["message"] for event in ended.of("action-finished")] == ["The engine is gone.", ""]
        assert (ended.statuses, ended.error) == ({"A": "success"}, None)


class TestWarnings:
    def test_what_may_fail_leaves_the_run_a_success_with_warnings(self, stage: Stage) -> None:
        ended = stage.run([step("A", continue_on_error=True), step("B")], {"1-a": FAILS})
        assert ended.statuses == {"A": "success-with-warnings", "B": "success"}
        assert ended.events[-1]["status"] == "success-with-warnings"
        assert ended.variables("2-b").get("Octopus.Deployment.Error") is None


class TestCleaningUp:
    def test_runs_after_a_cancellation_and_is_not_stopped(self, stage: Stage) -> None:
        def cancel(event: Event) -> None:
            if event["event"] == "action-started" and event["step"] == "Hangs":
                threading.Timer(0.1, stage.cancellation.request).start()

        steps = [step("Hangs"), step("Next"), step("Clean", on_cancel=True)]
        scripts = {"1-hangs": Script(hangs=True), "3-clean": Script(seconds=0.2)}
        ended = stage.run(steps, scripts, when=cancel)
        assert ended.statuses == {"Hangs": "cancelled", "Next": "cancelled", "Clean": "success"}
        assert ended.events[-1]["status"] == "cancelled"
        ended.engine.check_nothing_left()


class TestSharedTargets:
    def together(self, stage: Stage, **project: Any) -> int:
        """How many actions were on the one target at the same time."""
        running, peak = [0], [0]

        def count(event: Event) -> None:
            running[0] += {"action-started": 1, "action-finished": -1}.get(event["event"], 0)
            peak[0] = max(peak[0], running[0])

        steps = [step("A", roles=["farm"]), step("B", roles=["farm"], start="with-previous")]
        scripts = {"1-a@t-00": Script(seconds=0.3), "2-b@t-00": Script(seconds=0.3)}
        ended = stage.run(steps, scripts, {**farm(1), **project}, count, environment="Test")
        assert ended.statuses == {"A": "success", "B": "success"}
        ended.engine.check_nothing_left()
        return peak[0]

    def test_take_one_action_at_a_time(self, stage: Stage) -> None:
        assert self.together(stage) == 1

    def test_unless_a_variable_allows_more(self, stage: Stage) -> None:
        assert self.together(stage, variables={"OctopusBypassDeploymentMutex": "True"}) == 2

    def test_an_action_that_waits_can_be_cancelled(self, stage: Stage) -> None:
        def cancel(event: Event) -> None:
            if event["event"] == "action-started":
                threading.Timer(0.2, stage.cancellation.request).start()

        steps = [step("A", roles=["farm"]), step("B", roles=["farm"], start="with-previous")]
        scripts = {name: Script(hangs=True) for name in ("1-a@t-00", "2-b@t-00")}
        ended = stage.run(steps, scripts, farm(1), cancel, environment="Test")
        assert ended.statuses == {"A": "cancelled", "B": "cancelled"}
        assert len(ended.of("action-started")) == 1
        ended.engine.check_nothing_left()
