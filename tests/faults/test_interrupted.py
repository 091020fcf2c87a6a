"""A run that is killed or cancelled, at any point, leaves no container for longer than the next command takes."""

from __future__ import annotations

import json
import random
import signal
import time
from typing import Any

import pytest

from tests.support.journey import Journey, docker, eventually, log_lines

pytestmark = pytest.mark.docker

FOUR_STEPS: list[dict[str, Any]] = [
    {"name": "One", "run": "echo one; sleep 0.3"},
    {"name": "Two", "run": "echo two; sleep 0.3"},
    {"name": "Three", "run": "echo three; sleep 0.3"},
    {"name": "Four", "run": "echo four; sleep 0.3"},
]
STUBBORN = "trap '' TERM; echo ready; while true; do sleep 1; done"


def test_any_command_clears_up_after_a_killed_run_and_says_so_once(journey: Journey) -> None:
    journey.process({"name": "Long", "run": "echo on; sleep 300"})
    with journey.running() as run:
        run.await_log("on")
        run.send(signal.SIGKILL)
        run.finish()
    assert journey.containers() != []

    listed = journey.treadle("runs", "list")

    assert listed.exit_code == 0, listed.said
    assert journey.containers() == []
    assert f"Cleared up after run {journey.run_folders()[-1].name}" in listed.stderr
    assert journey.treadle("runs", "list").stderr == ""


@pytest.mark.parametrize("when", ["preparing", "at the start", "in a step", "between steps"])
def test_the_next_run_clears_up_after_a_killed_one(journey: Journey, when: str) -> None:
    journey.process(*FOUR_STEPS)
    with journey.running() as run:
        if when == "preparing":
            eventually(lambda: journey.containers())
        elif when == "at the start":
            run.await_event("run-started")
        elif when == "in a step":
            run.await_log("two")
        else:
            run.await_event("step-finished")
        run.send(signal.SIGKILL)
        run.finish()
    dead = journey.run_folders()[-1]

    journey.process({"name": "Next", "run": "echo next"})
    done = journey.run()

    assert done.exit_code == 0, done.said
    assert journey.containers() == []
    assert not (dead / "result.json").exists()
    assert [json.loads(line)["seq"] for line in (dead / "events.jsonl").read_text().splitlines()][:1] == [1]


def test_killed_at_random_points(journey: Journey) -> None:
    journey.process(*FOUR_STEPS)
    chance = random.Random(7)
    for _ in range(4):
        with journey.running() as run:
            time.sleep(chance.uniform(0.2, 1.6))
            run.send(signal.SIGKILL)
            run.finish()

    journey.process({"name": "Next", "run": "echo next"})
    done = journey.run()

    assert done.exit_code == 0, done.said
    assert journey.containers() == []


def test_containers_that_wait_end_with_their_runner(journey: Journey) -> None:
    journey.process(*FOUR_STEPS)
    with journey.running() as run:
        run.await_log("one")
        run.send(signal.SIGKILL)
        run.finish()

    eventually(lambda: "running" not in journey.containers("State"), 10)
    assert journey.treadle("run", "deploy", "--skip", "One").exit_code == 0


def test_a_dead_run_reads_as_interrupted(journey: Journey) -> None:
    journey.process({"name": "Wait", "run": "echo ready; sleep 60"})
    with journey.running() as run:
        run.await_log("ready")
        run.send(signal.SIGKILL)
        run.finish()

    listed = journey.treadle("runs", "list", "--json")

    assert listed.exit_code == 0, listed.said
    assert "interrupted" in listed.stdout
    journey.process({"name": "Next", "run": "true"})
    assert journey.run().exit_code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_cancelling_stops_containers_and_says_so(journey: Journey, number: signal.Signals) -> None:
    journey.process(
        {"name": "Wait", "run": "trap 'echo stopping; exit 1' TERM; echo ready; sleep 60 & wait"},
        {"name": "Never", "run": "echo never", "condition": "always"},
    )
    with journey.running() as run:
        run.await_log("ready")
        started = time.monotonic()
        run.send(number)
        done = run.finish()

    assert done.exit_code == 130, done.said
    assert time.monotonic() - started < 9, "the grace period was waited for"
    assert log_lines(run.events) == ["ready", "stopping"]
    assert run.events[-1]["event"] == "run-finished"
    assert run.events[-1]["status"] == "cancelled"
    assert [step["status"] for step in run.events[-1]["steps"]] == ["cancelled", "cancelled"]
    result = json.loads((journey.run_folders()[-1] / "result.json").read_text())
    assert result["status"] == "cancelled"


def test_a_script_that_ignores_the_signal_is_killed_after_its_grace(journey: Journey) -> None:
    journey.process({"name": "Stubborn", "run": STUBBORN})
    with journey.running() as run:
        run.await_log("ready")
        started = time.monotonic()
        run.send(signal.SIGINT)
        done = run.finish()

    assert done.exit_code == 130, done.said
    assert 8 < time.monotonic() - started < 25
    assert run.events[-1]["status"] == "cancelled"


def test_a_second_signal_does_not_wait_for_the_grace(journey: Journey) -> None:
    journey.process({"name": "Stubborn", "run": STUBBORN})
    with journey.running() as run:
        run.await_log("ready")
        started = time.monotonic()
        run.send(signal.SIGINT)
        time.sleep(0.5)
        run.send(signal.SIGINT)
        done = run.finish()

    assert done.exit_code == 130, done.said
    assert time.monotonic() - started < 8
    assert journey.containers() == []


def test_cancelling_while_containers_are_made(journey: Journey) -> None:
    journey.process(*FOUR_STEPS)
    with journey.running() as run:
        eventually(lambda: journey.containers())
        run.send(signal.SIGINT)
        done = run.finish()

    assert done.exit_code == 130, done.said
    assert journey.containers() == []


def test_two_runs_of_one_home_leave_each_other_alone(journey: Journey) -> None:
    journey.process({"name": "Wait", "run": "echo ready; sleep 2; echo undisturbed"})
    journey.process({"name": "Quick", "run": "echo quick"}, name="other")
    with journey.running() as run:
        run.await_log("ready")
        other = journey.treadle("run", "other")
        assert other.exit_code == 0, other.said
        done = run.finish()

    assert done.exit_code == 0, done.said
    assert log_lines(run.events) == ["ready", "undisturbed"]


def test_the_sweep_keeps_to_its_home(journey: Journey) -> None:
    """Somebody else's container, labelled alike but for the home, survives."""
    journey.process({"name": "Wait", "run": "echo ready; sleep 60"})
    with journey.running() as run:
        run.await_log("ready")
        image = docker("inspect", "-f", "{{.Config.Image}}", *journey.containers()[:1]).strip()
        labels = ["--label", "treadle.home=somebody-else", "--label", "treadle.run=dead"]
        other = docker("create", *labels, image).strip()
        run.send(signal.SIGKILL)
        run.finish()
    try:
        journey.process({"name": "Next", "run": "true"})
        assert journey.run().exit_code == 0
        assert docker("ps", "-aq", "--no-trunc", "--filter", f"id={other}").strip() == other
    finally:
        docker("rm", "-f", other)
