from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from registry.errors import Invalid, NotFound, Unavailable
from runner.execution import events
from runner.masking.masker import Masker
from runner.model import Level, RunResult, Status, StepResult
from runner.runs.journal import (
    Journal,
    follow,
    is_live,
    new_run_id,
    read,
    read_head,
    read_plan,
    read_result,
)

ROOT = Path(__file__).parents[3]


def create(runs: Path) -> Journal:
    return Journal.create(runs, "Web shop", "Test", "shop", plan={"steps": []})


def log(*lines: str) -> events.Event:
    return events.log("deploy", Level.INFO, list(lines))


def result(run: str, status: Status = Status.SUCCESS) -> RunResult:
    return RunResult(run, status, 1.23456, (StepResult("Deploy", status, seconds=1.2),))


def kinds(found: list[events.Event]) -> list[tuple[int, str]]:
    return [(event["seq"], event["event"]) for event in found]


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        assert journal.append(events.run_started(journal.run, "Web shop", "Test", "shop")) == 1
        assert journal.append(log("a", "ü€😀\u2028")) == 2
        found = list(read(journal.folder))
        assert kinds(found) == [(1, "run-started"), (2, "log")]
        assert found[1]["lines"] == ["a", "ü€😀\u2028"]
        assert found[1]["level"] == "info"
        assert found[0]["time"] <= found[1]["time"]
        assert len(found[0]["time"]) == len("2026-08-12T09:30:00.123Z")
        assert kinds(list(read(journal.folder, after=1))) == [(2, "log")]
        assert kinds(list(read(journal.folder, logs=False))) == [(1, "run-started")]


def test_what_is_secret_is_recorded_nowhere(tmp_path: Path) -> None:
    with Journal.create(tmp_path, "Shop", None, "shop", plan={}, masker=Masker(["hunter2"])) as journal:
        attributes = {"hunter2": "hunter2"}
        journal.append({"event": "message", "action": "a", "name": "hunter2", "attributes": attributes})
        journal.finish(RunResult(journal.run, Status.FAILED, 1.0, (), "no hunter2"))
    for file in ("events.jsonl", "result.json"):
        content = (journal.folder / file).read_text()
        assert "********" in content
        assert "hunter2" not in content


def test_a_run_is_live_until_its_journal_is_closed(tmp_path: Path) -> None:
    journal = create(tmp_path)
    assert is_live(journal.folder)
    journal.close()
    journal.close()
    assert not is_live(journal.folder)
    assert not is_live(tmp_path / "unknown")


def test_head_plan_and_result(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        head = read_head(journal.folder)
        assert (head["run"], head["process"], head["environment"]) == (journal.run, "Web shop", "Test")
        assert read_plan(journal.folder) == {"steps": []}
        assert read_result(journal.folder) is None
        journal.finish(result(journal.run, Status.FAILED))
        ended = read_result(journal.folder)
        assert ended is not None
        assert ended["status"] == "failed"
        assert ended["seconds"] == 1.235
        assert ended["steps"] == [{"step": "Deploy", "status": "failed", "seconds": 1.2}]
        assert kinds(list(read(journal.folder))) == [(1, "run-finished")]


def test_a_result_counts_even_without_its_file(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        journal.append(log("a"))
        assert read_result(journal.folder) is None
        journal.finish(result(journal.run))
        (journal.folder / "result.json").unlink()
        ended = read_result(journal.folder)
        assert ended is not None
        assert ended["status"] == "success"
        with (journal.folder / "events.jsonl").open("ab") as file:
            file.write(b"torn")
        assert read_result(journal.folder) is None


def test_nothing_is_appended_to_a_closed_journal(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        pass
    with pytest.raises(ValueError, match="the journal is closed"):
        journal.append(log("a"))


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    with create(tmp_path / "runs") as journal:
        journal.append(log("a"))
        for path in (tmp_path / "runs", journal.folder, journal.folder / "events.jsonl"):
            assert path.stat().st_mode & 0o077 == 0


def test_an_unknown_format_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        (journal.folder / "run.json").write_text('{"format": 2}')
        with pytest.raises(Invalid, match="has format 2; this Treadle reads format 1"):
            list(read(journal.folder))
        (journal.folder / "run.json").write_text("no json")
        with pytest.raises(Invalid, match="cannot be read"):
            read_head(journal.folder)
    with pytest.raises(NotFound):
        list(read(tmp_path / "unknown"))


def test_a_torn_line_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        journal.append(log("a"))
        journal.append(log("b"))
    with (journal.folder / "events.jsonl").open("ab") as file:
        whole = b'{"seq":5,"event":"log","action":"deploy","level":"info","lines":["c"]}'
        file.write(b"garbage\n[]\n" + whole + b'\n{"seq":6,"event":"l\xff')
    found = list(read(journal.folder))
    assert [event["event"] for event in found] == ["log", "log", "warning", "warning", "log", "warning"]
    assert found[2]["code"] == "journal-damaged"
    assert found[2]["message"] == "Line 3 of events.jsonl cannot be read: torn by a crash, or changed."
    assert list(follow(journal.folder)) == found


def test_many_threads_append(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        given: list[int] = []

        def work() -> None:
            given.extend([journal.append(log("x" * 5000)) for _ in range(100)])

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(given) == list(range(1, 801))
        assert [event["seq"] for event in read(journal.folder)] == list(range(1, 801))


@pytest.mark.parametrize("same_process", [True, False])
def test_a_follower_sees_everything_until_the_run_ends(tmp_path: Path, same_process: bool) -> None:
    with create(tmp_path) as journal:
        journal.append(log("0"))
        seen: list[events.Event] = []
        source = journal.follow(after=1) if same_process else follow(journal.folder, after=1)
        thread = threading.Thread(target=lambda: seen.extend(source))
        thread.start()
        for number in range(50):
            journal.append(log(str(number)))
            time.sleep(0.002)
        journal.finish(result(journal.run))
        thread.join(timeout=10)
        assert not thread.is_alive()
        assert [event["seq"] for event in seen] == list(range(2, 53))


def test_a_follower_of_the_same_process_does_not_wait(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        source = journal.follow()
        journal.append(log("a"))
        next(source)
        started = time.monotonic()
        threading.Timer(0.01, journal.append, [log("b")]).start()
        assert next(source)["lines"] == ["b"]
        assert time.monotonic() - started < 0.08


def test_a_follower_ends_when_the_run_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from runner.runs.journal import Journal;"
        "from runner.execution import events; from runner.model import Level;"
        "j = Journal.create(Path(sys.argv[1]), 'p', None, 'p', plan={});"
        "j.append(events.log('a', Level.INFO, ['last words'])); print(j.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert is_live(folder)
        threading.Timer(0.2, process.send_signal, [signal.SIGKILL]).start()
        assert [event["lines"] for event in follow(folder)] == [["last words"]]
        assert not is_live(folder)
        assert read_result(folder) is None


def test_a_full_disk_is_told_and_leaves_whole_events(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from registry.errors import Unavailable
from runner.runs.journal import Journal, read
from runner.execution import events
from runner.model import Level
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal.create(Path(sys.argv[1]), "p", None, "p", plan={})
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
try:
    for _ in range(100):
        journal.append(events.log("a", Level.INFO, ["x" * 900]))
except Unavailable as error:
    print(error.code, error.message, sep="\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(journal.append(events.log("a", Level.INFO, ["room again"])), [e["seq"] for e in read(journal.folder)])
"""
    output = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout.splitlines()
    assert output[0] == "journal-not-written"
    assert output[1].startswith("cannot write the record of the run in")
    assert output[2] == "11 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        create(tmp_path / "file" / "runs")


def test_ids_sort_by_time_and_are_short() -> None:
    ids = []
    for _ in range(5):
        ids.append(new_run_id())
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert {len(run) for run in ids} == {11}


def test_nothing_is_half_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(Unavailable, match="No space left on device"):
        create(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_events_are_one_line_of_json_each(tmp_path: Path) -> None:
    with create(tmp_path) as journal:
        journal.append(log("a\nb", "c\u2028\x85\x0b"))
        lines = (journal.folder / "events.jsonl").read_text().splitlines()
        assert len(lines) == 1
        assert list(json.loads(lines[0])) == ["seq", "time", "event", "action", "level", "lines"]
