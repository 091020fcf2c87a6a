from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from runner.engine.base import ACTION_LABEL
from runner.engine.fake import FakeEngine, Script
from runner.engine.worker_image import worker_reference
from tests.conftest import MakeProject
from tests.support.project import Content, ProjectTree
from tests.support.stage import said, set_variable

SECRET = "correct-horse-battery-staple"
PROJECT: dict[str, Any] = {
    "environments": {"Test": {}, "Production": {}},
    "targets": {
        "web-1": {"environments": ["Test"], "roles": ["web"]},
        "web-2": {"environments": ["Production"], "roles": ["web"]},
    },
    "variables": {"Hook": {"sensitive": True, "from": {"env": "SHOP_HOOK"}}},
}
PROCESS: dict[str, Any] = {
    "name": "Deploy",
    "steps": [
        {"name": "Hello", "run": "echo hello", "roles": ["web"]},
        {"name": "Off", "run": "x", "disabled": True},
        {"name": "Last", "run": "y"},
    ],
}
SCRIPTS = {
    "1-hello@web-1": said(
        "hello",
        "##octopus[stdout-verbose]",
        "chatter",
        "##octopus[stdout-default]",
        set_variable("Url", "x"),
    ),
    "3-last": said("done"),
}
THERE = "Process files there: deploy.yaml."


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Every engine that a command connects to; `SCRIPTS` say what scripts do."""
    fake = FakeEngine(lambda spec, _: SCRIPTS.get(spec.labels[ACTION_LABEL], Script(code=9)))
    monkeypatch.setattr("runner.app.connect", lambda _: fake)
    monkeypatch.setenv("SHOP_HOOK", SECRET)
    return fake


@pytest.fixture
def shop(make_project: MakeProject, engine: FakeEngine) -> ProjectTree:
    return make_project({"treadle.yaml": PROJECT, "deploy.yaml": PROCESS})


def without_time(text: str) -> list[str]:
    """The lines of a view, with fixed durations and run ids."""
    text = re.sub(r"\d+\.\d s", "0.0 s", text)
    return re.sub(r"run [0-9a-z]{11}", "run ID", text).splitlines()


class TestViews:
    def test_plain_lines_in_a_pipe(self, shop: ProjectTree) -> None:
        done = shop.treadle("run", "deploy", "-e", "test")
        assert (done.exit_code, done.stderr) == (0, f"Looking for {worker_reference()}\n")
        assert without_time(done.stdout) == [
            "Deploy in Test  (run ID)",
            "[1/3] Hello",
            "    web-1  │ hello",
            "    web-1  → Url = x",
            "    ✓ success in 0.0 s",
            "[2/3] Off  - skipped: the step is disabled",
            "[3/3] Last",
            "    worker │ done",
            "    ✓ success in 0.0 s",
            "",
            "✓ success in 0.0 s  (run ID)",
        ]

    @pytest.mark.parametrize("where", ["before", "after"])
    def test_verbose_shows_verbose_lines(self, shop: ProjectTree, where: str) -> None:
        arguments = ["run", "deploy", "-e", "Test"]
        done = shop.treadle(*(["-v", *arguments] if where == "before" else [*arguments, "-v"]))
        assert "    web-1  │ chatter" in done.stdout.splitlines()

    def test_quiet_says_only_how_it_ended(self, shop: ProjectTree) -> None:
        done = shop.treadle("run", "deploy", "-e", "Test", "-q")
        assert without_time(done.stdout) == ["✓ success in 0.0 s  (run ID)"]

    def test_quiet_tells_what_failed(self, shop: ProjectTree) -> None:
        done = shop.treadle("-q", "run", "deploy", "-e", "Production")
        assert done.exit_code == 1
        assert done.stderr == "Hello on web-2: the script ended with exit code 9\n"
        assert without_time(done.stdout) == [
            '✗ failed in 0.0 s  (run ID): step "Hello" failed: the script ended with exit code 9'
        ]

    def test_json_is_the_events_and_ends_with_the_result(self, shop: ProjectTree) -> None:
        done = shop.treadle("run", "deploy", "-e", "Test", "--progress", "json")
        events = done.json_lines
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert (events[-1]["event"], events[-1]["status"]) == ("run-finished", "success")
        assert {step["step"]: step["status"] for step in events[-1]["steps"]} == {
            "Hello": "success",
            "Off": "skipped",
            "Last": "success",
        }
        (record,) = (shop.home / "runs").iterdir()
        assert [json.loads(line) for line in (record / "events.jsonl").read_text().splitlines()] == events

    def test_no_colours_where_nobody_sees_them(
        self, shop: ProjectTree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "\x1b" not in shop.treadle("run", "deploy", "-e", "Test").stdout
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b" not in shop.treadle("run", "deploy", "-e", "Test", "--progress", "live").stdout

    def test_the_live_view_ends_with_all_lines(self, shop: ProjectTree) -> None:
        done = shop.treadle("--no-color", "run", "deploy", "-e", "Test", "--progress", "live")
        assert done.exit_code == 0
        assert "    web-1  │ hello" in done.stdout


class TestExitCodes:
    def test_0_when_all_succeeded(self, shop: ProjectTree) -> None:
        assert shop.treadle("run", "deploy", "-e", "Test").exit_code == 0

    def test_1_when_a_step_failed(self, shop: ProjectTree) -> None:
        assert shop.treadle("run", "deploy", "-e", "Production").exit_code == 1

    def test_2_when_the_input_is_wrong_and_nothing_runs(self, shop: ProjectTree, engine: FakeEngine) -> None:
        assert shop.treadle("run", "deploy").exit_code == 2
        assert shop.treadle("run", "deploy", "-e", "Test", "--skip", "nope").exit_code == 2
        assert shop.treadle("run", "nope", "-e", "Test").exit_code == 2
        assert shop.treadle("run").exit_code == 2
        assert engine.containers == []
        assert not (shop.home / "runs").exists()

    def test_2_when_the_image_is_missing(self, shop: ProjectTree) -> None:
        step = {"name": "A", "run": "x", "container": {"image": "nope:1"}}
        shop.write({"other.yaml": {"steps": [step]}})
        done = shop.treadle("-q", "run", "other", "-e", "Test")
        assert (done.exit_code, done.complaint) == (2, 'error: The image "nope:1" is not there.\n')

    def test_3_when_the_engine_does_not_answer(self, shop: ProjectTree, engine: FakeEngine) -> None:
        engine.answers = False
        done = shop.treadle("run", "deploy", "-e", "Test", "-q")
        assert (done.exit_code, done.complaint) == (3, "error: The fake engine does not answer.\n")

    def test_3_and_one_line_for_a_defect_of_ours(
        self, shop: ProjectTree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_: object) -> FakeEngine:
            raise RuntimeError("a bug")

        monkeypatch.setattr("runner.app.connect", broken)
        done = shop.treadle("run", "deploy", "-e", "Test")
        assert done.exit_code == 3
        first, second = done.complaint.splitlines()
        assert first == "error: Treadle itself failed: RuntimeError: a bug"
        log = Path(second.partition("details are in ")[2].strip('".'))
        assert "Traceback" in log.read_text()
        assert log.is_relative_to(shop.home)


class TestStrict:
    def test_warnings_stop_it_before_anything_runs(self, shop: ProjectTree, engine: FakeEngine) -> None:
        shop.write({"doubt.yaml": {"steps": [{"name": "Last", "run": "echo '#{Nope}'"}]}})
        done = shop.treadle("run", "doubt", "-e", "Test", "--strict")
        assert done.exit_code == 2
        assert "[unknown-variable]" in done.stderr
        assert engine.containers == []


class TestInputs:
    def value(self, shop: ProjectTree, *arguments: str, stdin: str | bytes = "") -> Any:
        """What the variable `X` comes to."""
        done = shop.treadle("plan", "deploy", "-e", "Test", "--json", *arguments, stdin=stdin)
        assert done.exit_code == 0, done.stderr
        variables = done.json["steps"][0]["actions"][0]["variables"]
        return next(value["value"] for value in variables if value["name"].casefold() == "x")

    def test_a_value(self, shop: ProjectTree) -> None:
        assert self.value(shop, "--var", "X=a=b") == "a=b"
        assert self.value(shop, "--var", "X=") == ""
        assert self.value(shop, "--var", "X=1", "--var", "x=2") == "2"

    def test_a_file(self, shop: ProjectTree) -> None:
        shop.write({"x.txt": "from a file\n"})
        assert self.value(shop, "--var", "X=@x.txt") == "from a file"

    def test_standard_input(self, shop: ProjectTree) -> None:
        assert self.value(shop, "--var", "X=-", stdin="line 1\nline 2\n") == "line 1\nline 2"

    def test_a_file_of_values_which_single_ones_beat(self, shop: ProjectTree) -> None:
        shop.write({"vars.yaml": "X: 1.10\nY: true\n"})
        assert self.value(shop, "--var-file", "vars.yaml") == "1.10"
        assert self.value(shop, "--var", "X=mine", "--var-file", "vars.yaml") == "mine"

    @pytest.mark.parametrize(
        ("files", "arguments", "stdin", "expected"),
        [
            ({}, ["--var", "X"], b"", '--var "X" has no value\n  hint: Write --var NAME=value.'),
            ({}, ["--var", "=x"], b"", '--var "=x" has no name\n  hint: Write --var NAME=value.'),
            ({}, ["--var", "X=@nope.txt"], b"", 'there is no file "nope.txt"'),
            ({}, ["--var", "X=@."], b"", '"." is neither a file nor a pipe'),
            ({"b": b"\xff"}, ["--var", "X=@b"], b"", '"b" is not UTF-8 text'),
            ({"b": b"x" * 1_048_577}, ["--var", "X=@b"], b"", '"b" holds more than 1,048,576 bytes'),
            ({}, ["--var", "X=@/dev/zero"], b"", '"/dev/zero" is neither a file nor a pipe'),
            ({}, ["--var", "X=-"], b"\xff", "standard input is not UTF-8 text"),
            ({}, ["--var", "X=-"], b"x" * 1_048_577, "standard input holds more than 1,048,576 bytes"),
            (
                {},
                ["--var", "X=-", "--var", "Y=-"],
                b"x",
                '--var "Y": standard input was read for "X" already\n  hint: Give one of the two as NAME=@FILE.',
            ),
            ({}, ["--var-file", "nope.yaml"], b"", 'there is no file "nope.yaml"'),
            (
                {"vars.yaml": "- a\n"},
                ["--var-file", "vars.yaml"],
                b"",
                '"vars.yaml" is not a list of variables\n  hint: Write one NAME: value a line.',
            ),
            (
                {},
                ["--var", f"hook={SECRET}"],
                b"",
                'the variable "Hook" is sensitive; a plain value would show in process lists\n'
                "  hint: Use --var Hook=@FILE or --var Hook=- (standard input).",
            ),
        ],
    )
    def test_what_can_not_be_is_refused(
        self, shop: ProjectTree, files: dict[str, Content], arguments: list[str], stdin: bytes, expected: str
    ) -> None:
        shop.write(files)
        done = shop.treadle("run", "deploy", "-e", "Test", *arguments, stdin=stdin)
        assert (done.exit_code, done.complaint) == (2, f"error: {expected}\n")

    def test_a_secret_may_come_by_standard_input(self, shop: ProjectTree) -> None:
        done = shop.treadle("plan", "deploy", "-e", "Test", "-v", "--var", "Hook=-", stdin="other secret")
        assert done.exit_code == 0
        assert "other secret" not in done.stdout + done.stderr


class TestProcessArgument:
    @pytest.mark.parametrize(
        ("name", "message"),
        [
            (".", '"." is a folder; give a process file'),
            ("", '"" is a folder; give a process file'),
            ("treadle.yaml", '"treadle.yaml" is the project; a process is a file of its own'),
            ("depoly", 'there is no process "depoly"'),
        ],
    )
    def test_must_be_a_process(self, shop: ProjectTree, name: str, message: str) -> None:
        done = shop.treadle("run", name, "-e", "Test")
        assert (done.exit_code, done.complaint) == (2, f"error: {message}\n  hint: {THERE}\n")

    def test_a_binary_file_is_told_once(self, shop: ProjectTree) -> None:
        shop.write({"program": b"\x7fELF\xff"})
        done = shop.treadle("run", "program", "-e", "Test")
        assert done.exit_code == 2
        assert done.stderr == (
            "program: error: the file is not UTF-8 text (byte 4) [not-utf8]\n  hint: Save the file as UTF-8.\n"
        )

    def test_minus_c_works_as_if_started_there(self, shop: ProjectTree) -> None:
        shop.write({"sub/deploy.yaml": {"name": "Below", "steps": [{"name": "Last", "run": "y"}]}})
        assert "Below in Test" in shop.treadle("-C", "sub", "plan", "deploy", "-e", "Test").stdout
        done = shop.treadle("-C", "nowhere", "plan", "deploy")
        assert done.exit_code == 2
        assert "Directory 'nowhere' does not exist" in done.stderr


def test_the_result_alone_as_json(shop: ProjectTree, engine: FakeEngine) -> None:
    done = shop.treadle("run", "deploy", "-e", "Test", "--json")
    assert done.exit_code == 0
    assert done.json == shop.treadle("runs", "show", "--json").json
    assert done.json["status"] == "success"
    both = shop.treadle("run", "deploy", "-e", "Test", "--json", "--progress", "json")
    assert both.exit_code == 2


def test_only_so_many_runs_of_a_project_are_kept(shop: ProjectTree, engine: FakeEngine) -> None:
    shop.monkeypatch.setenv("TREADLE_KEEP_RUNS", "2")
    for _ in range(3):
        assert shop.treadle("run", "deploy", "-e", "Test").exit_code == 0
    assert len(shop.treadle("runs", "list", "--json").json) == 2
    shop.monkeypatch.setenv("TREADLE_KEEP_RUNS", "many")
    assert "TREADLE_KEEP_RUNS" in shop.treadle("run", "deploy", "-e", "Test").stderr


def test_a_misspelt_command_or_option_is_bad_input(shop: ProjectTree) -> None:
    done = shop.treadle("rnu")
    assert done.exit_code == 2
    assert 'no command "rnu"; did you mean "run"?' in done.stderr
    assert shop.treadle("run", "deploy", "--enviroment", "Test").exit_code == 2


def test_the_run_uses_the_worker_image(shop: ProjectTree, engine: FakeEngine) -> None:
    shop.treadle("run", "deploy", "-e", "Test")
    assert {container.spec.image for container in engine.containers} == {worker_reference()}
    engine.check_nothing_left()


class TestEveryStepSkipped:
    """Such a run did nothing: green would say that it did."""

    def run(self, shop: ProjectTree, *steps: dict[str, Any], skip: str = "") -> tuple[int, str, str]:
        shop.write({"idle.yaml": {"steps": list(steps)}})
        done = shop.treadle("run", "idle", "-e", "Test", *(["--skip", skip] if skip else []))
        (record,) = shop.treadle("runs", "list", "--json").json
        return done.exit_code, done.stdout.splitlines()[-1], record["status"]

    @pytest.mark.parametrize(
        "changes", [{"environments": ["Production"]}, {"condition": "failure"}, {"roles": ["mail"]}]
    )
    def test_is_told_and_fails(self, shop: ProjectTree, changes: dict[str, Any]) -> None:
        targets = {**PROJECT["targets"], "m": {"environments": ["Production"], "roles": ["mail"]}}
        shop.write({"treadle.yaml": {**PROJECT, "targets": targets}})
        code, last, status = self.run(shop, {"name": "A", "run": "x", **changes})
        assert (code, status) == (1, "skipped")
        assert "nothing ran: every step was skipped" in last

    @pytest.mark.parametrize(("changes", "skip"), [({"disabled": True}, ""), ({}, "A")])
    def test_is_fine_where_somebody_asked_for_every_skip(
        self, shop: ProjectTree, changes: dict[str, Any], skip: str
    ) -> None:
        code, last, status = self.run(shop, {"name": "A", "run": "x", **changes}, skip=skip)
        assert (code, status) == (0, "skipped")
        assert "nothing ran: every step was skipped" in last

    def test_is_warned_of_while_planning(self, shop: ProjectTree) -> None:
        shop.write({"idle.yaml": {"steps": [{"name": "A", "run": "x", "environments": ["Production"]}]}})
        done = shop.treadle("run", "idle", "-e", "Test", "--strict")
        assert (done.exit_code, "[nothing-to-run]" in done.stderr) == (2, True)
