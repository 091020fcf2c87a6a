"""How steps and their actions follow each other, in real containers."""

from __future__ import annotations

import json
import signal

import pytest

from tests.support.journey import Journey, log_lines

pytestmark = pytest.mark.docker

FARM = {
    "environments": {"Test": {}},
    "targets": {f"web-{n}": {"environments": ["Test"], "roles": ["web"]} for n in (1, 2, 3)},
}


def test_a_rolling_step_goes_from_target_to_target(journey: Journey) -> None:
    journey.write("treadle.yaml", FARM)
    journey.process(
        {
            "name": "Roll",
            "roles": ["web"],
            "window": 1,
            "actions": [
                {"name": "out", "run": "echo out #{Octopus.Machine.Name}", "run_on": "worker-per-target"},
                {
                    "name": "deploy",
                    "run": 'echo deploy; test "#{Octopus.Machine.Name}" != web-2',
                    "timeout": "30s",
                },
                {"name": "alarm", "run": "echo alarm for #{Octopus.Machine.Name}", "condition": "failure"},
            ],
        },
        {"name": "Repair", "run": "echo repaired", "condition": "failure"},
    )

    done = journey.run("-e", "Test")

    assert done.exit_code == 1, done.said
    assert log_lines(done.events) == [
        "out web-1",
        "deploy",
        "out web-2",
        "deploy",
        "alarm for web-2",
        "repaired",
    ]
    stopped = [event["target"] for event in done.events if event.get("skip") == "window-stopped"]
    assert stopped == ["web-3"] * 3


def test_steps_beside_each_other_meet(journey: Journey) -> None:
    journey.process(
        {"name": "Serve", "run": "for i in 1 2 3 4 5 6 7 8; do echo tick; sleep 0.25; done"},
        {"name": "Ask", "run": "echo asked", "start": "with-previous"},
        {"name": "After", "run": "echo after"},
    )

    done = journey.run()

    assert done.exit_code == 0, done.said
    lines = log_lines(done.events)
    assert lines[-1] == "after"
    assert lines.index("asked") < len(lines) - 2, "it did not wait for the end of the other"


def test_a_retry_is_another_container(journey: Journey) -> None:
    journey.process(
        {"name": "Flaky", "run": "test -e been-here; touch been-here", "retries": 1, "retry_delay": 0.2},
        {"name": "Soft", "run": "exit 7", "continue_on_error": True, "condition": "failure"},
    )

    done = journey.run()

    assert done.exit_code == 1, done.said
    attempts = [event["attempt"] for event in done.events if event["event"] == "action-started"]
    assert attempts == [1, 2, 1]


def test_outputs_decide_what_runs(journey: Journey) -> None:
    journey.process(
        {"name": "Check", "run": "set_octopusvariable Changed True; set_octopusvariable Same False"},
        {
            "name": "Yes",
            "run": "echo yes",
            "condition": "variable",
            "when": "#{Octopus.Action[Check].Output.Changed}",
        },
        {
            "name": "No",
            "run": "echo no",
            "condition": "variable",
            "when": "#{Octopus.Action[Check].Output.Same}",
        },
    )

    done = journey.run()

    assert done.exit_code == 0, done.said
    assert log_lines(done.events) == ["yes"]
    assert done.events[-1]["steps"][2]["skip"] == "variable"


def test_a_killed_run_goes_on_where_it_was(journey: Journey) -> None:
    journey.process(
        {"name": "Build", "run": "set_octopusvariable Url http://x/ ; echo built"},
        {"name": "Slow", "run": "echo waiting; sleep 2; echo done", "restartable": True},
        {"name": "Use", "run": "echo 'use #{Octopus.Action[Build].Output.Url}'"},
    )
    with journey.running() as run:
        run.await_log("waiting")
        run.send(signal.SIGKILL)
        run.finish()

    done = journey.treadle("runs", "resume", "--progress", "json")

    assert done.exit_code == 0, done.said
    assert log_lines(done.events) == ["waiting", "done", "use http://x/"]
    ends = [event["status"] for event in done.events if event["event"] == "action-finished"]
    assert ends == ["interrupted", "success", "success"]


def test_an_action_that_was_cut_off_waits_for_a_word(journey: Journey) -> None:
    journey.process({"name": "Once", "run": "echo waiting; sleep 60"}, {"name": "Next", "run": "echo next"})
    with journey.running() as run:
        run.await_log("waiting")
        run.send(signal.SIGKILL)
        run.finish()

    asked = journey.treadle("runs", "resume")
    given_up = journey.treadle("runs", "resume", "--no-restart", "--json")
    again = journey.treadle("runs", "resume")

    assert (asked.exit_code, given_up.exit_code, again.exit_code) == (4, 1, 2)
    assert "interrupted-action" in asked.stderr
    assert [step["status"] for step in json.loads(given_up.stdout)["steps"]] == ["failed", "skipped"]
    assert "run-finished" in again.stderr


def test_a_run_waits_for_a_person_without_a_process(journey: Journey) -> None:
    journey.write("treadle.yaml", {**FARM, "environments": {"Test": {"guided_failure": True}}})
    output = "Octopus.Action[Approve].Output.Manual"
    journey.process(
        {"name": "Approve", "manual": {"instructions": "To **#{Octopus.Environment.Name}**?"}},
        {"name": "Use", "run": f"echo '#{{{output}.Approved}} #{{{output}.Notes}}'"},
        {"name": "Fails", "run": "exit 3"},
    )

    asked = journey.run("-e", "Test")
    assert asked.exit_code == 4, asked.said
    assert asked.events[-1]["event"] == "run-waiting"
    assert journey.containers() == []

    shown = json.loads(journey.treadle("runs", "show", "--json").stdout)
    assert (shown["status"], shown["questions"][0]["text"]) == ("waiting", "To **Test**?")

    failed = journey.treadle("runs", "intervene", "--proceed", "--notes", "fine", "--progress", "json")
    assert failed.exit_code == 4, failed.said
    assert log_lines(failed.events) == ["True fine"]
    assert [event["kind"] for event in failed.events if event["event"] == "question-asked"] == ["failure"]

    wrong = journey.treadle("runs", "intervene", "--exclude")
    assert (wrong.exit_code, "answer-unknown" in wrong.stderr) == (2, True)
    ended = journey.treadle("runs", "intervene", "--ignore", "--progress", "json")
    assert ended.exit_code == 0, ended.said
    assert ended.events[-1]["status"] == "success-with-warnings"
    assert journey.treadle("runs", "intervene", "--retry").exit_code == 2


def test_runs_of_one_environment_take_turns(journey: Journey) -> None:
    journey.write("treadle.yaml", {"environments": {"Test": {}, "Live": {}}})
    journey.process({"name": "Slow", "run": "echo on; sleep #{Seconds}"})
    quick = ("--var", "Seconds=0")
    with journey.running("-e", "Test", "--var", "Seconds=12") as first:
        first.await_log("on")
        beside = journey.run("-e", "Live", *quick)
        second = journey.run("-e", "Test", *quick)
        first.finish()

    assert beside.exit_code == second.exit_code == 0, second.said
    assert "Waiting for" not in beside.stderr
    assert "Waiting for deploy in Test (process" in second.stderr
    ends = [json.loads((folder / "result.json").read_text())["status"] for folder in journey.run_folders()]
    assert ends == ["success"] * 3
