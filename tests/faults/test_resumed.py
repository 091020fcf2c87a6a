"""A rolling deployment that is killed at random moments: resumed, it comes to its end, and nothing is done twice."""

from __future__ import annotations

import random
import signal
import subprocess
from collections import Counter

import pytest

from tests.support.journey import Journey

pytestmark = pytest.mark.docker

KILLS = 50
FARM = {
    "environments": {"Test": {}},
    "targets": {f"web-{n}": {"environments": ["Test"], "roles": ["web"]} for n in range(8)},
}


def test_killed_at_fifty_moments_it_ends_as_if_it_had_not_been(journey: Journey) -> None:
    journey.write("treadle.yaml", FARM)
    echo = {"restartable": True, "run": 'set_octopusvariable Done "#{Octopus.Machine.Name}"; sleep 0.2'}
    actions = [{"name": name, **echo} for name in ("out", "deploy", "in")]
    journey.process({"name": "Roll", "roles": ["web"], "window": 2, "actions": actions})
    moments = random.Random(11)
    kills = 0
    ended = False
    while kills < KILLS:
        ended, first = False, True
        while not ended and kills < KILLS:
            arguments = ["run", "deploy", "-e", "Test"] if first else ["runs", "resume"]
            ended = not killed(journey, arguments, moments.uniform(0.2, 2.5))
            first = first and not journey_has_open_run(journey)
            kills += not ended
        if not ended:
            done = journey.treadle("runs", "resume")
            assert done.exit_code == 0, done.said
        check(journey)
    journey.treadle("runs", "list")


def journey_has_open_run(journey: Journey) -> bool:
    return bool(journey.run_folders()) and not (journey.run_folders()[-1] / "result.json").exists()


def killed(journey: Journey, arguments: list[str], after: float) -> bool:
    """Whether the command was still at work after so many seconds; then it is killed."""
    with journey.command(*arguments) as process:
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
    assert process.returncode == 0
    return False


def check(journey: Journey) -> None:
    events = journey.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    ends = Counter(
        event["action"]
        for event in events
        if event["event"] == "action-finished" and event["status"] == "success"
    )
    assert len(ends) == 24
    assert set(ends.values()) == {1}, "what had ended was not run again"
    assert events[-1]["status"] == "success"
