"""What holds for every command: options on either side, errors as data, help, and odd surroundings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

TREADLE = str(Path(sys.executable).with_name("treadle"))


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    return make_project(
        {
            "treadle.yaml": {"environments": {"Test": {}}},
            "deploy.yaml": {"steps": [{"name": "Say", "run": "echo hi"}]},
        }
    )


def shell(project: ProjectTree, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command],
        cwd=project.root,
        env={**os.environ, "TREADLE_HOME": str(project.home), "treadle": TREADLE, **environment},
        capture_output=True,
        text=True,
    )


class TestErrors:
    def test_show_their_code(self, project: ProjectTree) -> None:
        done = project.treadle("plan", "deploy", "-e", "Tset")
        assert done.exit_code == 2
        assert done.stderr.startswith('error[unknown-environment]: there is no environment "Tset"\n')

    @pytest.mark.parametrize(
        ("arguments", "exit_code", "code"),
        [
            ("plan deploy -e Tset --json", 2, "unknown-environment"),
            ("show builtin/nope --json", 2, "template-not-found"),
            ("show x --json", 2, "template-not-found"),
            ("run deploy -e Nope --json", 2, "unknown-environment"),
            ("import nope/nope --json", 2, "source-not-found"),
            ("runs show --json", 2, "run-not-found"),
            ("search --limit x --json", 2, "usage"),
            ("pack nowhere --json", 2, "path-not-found"),
        ],
    )
    def test_are_data_on_request(
        self, project: ProjectTree, arguments: str, exit_code: int, code: str
    ) -> None:
        done = project.treadle(*arguments.split())
        assert done.exit_code == exit_code
        error = done.json["error"]
        assert set(error) == {"code", "message", "hint", "problems"}
        assert f"error[{error['code']}]: {error['message']}" in done.stderr
        assert error["code"] == code

    def test_have_every_problem_as_data(self, project: ProjectTree) -> None:
        project.write({"bad.yaml": "version: 1\nsteps: [{name: A}, {nome: B, run: x}]\n"})
        done = project.treadle("plan", "bad", "--json")
        problems = done.json["error"]["problems"]
        assert len(problems) > 1
        assert {"message", "code", "file", "line", "column", "hint", "severity"} <= set(problems[0])

    def test_are_a_line_of_their_own_among_events(self, project: ProjectTree) -> None:
        done = project.treadle("run", "deploy", "-e", "Nope", "--progress", "json")
        (line,) = done.json_lines
        assert line["error"]["code"] == "unknown-environment"

    def test_of_the_command_line_itself_look_like_all_others(self, project: ProjectTree) -> None:
        assert project.treadle("plan", "--xyzzy").stderr == (
            "error[usage]: no such option '--xyzzy'\n  hint: See `treadle plan --help`.\n"
        )

    def test_two_crashes_in_a_second_leave_two_reports(
        self, project: ProjectTree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("a bug\x1b[2J")

        monkeypatch.setattr("runner.app.run_service", broken)
        for _ in range(2):
            done = project.treadle("plan", "deploy", "--json")
            assert (done.exit_code, done.json["error"]["code"]) == (3, "internal-error")
            assert "\x1b" not in done.stderr + done.stdout
        assert len(list((project.home / "logs").iterdir())) == 2


class TestOptionsOfAllCommands:
    @pytest.mark.parametrize(
        "arguments",
        [
            "-q source list",
            "source -q list",
            "source list -q",
            "source list --no-color -v -q",
            "runs list -v",
            "image -v list --help",
            "lint -v -q builtin --rules",
        ],
    )
    def test_stand_anywhere(self, project: ProjectTree, arguments: str) -> None:
        assert project.treadle(*arguments.split()).exit_code == 0

    def test_a_folder_may_follow_the_command(self, project: ProjectTree, tmp_path: Path) -> None:
        for arguments in (("-C", "..", "plan", "project/deploy"), ("plan", "project/deploy", "-C", "..")):
            project.monkeypatch.chdir(project.root)
            done = project.treadle(*arguments)
            assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "deploy"), arguments

    def test_quiet_after_the_command_says_nothing(self, project: ProjectTree) -> None:
        assert project.treadle("new", "hello", "-q").stdout == ""


class TestHelp:
    @pytest.mark.parametrize("arguments", [[], ["help"], ["source"], ["help", "source"], ["runs"]])
    def test_is_printed_to_stdout_for_a_bare_group(self, project: ProjectTree, arguments: list[str]) -> None:
        done = project.treadle(*arguments)
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: treadle")

    def test_explains_commands_below_groups(self, project: ProjectTree) -> None:
        below = project.treadle("help", "source", "sync")
        assert below.stdout == project.treadle("source", "sync", "--help").stdout
        assert below.stdout.startswith("Usage: treadle source sync [OPTIONS] [NAME]")
        assert project.treadle("help", "nope").exit_code == 2
        assert project.treadle("help", "plan", "nope").exit_code == 2

    @pytest.mark.parametrize(
        ("word", "meant"),
        [
            ("sync", '"source sync"'),
            ("list", '"source list"'),
            ("serach", '"search"'),
            ("logs", '"runs logs"'),
        ],
    )
    def test_a_slip_gets_a_hint(self, project: ProjectTree, word: str, meant: str) -> None:
        done = project.treadle(word)
        assert done.exit_code == 2
        assert f'there is no command "{word}"; did you mean {meant}' in done.stderr


class TestSurroundings:
    @pytest.mark.parametrize(
        "command", ["search sleep", "plan deploy -e Test", "source list", "--help", "runs list"]
    )
    def test_without_stdout_a_command_works(self, project: ProjectTree, command: str) -> None:
        done = shell(project, f"$treadle {command} >&-")
        assert (done.returncode, done.stdout) == (0, "")
        assert "Treadle itself failed" not in done.stderr

    def test_without_any_stream_a_command_works(self, project: ProjectTree) -> None:
        assert shell(project, "$treadle plan deploy -e Test <&- >&- 2>&-").returncode == 0
        assert shell(project, "$treadle plan deploy -e Nope <&- >&- 2>&-").returncode == 2

    @pytest.mark.parametrize("command", ["plan deploy -e Test", "--help", "search sleep --json", "--version"])
    def test_a_full_disk_is_told_in_a_sentence(self, project: ProjectTree, command: str) -> None:
        done = shell(project, f"$treadle {command} > /dev/full")
        assert done.returncode == 3
        assert done.stderr.startswith("error[output-not-written]: cannot write the output: No space left")
        assert shell(project, f"$treadle {command} > /dev/full 2>&1").returncode == 3

    def test_a_terminal_without_unicode_gets_other_characters(self, project: ProjectTree) -> None:
        project.write({"deploy.yaml": {"steps": [{"name": "日本 Grüße", "run": "echo hi"}]}})
        latin = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
        done = subprocess.run(
            [TREADLE, "plan", "deploy", "-e", "Test"],
            cwd=project.root,
            env={**os.environ, "TREADLE_HOME": str(project.home), **latin},
            capture_output=True,
        )
        assert done.returncode == 0
        assert "?? Grüße".encode("latin-1") in done.stdout
        data = subprocess.run(
            [TREADLE, "plan", "deploy", "-e", "Test", "--json"],
            cwd=project.root,
            env={**os.environ, "TREADLE_HOME": str(project.home), **latin},
            capture_output=True,
        )
        assert json.loads(data.stdout)["steps"][0]["name"] == "日本 Grüße"

    def test_a_reader_that_goes_away_hears_nothing_more(self, project: ProjectTree) -> None:
        done = shell(project, "$treadle plan deploy -e Test | head -1")
        assert (done.returncode, done.stderr) == (0, "")

    def test_an_error_that_nobody_reads_is_still_one(self, project: ProjectTree) -> None:
        done = shell(
            project, "{ $treadle plan nope --json 2>&1; echo $? > code; } | sleep 0; sleep 1; cat code"
        )
        assert done.stdout == "2\n"

    def test_an_argument_that_is_not_utf_8_is_told(self, project: ProjectTree) -> None:
        for command in ("plan", "search", "show", "validate", "runs show"):
            done = shell(project, f"$treadle {command} \"$(printf 'a\\377b')\"")
            assert done.returncode in (0, 2), done.stderr
            assert "Treadle itself failed" not in done.stderr

    def test_a_user_without_home_is_told_what_to_set(self, project: ProjectTree) -> None:
        """One whom the system does not know, as in a container that runs under any number."""
        program = (
            "import os; os.getuid = lambda: 54321; from runner.cli.main import main; main(['source', 'list'])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert done.stderr.startswith("error[no-home]: ")
        assert "Set TREADLE_HOME" in done.stderr

    @pytest.mark.parametrize(("value", "exit_code"), [("true", 5), ("1", 5), ("false", 0), ("0", 0), ("", 0)])
    def test_ci_means_ci_unless_it_says_no(self, project: ProjectTree, value: str, exit_code: int) -> None:
        assert project.treadle("lock").exit_code == 0
        project.write(
            {
                "more.yaml": {
                    "steps": [{"name": "A", "uses": "builtin/sleep", "with": {"Sleep.Duration": "1"}}]
                }
            }
        )
        project.monkeypatch.setenv("CI", value)
        assert project.treadle("plan", "more", "-e", "Test").exit_code == exit_code

    @pytest.mark.parametrize(
        ("command", "said"),
        [
            ("search --limit 0", "'--limit': \"0\" is not a whole number from 1 to 10,000"),
            ("log builtin/sleep -n x", "'-n' / '--limit': \"x\" is not a whole number from 1 to 10,000"),
            ("runs list -n 1.5", "'-n' / '--limit': \"1.5\" is not a whole number from 1 to 100,000"),
            ("runs prune --keep -1", "'--keep': \"-1\" is not a whole number from 0 to 100,000"),
            ("test x -j 33", "'-j' / '--jobs': \"33\" is not a whole number from 1 to 32"),
            ("update --all --cool-down -1", "'--cool-down': \"-1\" is not a number from 0 to 36,500"),
            ("outdated --cool-down nan", "'--cool-down': \"nan\" is not a number from 0 to 36,500"),
        ],
    )
    def test_a_number_out_of_its_range_is_quoted(self, project: ProjectTree, command: str, said: str) -> None:
        done = project.treadle(*command.split())
        assert done.exit_code == 2
        assert done.stderr.startswith(f"error[usage]: invalid value for {said}\n")

    def test_a_search_has_limits(self, project: ProjectTree) -> None:
        assert "a search takes at most 50 words" in project.treadle("search", *["a"] * 51).stderr
        assert project.treadle("search", "a", "--limit", "9" * 30).exit_code == 2
