"""`treadle try REF`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.engine.fake import FakeEngine, Script
from tests.conftest import MakeProject
from tests.support.project import ProjectTree

PROJECT = """\
version: 1
environments: {Test: {}, Production: {}}
targets:
  web-1: {environments: [Test], roles: [web]}
  web-2: {environments: [Test], roles: [web]}
"""
NOTIFY = "builtin/notify-webhook"
SECRET = "https://hooks.example.com/s3cr3t-t0ken"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine(lambda *_: Script())
    monkeypatch.setattr("runner.app.connect", lambda _: fake)
    return fake


@pytest.fixture
def project(make_project: MakeProject, engine: FakeEngine) -> ProjectTree:
    return make_project({"treadle.yaml": PROJECT})


def test_runs_a_template_once_and_keeps_the_record(project: ProjectTree) -> None:
    done = project.treadle("try", "builtin/sleep", "-p", "sleep.duration=1s", "-e", "Test")
    assert done.exit_code == 0
    assert "[1/1] Treadle - Sleep" in done.stdout
    [run] = json.loads(project.treadle("runs", "list", "--json").stdout)
    assert (run["process"], run["environment"], run["status"]) == ("Treadle - Sleep", "Test", "success")
    assert sorted(path.name for path in project.root.iterdir()) == ["treadle.yaml"]


def test_runs_on_one_target(project: ProjectTree) -> None:
    done = project.treadle("try", "builtin/sleep", "--target", "WEB-2", "-e", "Test", "--json")
    assert done.exit_code == 0
    [step] = json.loads(done.stdout)["steps"]
    assert [action["target"] for action in step["actions"]] == ["web-2"]


def test_tries_a_folder_that_is_being_written(project: ProjectTree) -> None:
    assert project.treadle("new", "greet", "--syntax", "bash", "-o", "greet").exit_code == 0
    assert project.treadle("try", "./greet", "-e", "Test").exit_code == 0


def test_a_secret_comes_from_a_file_and_is_shown_nowhere(project: ProjectTree, tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(SECRET)
    done = project.treadle("try", NOTIFY, "-e", "Test", "-p", f"NotifyWebhook.Url=@{tmp_path / 'hook'}")
    assert (done.exit_code, done.stderr.count("plain-secret")) == (0, 0)
    record = project.home / "runs"
    kept = b"".join(path.read_bytes() for path in record.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((NOTIFY,), '"NotifyWebhook.Url" (Webhook address) needs a value'),
        (
            (NOTIFY, "-p", f"NotifyWebhook.Url={SECRET}"),
            '"NotifyWebhook.Url" is sensitive; a plain value would show',
        ),
        (("builtin/sleep", "-p", "Sleep.Duraton=1"), 'Did you mean "Sleep.Duration"?'),
        (("builtin/sleep", "-p", "Sleep.Duration"), '-p "Sleep.Duration" has no value'),
        (("builtin/sleep", "--target", "web-3"), 'Did you mean "web-2"?'),
        (("builtin/slep",), 'Did you mean "sleep"?'),
        (("./nope",), '"./nope"'),
    ],
)
def test_refuses_what_cannot_run_and_says_what_to_do(
    project: ProjectTree, engine: FakeEngine, arguments: tuple[str, ...], complaint: str
) -> None:
    done = project.treadle("try", *arguments, "-e", "Test")
    assert done.exit_code == 2
    assert complaint in done.stderr
    assert not (project.home / "runs").exists()
