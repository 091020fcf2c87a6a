"""Records of runs that no run wrote like this: one is told, the others are shown, nothing blocks or crashes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner.runs.test_history import create, deploy
from tests.support.project import ProjectTree, project_tree

CONTENTS = {
    "empty": b"",
    "cut": b'{"format": 1, "run": "',
    "a list": b"[]",
    "a number": b"1",
    "no UTF-8": b'{"a": "\xff"}',
    "brackets": b"[" * 10_000,
    "deep": b'{"a":' * 100_000,
    "other keys": b'{"format": 1}',
}
TYPES: tuple[dict[str, object], ...] = (
    {"process": 1},
    {"environment": []},
    {"project": None},
    {"started": 5},
    {"started": "now"},
    {"started": "2026-01-01T00:00:00"},
    {"folder": 3},
)
RESULT_TYPES: tuple[dict[str, object], ...] = (
    {"status": "paused"},
    {"status": ["failed"]},
    {"seconds": "long"},
    {"seconds": None},
    {"message": 5},
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    return project_tree(tmp_path, monkeypatch, {})


@pytest.fixture
def runs(tree: ProjectTree) -> tuple[Path, str]:
    """The folder of a run to be damaged, and the id of one that stays whole."""
    with create(tree.home / "runs") as bad:
        deploy(bad)
    with create(tree.home / "runs") as good:
        deploy(good)
    return bad.folder, good.run


def _is_told_and_the_other_is_shown(tree: ProjectTree, runs: tuple[Path, str], file: str) -> None:
    folder, good = runs
    listed = tree.treadle("runs", "list")
    assert (listed.exit_code, good in listed.stdout) == (0, True), listed.stderr
    assert folder.name not in listed.stdout
    said = [line for line in listed.stderr.splitlines() if folder.name in line]
    assert len(said) == 1
    assert f"{folder.name}/{file}" in said[0]
    shown = tree.treadle("runs", "show", folder.name)
    assert shown.exit_code == 2
    assert f"{folder.name}/{file}" in shown.stderr


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("file", ["run.json", "result.json"])
def test_one_bad_record_is_one_line_of_the_list(
    tree: ProjectTree, runs: tuple[Path, str], file: str, content: bytes
) -> None:
    (runs[0] / file).write_bytes(content)
    _is_told_and_the_other_is_shown(tree, runs, file)


@pytest.mark.parametrize(
    ("file", "change"),
    [*(("run.json", each) for each in TYPES), *(("result.json", each) for each in RESULT_TYPES)],
)
def test_values_of_other_types_are_damage(
    tree: ProjectTree, runs: tuple[Path, str], file: str, change: dict[str, object]
) -> None:
    path = runs[0] / file
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    _is_told_and_the_other_is_shown(tree, runs, file)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("make", [_pipe, _folder, _link_to_itself])
@pytest.mark.parametrize("file", ["run.json", "result.json"])
def test_nothing_waits_for_what_is_no_file(
    tree: ProjectTree, runs: tuple[Path, str], file: str, make: Callable[[Path], None]
) -> None:
    (runs[0] / file).unlink()
    make(runs[0] / file)
    _is_told_and_the_other_is_shown(tree, runs, file)


@pytest.mark.parametrize("make", [_pipe, _folder])
def test_events_that_are_no_file_are_said(
    tree: ProjectTree, runs: tuple[Path, str], make: Callable[[Path], None]
) -> None:
    folder, _ = runs
    (folder / "events.jsonl").unlink()
    make(folder / "events.jsonl")
    for command in ("show", "logs", "artifacts"):
        done = tree.treadle("runs", command, folder.name)
        assert done.exit_code == 2, command
        assert "events.jsonl" in done.stderr


LINES = (
    "[" * 10_000,
    "5",
    '{"seq": 1, "event": "of-another-version"}',
    '{"seq": "1", "event": "step-started", "step": "a"}',
    '{"seq": 1, "event": "step-started"}',
    '{"seq": 1, "event": "step-started", "step": ["a"]}',
    '{"seq": 1, "event": ["log"]}',
    '{"seq": 1, "event": "log", "action": "deploy@web-1", "level": "info", "lines": 5}',
    '{"seq": 1, "event": "log", "action": "deploy@web-1", "level": "loud", "lines": ["a"]}',
    '{"seq": 1, "event": "step-finished", "step": "a", "status": "paused", "seconds": 1}',
    '{"seq": 1, "event": "output", "action": "a", "name": "n", "value": 5, "sensitive": false}',
    '{"seq": 1, "event": "artifact", "action": "a", "name": "n", "path": null, "size": 5}',
)


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_an_event_that_no_run_writes_is_a_warning(
    tree: ProjectTree, runs: tuple[Path, str], line: str
) -> None:
    folder, _ = runs
    with (folder / "events.jsonl").open("a") as events:
        events.write(line + "\n")
    shown = tree.treadle("runs", "show", folder.name)
    assert shown.exit_code == 0, shown.stderr
    assert "events.jsonl cannot be read" in shown.stdout
    assert tree.treadle("runs", "logs", folder.name).exit_code == 0


@pytest.mark.parametrize("content", [*CONTENTS.values(), b'{"steps": 5}', b'{"steps": [1]}'])
def test_a_plan_that_cannot_be_read_leaves_the_rest_to_be_shown(
    tree: ProjectTree, runs: tuple[Path, str], content: bytes
) -> None:
    folder, _ = runs
    (folder / "plan.json").write_bytes(content)
    shown = tree.treadle("runs", "show", folder.name)
    assert shown.exit_code == 0, shown.stderr
    assert "Notify" in shown.stdout
