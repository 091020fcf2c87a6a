from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runner.runs.queue import Withdrawn, queue_folder, turn


def test_whoever_comes_first_goes_first_one_at_a_time(tmp_path: Path) -> None:
    went: list[int] = []
    inside: list[int] = []
    drawn = [threading.Event() for _ in range(5)]

    def go(number: int) -> None:
        with turn(tmp_path, str(number), lambda _: drawn[number].set()):
            inside.append(number)
            assert len(inside) == 1
            time.sleep(0.02)
            inside.remove(number)
            went.append(number)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(5)]
    with turn(tmp_path, "first"):
        for number, thread in enumerate(threads):
            thread.start()
            assert drawn[number].wait(5)
        assert went == []
    for thread in threads:
        thread.join()
    assert went == [0, 1, 2, 3, 4]
    assert list(tmp_path.glob("*.ticket")) == []


def test_who_waits_is_told_for_whom(tmp_path: Path) -> None:
    told: list[str] = []
    with (
        turn(tmp_path, "run 1"),
        pytest.raises(Withdrawn),
        turn(tmp_path, "run 2", told.append, lambda: bool(told)),
    ):
        raise AssertionError("it was not its turn")
    assert told == ["run 1"]


def test_a_process_that_dies_gives_its_turn_up(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from runner.runs.queue import turn\n"
        f"with turn(Path({str(tmp_path)!r}), 'other'):\n    print('in', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        told: list[str] = []
        threading.Timer(0.3, process.kill).start()
        started = time.monotonic()
        with turn(tmp_path, "mine", told.append):
            assert 0.2 < time.monotonic() - started < 5
        assert told == ["other"]


def test_queues_of_other_keys_are_others(tmp_path: Path) -> None:
    one, other = queue_folder(tmp_path, "a", "b"), queue_folder(tmp_path, "ab", "")
    assert one != other
    with turn(one, "1"), turn(other, "2"):
        pass
