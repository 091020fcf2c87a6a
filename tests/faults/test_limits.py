"""Scripts that print, set or keep too much: bounded memory, a clear result, nothing left."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.journey import TREADLE, Done, Journey, log_lines

pytestmark = pytest.mark.docker

MIB = 1024**2
MOST_MEMORY = 200 * MIB


def run_measured(journey: Journey, **limits: str) -> tuple[Done, int]:
    """Run the process; how it ended, and the most memory that Treadle held, in bytes."""
    with (journey.root / "out").open("w+") as out, (journey.root / "err").open("w+") as err:
        process = subprocess.Popen(
            [TREADLE, "run", "deploy", "--progress", "json"],
            cwd=journey.root,
            env={**os.environ, "TREADLE_HOME": str(journey.home), **limits},
            stdout=out,
            stderr=err,
        )
        peak = 0
        while process.poll() is None:
            peak = most_memory(process.pid) or peak
            time.sleep(0.02)
        out.seek(0)
        err.seek(0)
        return Done(process.returncode, out.read(), err.read()), peak


def most_memory(pid: int) -> int:
    """The peak so far, in bytes; 0 for a process that has ended. (`wait4` would count that of pytest as well.)"""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def stored(journey: Journey) -> int:
    """Bytes in the last run's folder."""
    return sum(path.stat().st_size for path in journey.run_folders()[-1].rglob("*") if path.is_file())


def test_a_line_of_150_megabytes_is_cut(journey: Journey) -> None:
    journey.process({"name": "Shout", "run": "head -c 150M /dev/zero | tr '\\0' x; echo; echo after"})

    done, peak = run_measured(journey)

    assert done.exit_code == 0, done.said[:1000]
    line, after = log_lines(done.events)
    assert after == "after"
    assert len(line) < 2 * MIB
    assert line.endswith("(cut after 1,048,576 characters)")
    assert peak < 100 * MIB
    assert stored(journey) < 4 * MIB


def test_a_million_outputs_fail_the_step(journey: Journey) -> None:
    journey.process(
        {
            "name": "Flood",
            "shell": "python",
            "run": "for n in range(1_000_000):\n"
            "    print(f\"##octopus[setVariable name='{encode(str(n))}' value='{encode('x')}']\")",
        },
        {"name": "Never", "run": "echo never"},
    )

    done, peak = run_measured(journey)

    assert done.exit_code == 1, done.said[:1000]
    assert "More than 10,000 output variables." in done.events[-1]["message"]
    assert log_lines(done.events) == []
    assert peak < MOST_MEMORY


def test_an_output_that_is_too_large_fails_the_step(journey: Journey) -> None:
    journey.process({"name": "Set", "shell": "python", "run": "set_octopusvariable('Big', 'x' * 5000)"})

    done, _ = run_measured(journey, TREADLE_MAX_OUTPUT="4k")

    assert done.exit_code == 1, done.said
    assert 'Output "Big" has 5,000 bytes; 4,096 are allowed.' in done.events[-1]["message"]


def test_an_artifact_of_100_gigabytes_is_refused_unread(journey: Journey) -> None:
    journey.process(
        {
            "name": "Keep",
            "run": "truncate -s 100G huge; new_octopusartifact huge; echo small >small; new_octopusartifact small",
        }
    )

    done, peak = run_measured(journey)

    assert done.exit_code == 0, done.said
    (warning,) = (e for e in done.events if e["event"] == "warning")
    assert warning["code"] == "artifact-too-large"
    assert "107,374,182,400 bytes; 1,073,741,824 are allowed" in warning["message"]
    assert [e["name"] for e in done.events if e["event"] == "artifact"] == ["small"]
    assert peak < MOST_MEMORY
    assert stored(journey) < MIB


def test_artifacts_of_a_run_are_limited_together(journey: Journey) -> None:
    keep = "head -c 600K /dev/zero >file; new_octopusartifact file"
    journey.process({"name": "One", "run": keep}, {"name": "Two", "run": keep})

    done, _ = run_measured(journey, TREADLE_MAX_ARTIFACTS_TOTAL="1m")

    assert done.exit_code == 0, done.said
    assert [e["code"] for e in done.events if e["event"] == "warning"] == ["artifacts-too-large"]


def test_a_log_beyond_its_limit_is_dropped_and_told(journey: Journey) -> None:
    journey.process(
        {"name": "Talk", "run": "seq -w 200000; set_octopusvariable After yes"},
        {"name": "Next", "run": "echo 'after: #{Octopus.Action[Talk].Output.After}'"},
    )

    done, _ = run_measured(journey, TREADLE_MAX_LOG="100k")

    assert done.exit_code == 0, done.said[:1000]
    *lines, after = log_lines(done.events)
    assert lines == [f"{n:06}" for n in range(1, len(lines) + 1)]
    assert 90 * 1024 < 7 * len(lines) <= 100 * 1024
    assert after == "after: yes"
    told = log_lines(done.events, "warning")
    assert told[0] == "The limit of 102,400 bytes is reached: what follows is dropped."
    assert told[1].endswith("bytes of output were dropped.")


def test_no_line_is_lost_in_a_flood(journey: Journey) -> None:
    """Both streams at once, 40 MB: every line arrives, in its stream's order."""
    journey.process({"name": "Talk", "run": "seq 1 2 4000000 & seq 2 2 4000000 >&2; wait"})

    done, peak = run_measured(journey)

    assert done.exit_code == 0, done.said[:1000]
    assert list(map(int, log_lines(done.events))) == list(range(1, 4_000_001, 2))
    assert list(map(int, log_lines(done.events, "error"))) == list(range(2, 4_000_001, 2))
    assert peak < MOST_MEMORY


def test_memory_beyond_its_limit_is_told(journey: Journey) -> None:
    journey.process(
        {
            "name": "Eat",
            "shell": "python",
            "run": "print('eating')\nfood = bytearray(500 * 1024 ** 2)",
            "container": {"memory": "64m"},
        }
    )

    done, _ = run_measured(journey)

    assert done.exit_code == 1, done.said
    assert "out of memory" in done.events[-1]["message"]
    assert log_lines(done.events) == ["eating"]


def test_a_fork_bomb_ends_at_its_limit(journey: Journey) -> None:
    script = (
        "import os, time\nchildren = 0\ntry:\n    while os.fork():\n        children += 1\n    time.sleep(1)\n"
        "except BlockingIOError:\n    print('no more than', children)"
    )
    journey.process({"name": "Fork", "shell": "python", "run": script, "container": {"pids": 40}})

    done, _ = run_measured(journey)

    assert done.exit_code == 0, done.said
    (line,) = log_lines(done.events)
    assert 20 < int(line.removeprefix("no more than ")) < 40


def test_a_timeout_stops_the_step(journey: Journey) -> None:
    journey.process(
        {"name": "Slow", "run": "echo begun; sleep 60", "timeout": "1s"},
        {"name": "Tidy", "run": "echo tidy", "condition": "failure"},
    )

    done, _ = run_measured(journey)

    assert done.exit_code == 1, done.said
    assert 'step "Slow" failed: timed out after 1 s' in done.events[-1]["message"]
    assert log_lines(done.events) == ["begun", "tidy"]


def test_a_full_tmp_is_the_scripts_own_trouble(journey: Journey) -> None:
    journey.process(
        {
            "name": "Fill",
            "run": "head -c 20M /dev/zero >/tmp/big || fail_step 'no room'",
            "container": {"tmp": "1m"},
        }
    )

    done, _ = run_measured(journey)

    assert done.exit_code == 1, done.said
    assert "no room" in done.events[-1]["message"]


def test_what_an_action_writes_to_the_disk_is_limited(journey: Journey) -> None:
    fill = "for n in $(seq 100); do head -c 1M /dev/zero >file$n; sleep 0.1; done; sleep 30"
    journey.process({"name": "Fill", "run": fill, "container": {"disk": "20m"}})

    done, _ = run_measured(journey)

    assert done.exit_code == 1, done.said
    assert "it wrote more than 20,971,520 bytes to the disk" in done.events[-1]["message"]
