from __future__ import annotations

import json

from runner.execution import events
from runner.execution.artifacts import Artifact
from runner.execution.service_messages import OutputVariable, Progress, ServiceMessage
from runner.masking.masker import Masker
from runner.model import ActionResult, Level, RunResult, Status, StepResult
from tests.support.plans import execution


def masker() -> Masker:
    result = Masker()
    result.add("hunter2")
    return result


def plain(event: events.Event) -> object:
    """As a reader of the journal gets it."""
    return json.loads(json.dumps(event))


def test_the_events_of_a_run() -> None:
    action = ActionResult("deploy@web-1", Status.FAILED, 3, "it broke", 1.23456)
    step = StepResult("Deploy", Status.FAILED, "it broke", 2.0, (action,))
    skipped = StepResult("Notify", Status.SKIPPED, "an earlier step failed")
    assert plain(events.run_started("1ab", "Shop", None, "shop")) == {
        "event": "run-started",
        "run": "1ab",
        "process": "Shop",
        "environment": None,
        "project": "shop",
    }
    assert plain(events.step_started("Deploy")) == {"event": "step-started", "step": "Deploy"}
    where = {"action": "deploy@web-1", "step": "Deploy", "name": "Deploy", "target": "web-1"}
    assert plain(events.action_started(execution("deploy@web-1", "Deploy", "web-1"), 1)) == {
        "event": "action-started",
        **where,
        "attempt": 1,
    }
    assert plain(events.action_finished(action, execution(action.action, "Deploy", "web-1"), 1)) == {
        "event": "action-finished",
        **where,
        "attempt": 1,
        "status": "failed",
        "exit_code": 3,
        "message": "it broke",
        "seconds": 1.235,
    }
    told = {"step": "Deploy", "status": "failed", "reason": "it broke", "seconds": 2.0}
    assert plain(events.step_finished(step)) == {"event": "step-finished", **told}
    assert plain(events.run_finished(RunResult("1ab", Status.FAILED, 3.0, (step, skipped)))) == {
        "event": "run-finished",
        "run": "1ab",
        "status": "failed",
        "seconds": 3.0,
        "steps": [
            told,
            {"step": "Notify", "status": "skipped", "reason": "an earlier step failed", "seconds": 0.0},
        ],
    }


def test_the_events_of_an_action() -> None:
    assert plain(events.log("a", Level.WARNING, ["x"])) == {
        "event": "log",
        "action": "a",
        "level": "warning",
        "lines": ["x"],
    }
    assert plain(events.progress("a", Progress(5, "at hunter2"), masker())) == {
        "event": "progress",
        "action": "a",
        "percentage": 5,
        "message": "at ********",
    }
    assert plain(events.artifact("a", Artifact("x", "artifacts/a/x", 3))) == {
        "event": "artifact",
        "action": "a",
        "name": "x",
        "path": "artifacts/a/x",
        "size": 3,
    }
    assert plain(events.warning("code", "text")) == {"event": "warning", "code": "code", "message": "text"}
    assert plain(events.warning("code", "text", "a")) == {
        "event": "warning",
        "action": "a",
        "code": "code",
        "message": "text",
    }


def test_values_of_outputs_are_masked() -> None:
    def value(output: OutputVariable) -> object:
        return events.output("a", output, masker())["value"]

    assert value(OutputVariable("n", "with hunter2 in it")) == "with ******** in it"
    assert value(OutputVariable("n", "abc", sensitive=True)) == "********"
    assert events.output("a", OutputVariable("hunter2", ""), masker())["name"] == "********"


def test_other_messages_show_no_secret() -> None:
    message = ServiceMessage(
        "create-tokenaccount", {"name": "hunter2!", "token": "abc", "updateIfExisting": "True"}
    )
    assert events.message("a", message, masker()) == {
        "event": "message",
        "action": "a",
        "name": "create-tokenaccount",
        "attributes": {"name": "********!", "token": "********", "updateIfExisting": "True"},
    }


def test_a_recorded_event_holds_no_secret_in_values_or_names() -> None:
    attributes = {"hunter2": "x", "more hunter2": "hunter2", "deep": [{"hunter2": ["a hunter2"]}]}
    event = {"event": "message", "action": "1-a", "name": "hunter2", "attributes": attributes}
    assert plain(events.masked(event, masker())) == {
        "event": "message",
        "action": "1-a",
        "name": "********",
        "attributes": {"********": "x", "more ********": "********", "deep": [{"********": ["a ********"]}]},
    }
    warning = events.warning("some-code", "about hunter2", "1-a")
    assert events.masked(warning, masker())["message"] == "about ********"
    step = StepResult("Deploy", Status.FAILED, "it is hunter2")
    finished = events.masked(
        events.run_finished(RunResult("1", Status.FAILED, 1.0, (step,), "hunter2")), masker()
    )
    assert "hunter2" not in json.dumps(finished)


def test_two_names_that_are_secrets_stay_two() -> None:
    secrets = Masker(["hunter2", "hunter3"])
    assert secrets.mask_all({"hunter2": 1, "hunter3": 2}) == {"********": 1, "*********": 2}


def test_what_events_are_told_apart_by_is_never_masked() -> None:
    secrets = Masker(["success", "action-finished", "Deploy", "1-deploy"])
    result = ActionResult("1-deploy", Status.SUCCESS, 0, "a success", 1.0)
    event = events.masked(
        events.action_finished(result, execution(result.action, "Deploy", None), 1), secrets
    )
    assert (event["event"], event["status"], event["action"]) == ("action-finished", "success", "1-deploy")
    assert (event["name"], event["message"]) == ("Deploy", "a ********")
