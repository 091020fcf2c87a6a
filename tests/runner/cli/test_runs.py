from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.execution import events
from runner.execution.service_messages import OutputVariable
from runner.masking.masker import Masker
from runner.model import Level, RunResult, Status
from runner.runs.journal import Journal
from tests.runner.runs.test_history import create, deploy
from tests.support.plans import execution
from tests.support.project import ProjectTree, project_tree


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.setenv("TZ", "UTC")
    return project_tree(tmp_path, monkeypatch, {})


@pytest.fixture
def run(tree: ProjectTree) -> str:
    """The id of a run that failed on one of its two targets."""
    with create(tree.home / "runs") as journal:
        deploy(journal)
    return journal.run


def test_list(tree: ProjectTree, run: str) -> None:
    shown = tree.treadle("runs", "list")
    assert shown.exit_code == 0
    heads, line = shown.stdout.splitlines()
    assert heads.split() == ["RUN", "PROJECT", "PROCESS", "ENVIRONMENT", "STARTED", "TOOK", "STATUS"]
    assert re.fullmatch(
        rf"{run}  shop     Web shop  Test         \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d  3\.0 s  ✗ failed", line
    )
    (entry,) = tree.treadle("runs", "list", "--json").json
    assert entry.pop("started").endswith("Z")
    assert entry == {
        "run": run,
        "process": "Web shop",
        "environment": "Test",
        "project": "shop",
        "project_folder": None,
        "status": "failed",
        "seconds": 3.0,
        "message": 'step "Deploy" failed',
    }


def test_nothing_to_list(tree: ProjectTree) -> None:
    assert tree.treadle("runs", "list").stdout.startswith("There are no runs yet.")
    assert tree.treadle("runs", "list", "--json").json == []
    shown = tree.treadle("runs", "show")
    assert shown.exit_code == 2
    assert "there are no runs yet" in shown.stderr
    assert not (tree.home / "runs").exists()


def test_show(tree: ProjectTree, run: str) -> None:
    lines = tree.treadle("runs", "show").stdout.splitlines()
    assert lines[0] == "Web shop in Test  ✗ failed"
    assert lines[1].startswith(f"run {run}, project shop, started 2")
    assert lines[1].endswith(", took 3.0 s")
    assert lines[2:] == [
        'step "Deploy" failed',
        "",
        "  1 ✗ Deploy  2.6 s  failed: the script ended with exit code 3",
        "      ✓ web-1  1.5 s",
        "      ✗ web-2  2.5 s  failed: the script ended with exit code 3",
        "  2 - Notify  skipped: an earlier step failed",
        "",
        "Outputs",
        "  Deploy[web-1] Url = new",
        "  Deploy[web-2] Key = ********",
        "",
        "Artifacts",
        "  Deploy[web-1]  report.txt  4 B",
        "",
        "Warnings",
        '  artifact "x" is not there',
    ]


def test_show_json(tree: ProjectTree, run: str) -> None:
    shown = tree.treadle("runs", "show", run[:9], "--json").json
    assert shown["status"] == "failed"
    assert [step["step"] for step in shown["steps"]] == ["Deploy", "Notify"]
    assert shown["steps"][0]["actions"][1] == {
        "action": "deploy@web-2",
        "step": "Deploy",
        "name": "Deploy",
        "target": "web-2",
        "status": "failed",
        "seconds": 2.5,
        "exit_code": 3,
        "message": "the script ended with exit code 3",
        "attempt": 1,
        "skip": None,
    }
    assert shown["outputs"][1]["value"] == "********"
    assert Path(shown["artifacts"][0]["path"]).read_text() == "fine"


def test_of_very_many_outputs_some_are_shown(tree: ProjectTree) -> None:
    with create(tree.home / "runs") as journal:
        journal.append(events.action_started(execution("a", "Deploy", None), 1))
        for number in range(1052):
            journal.append(events.output("a", OutputVariable(f"v{number}", "1"), Masker()))
    shown = tree.treadle("runs", "show").stdout.splitlines()
    assert shown[-2:] == ["  Deploy v49 = 1", "  ... and 1,002 more: --json tells all"]
    assert len(tree.treadle("runs", "show", "--json").json["outputs"]) == 1052


def test_logs(tree: ProjectTree, run: str) -> None:
    assert tree.treadle("runs", "logs", run).stdout.splitlines() == [
        "Deploy",
        "web-1 │ copying",
        '! artifact "x" is not there',
        "web-2 ✗ the script ended with exit code 3",
    ]
    assert tree.treadle("runs", "logs", "--target", "WEB-1", "--step", "deploy").stdout.splitlines()[:2] == [
        "Deploy",
        "web-1 │ copying",
    ]
    assert "copying" not in tree.treadle("runs", "logs", "--target", "web-2").stdout
    found = tree.treadle("runs", "logs", "--json").json_lines
    assert [event["seq"] for event in found] == list(range(1, len(found) + 1))
    assert found[-1]["event"] == "run-finished"


def test_verbose_lines_are_shown_on_request(tree: ProjectTree) -> None:
    with create(tree.home / "runs") as journal:
        journal.append(events.action_started(execution("a", "Deploy", None), 1))
        journal.append(events.log("a", Level.VERBOSE, ["details"]))
    assert tree.treadle("runs", "logs").stdout == ""
    assert tree.treadle("-v", "runs", "logs").stdout == "worker │ details\n"


def test_logs_of_a_live_run_are_followed_to_its_end(tree: ProjectTree) -> None:
    import threading

    with create(tree.home / "runs") as journal:
        deploy(journal, finish=False)

        def finish(journal: Journal) -> None:
            journal.append(events.log("deploy@web-2", Level.INFO, ["late"]))
            journal.finish(RunResult(journal.run, Status.SUCCESS, 1.0, ()))

        threading.Timer(0.3, finish, [journal]).start()
        shown = tree.treadle("runs", "logs", "-f").stdout.splitlines()
    assert shown == ["Deploy", "web-1 │ copying", '! artifact "x" is not there', "web-2 │ late"]


def test_timestamps_begin_the_lines_on_request(tree: ProjectTree, run: str) -> None:
    lines = tree.treadle("runs", "logs", "--timestamps").stdout.splitlines()
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"
    assert [re.sub(rf"^{stamp}  ", "", line) for line in lines] == tree.treadle(
        "runs", "logs"
    ).stdout.splitlines()
    assert all(re.match(stamp, line) for line in lines)


def test_levels_can_be_told_apart_without_colours_and_gutters_are_aligned(tree: ProjectTree) -> None:
    with create(tree.home / "runs") as journal:
        journal.append(events.action_started(execution("a", "Deploy", "web-long"), 1))
        journal.append(events.action_started(execution("b", "Deploy", "web"), 1))
        journal.append(events.action_started(execution("c", "Tell", None), 1))
        journal.append(events.log("b", Level.INFO, ["\x1b[31mfine\x1b[0m", "gone\x1b[2J"]))
        journal.append(events.log("a", Level.WARNING, ["hm"]))
        journal.append(events.log("c", Level.ERROR, ["no"]))
    assert tree.treadle("runs", "logs").stdout.splitlines() == [
        "web      │ fine",
        "web      │ gone^[[2J",
        "web-long ! hm",
        "worker   × no",
    ]


class TestProjects:
    @pytest.fixture
    def runs(self, tree: ProjectTree) -> dict[str, str]:
        """Three runs: two of the project here, one of another; by a name for each."""
        tree.write({"treadle.yaml": {}, "other/treadle.yaml": {}})
        ids = {}
        for name, process, folder in (
            ("first", "Web shop", tree.root),
            ("elsewhere", "Web shop", tree.root / "other"),
            ("second", "Tidy", tree.root),
        ):
            journal = Journal.create(tree.home / "runs", process, "Test", folder.name, {}, folder)
            with journal:
                status = Status.FAILED if name == "second" else Status.SUCCESS
                journal.finish(RunResult(journal.run, status, 1.0, ()))
            ids[name] = journal.run
            time.sleep(0.002)  # ids sort by the millisecond
        return ids

    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            ("", ["second", "first"]),
            ("--all-projects", ["second", "elsewhere", "first"]),
            ("--project OTHER", ["elsewhere"]),
            ("--process tidy", ["second"]),
            ("--status success", ["first"]),
            ("--environment Production", []),
            ("--all-projects --process web_shop -n 1", ["elsewhere"]),
            ("-C other", ["elsewhere"]),
        ],
    )
    def test_runs_are_listed_by_project_and_filter(
        self, tree: ProjectTree, runs: dict[str, str], arguments: str, names: list[str]
    ) -> None:
        words = [word.replace("_", " ") for word in arguments.split()]
        listed = tree.treadle("runs", "list", "--json", *words).json
        assert [entry["run"] for entry in listed] == [runs[name] for name in names]

    def test_the_last_run_is_that_of_this_project(self, tree: ProjectTree, runs: dict[str, str]) -> None:
        assert tree.treadle("runs", "show", "-C", "other", "--json").json["run"] == runs["elsewhere"]
        tree.write({"third/treadle.yaml": {}})
        none = tree.treadle("runs", "show", "-C", "third")
        assert (none.exit_code, "no such runs in this project" in none.stderr) == (2, True)
        shown = tree.treadle("runs", "show", "-C", "third", "--all-projects", "--json").json
        assert shown["run"] == runs["second"]
        assert tree.treadle("runs", "show", "-C", "third", runs["first"]).exit_code == 0

    @pytest.mark.parametrize(
        ("arguments", "left"),
        [
            ("--keep 1", ["second", "elsewhere"]),
            ("--keep 0 --status success", ["second", "elsewhere"]),
            ("--keep 1 --all-projects", ["second"]),
            ("--older-than 1h", ["second", "elsewhere", "first"]),
        ],
    )
    def test_pruning_removes_what_is_asked_for_and_tries_first(
        self, tree: ProjectTree, runs: dict[str, str], arguments: str, left: list[str]
    ) -> None:
        tried = tree.treadle("runs", "prune", "--dry-run", "--json", *arguments.split())
        gone = {entry["run"] for entry in tried.json["pruned"]}
        assert {runs[name] for name in runs if name not in left} == gone
        assert len(list((tree.home / "runs").iterdir())) == 3
        assert tree.treadle("runs", "prune", *arguments.split()).exit_code == 0
        assert {path.name for path in (tree.home / "runs").iterdir()} == {runs[name] for name in left}

    def test_pruning_leaves_what_is_live(self, tree: ProjectTree, runs: dict[str, str]) -> None:
        with Journal.create(tree.home / "runs", "Live", "Test", "project", {}, tree.root) as journal:
            tree.treadle("runs", "prune", "--keep", "0", "--all-projects")
            assert [path.name for path in (tree.home / "runs").iterdir()] == [journal.run]

    @pytest.mark.parametrize("arguments", ["", "--older-than soon", "--keep -1"])
    def test_pruning_needs_to_know_what(self, tree: ProjectTree, arguments: str) -> None:
        assert tree.treadle("runs", "prune", *arguments.split()).exit_code == 2


def test_artifacts(tree: ProjectTree, run: str) -> None:
    line = tree.treadle("runs", "artifacts", "last").stdout
    file = tree.home / "runs" / run / "artifacts" / "deploy@web-1" / "report.txt"
    assert line == f"Deploy[web-1]  report.txt  4 B  {file}\n"
    assert tree.treadle("runs", "artifacts", "-o", "out").exit_code == 0
    assert (tree.root / "out" / "deploy@web-1" / "report.txt").read_text() == "fine"
    again = tree.treadle("runs", "artifacts", "-o", "out")
    assert again.exit_code == 2
    assert 'there is already "out/deploy@web-1/report.txt"' in again.stderr
    (entry,) = tree.treadle("runs", "artifacts", "--json").json
    assert (entry["step"], entry["target"], entry["size"]) == ("Deploy", "web-1", 4)


def test_an_unknown_run(tree: ProjectTree, run: str) -> None:
    shown = tree.treadle("runs", "show", "nothing")
    assert shown.exit_code == 2
    assert 'there is no run "nothing"' in shown.stderr
    assert "treadle runs list" in shown.stderr


NASTY = "x\x1b[2J\x1b]8;;http://x\x07y\x9b1m\u202e\x08\rz"


def test_what_a_script_said_commands_no_terminal(tree: ProjectTree) -> None:
    """On a terminal, where colours pass, and in a pipe."""
    with create(tree.home / "runs") as journal:
        deploy(journal, finish=False)
        journal.append(events.log("deploy@web-1", Level.INFO, [f"\x1b[1;31m{NASTY}\x1b[0m"]))
        journal.append(events.output("deploy@web-1", OutputVariable("Na\x1bme", NASTY), Masker()))
        journal.append(events.warning("odd", NASTY, "deploy@web-1"))
        journal.finish(RunResult(journal.run, Status.FAILED, 1.0, (), NASTY))
    program = str(Path(sys.executable).with_name("treadle"))
    for command in ("runs logs", "runs show", "runs list", "runs logs --json", "runs show --json"):
        done = subprocess.run(
            ["script", "-qec", f"{program} {command}", "/dev/null"],
            cwd=tree.root,
            env={**os.environ, "TREADLE_HOME": str(tree.home), "TERM": "xterm"},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        shown = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.replace("\r\n", "\n"))
        assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown) == [], command
        assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", tree.treadle(*command.split()).stdout) == []
        if command == "runs logs":
            assert "\x1b[1;31mx^[[2J^[]8;;http://x^Gy\\u009b1m\\u202e^H^Mz\x1b[0m" in done.stdout
