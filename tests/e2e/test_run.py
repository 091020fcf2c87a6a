"""What a run does between its start and its record: outputs, artifacts, secrets, targets."""

from __future__ import annotations

import json

import pytest

from tests.support.journey import Journey, log_lines

pytestmark = pytest.mark.docker

TWO_TARGETS = {
    "environments": {"Test": {}, "Production": {}},
    "targets": {
        "web-1": {"environments": ["Test"], "roles": ["web"]},
        "web-2": {"environments": ["Test", "Production"], "roles": ["web"]},
    },
}


def test_outputs_pass_between_steps_and_targets(journey: Journey) -> None:
    journey.write("treadle.yaml", TWO_TARGETS)
    journey.process(
        {
            "name": "Build",
            "roles": ["web"],
            "run": 'set_octopusvariable Url "http://$(get_octopusvariable Octopus.Machine.Name)"',
        },
        {
            "name": "Own",
            "roles": ["web"],
            "run": "echo \"own: $(get_octopusvariable 'Octopus.Action[Build].Output.Url')\"",
        },
        {
            "name": "Both",
            "shell": "python",
            "run": "for machine in 'web-1', 'web-2':\n"
            "    print(get_octopusvariable(f'Octopus.Action[Build].Output[{machine}].Url'))",
        },
        {"name": "Substituted", "run": "echo '#{Octopus.Action[Build].Output[web-2].Url | ToUpper}'"},
    )

    done = journey.run("-e", "Test")

    assert done.exit_code == 0, done.said
    lines = log_lines(done.events)
    assert sorted(lines[:2]) == ["own: http://web-1", "own: http://web-2"]
    assert lines[2:] == ["http://web-1", "http://web-2", "HTTP://WEB-2"]


def test_a_production_run_uses_its_own_targets_only(journey: Journey) -> None:
    journey.write("treadle.yaml", TWO_TARGETS)
    journey.process({"name": "Hello", "roles": ["web"], "run": "echo hello"})

    done = journey.run("-e", "Production")

    assert done.exit_code == 0, done.said
    assert [event["target"] for event in done.events if event["event"] == "action-finished"] == ["web-2"]


def test_an_artifact_is_kept_with_its_content(journey: Journey) -> None:
    journey.process(
        {
            "name": "Report",
            "run": "echo draft >report.txt\n"
            "new_octopusartifact report.txt\n"
            "new_octopusartifact ./report.txt 'final report.txt'\n"
            "mkdir logs; echo one >logs/one.log\n"
            "new_octopusartifact logs\n"
            "echo final >report.txt  # artifacts are read when the script has ended\n"
            "exit 3",
        }
    )

    done = journey.run()

    assert done.exit_code == 1, done.said
    folder = journey.run_folders()[-1]
    artifacts = {e["name"]: folder / e["path"] for e in done.events if e["event"] == "artifact"}
    assert sorted(artifacts) == ["final report.txt", "logs", "report.txt"]
    assert artifacts["report.txt"].read_text() == artifacts["final report.txt"].read_text() == "final\n"
    assert artifacts["logs"].stat().st_size > 0


def test_a_missing_artifact_is_a_warning(journey: Journey) -> None:
    journey.process(
        {"name": "Report", "shell": "python", "run": "createartifact('gone.txt')\nprint('went on')"}
    )

    done = journey.run()

    assert done.exit_code == 0, done.said
    assert [e["code"] for e in done.events if e["event"] == "warning"] == ["artifact-missing"]
    assert log_lines(done.events) == ["went on"]


def test_the_record_tells_the_run_as_it_was_shown(journey: Journey) -> None:
    journey.process({"name": "Hello", "run": "echo hello; write_warning careful; echo oops >&2"})

    done = journey.run()

    assert done.exit_code == 0, done.said
    assert journey.events() == done.events
    assert [event["seq"] for event in done.events] == list(range(1, len(done.events) + 1))
    folder = journey.run_folders()[-1]
    result = json.loads((folder / "result.json").read_text())
    last = done.events[-1]
    assert last["event"] == "run-finished"
    assert last["status"] == result["status"] == "success"
    assert json.loads((folder / "plan.json").read_text())["steps"][0]["name"] == "Hello"
    assert folder.stat().st_mode & 0o077 == 0


def test_a_failed_step_stops_the_run_but_for_what_runs_always(journey: Journey) -> None:
    journey.process(
        {"name": "Break", "run": "fail_step 'The disk is full'"},
        {"name": "Never", "run": "echo never"},
        {"name": "Rescue", "run": "echo rescue", "condition": "failure"},
        {"name": "Tidy", "run": "echo tidy", "condition": "always"},
    )

    done = journey.run()

    assert done.exit_code == 1, done.said
    assert log_lines(done.events) == ["rescue", "tidy"]
    assert {step["step"]: step["status"] for step in done.events[-1]["steps"]} == {
        "Break": "failed",
        "Never": "skipped",
        "Rescue": "success",
        "Tidy": "success",
    }
    assert "The disk is full" in done.events[-1]["message"]


def test_a_secret_is_masked_wherever_it_goes(journey: Journey) -> None:
    journey.write("treadle.yaml", {"variables": {"Token": {"sensitive": True, "from": {"env": "TOKEN"}}}})
    journey.process(
        {
            "name": "Use",
            "run": 'token=$(get_octopusvariable Token)\necho "token: $token"\necho "error: $token" >&2\n'
            'set_octopusvariable Half "<$token>"\nfail_step "refused: $token"',
        }
    )

    done = journey.run(env={"TOKEN": "s3cr3t-t0k3n"})

    assert done.exit_code == 1, done.said
    assert log_lines(done.events, "info") == ["token: ********"]  # streams keep no order between them
    assert log_lines(done.events, "error") == ["error: ********"]
    assert [e["value"] for e in done.events if e["event"] == "output"] == ["<********>"]
    assert done.events[-1]["message"].endswith("refused: ********")
    assert "s3cr3t-t0k3n" not in done.stdout + done.stderr
