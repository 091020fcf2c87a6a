from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry.project.lock_file import read_lock
from registry.text.yaml_document import load_yaml
from registry.validation.json_schema import validate
from tests.support.project import ProjectTree, project_tree

PROCESS = {
    "steps": [
        {"name": "Nap", "uses": "builtin/sleep@1", "with": {"Sleep.Duration": "1s"}},
        {"name": "Again", "uses": "builtin/sleep"},
        {"name": "Newest", "uses": "builtin/wait-for-port@latest", "with": {"WaitForPort.Port": "1"}},
    ]
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.delenv("CI", raising=False)
    return project_tree(tmp_path, monkeypatch, {"treadle.yaml": {}, "deploy.yaml": PROCESS})


def test_the_lock_holds_every_reference_but_latest_ones(project: ProjectTree) -> None:
    done = project.treadle("lock")
    assert done.exit_code == 0, done.stderr
    assert "treadle.lock holds 2 templates and 0 images." in done.stdout
    lock = read_lock(project.root / "treadle.lock")
    assert lock is not None
    assert sorted(lock.templates) == ["builtin/sleep", "builtin/sleep@1"]


def test_a_second_time_nothing_changes(project: ProjectTree) -> None:
    project.treadle("lock")
    before = (project.root / "treadle.lock").read_bytes()
    assert "up to date" in project.treadle("lock", "--renew").stdout
    assert (project.root / "treadle.lock").read_bytes() == before


def test_a_dry_run_writes_nothing(project: ProjectTree) -> None:
    assert "would hold 2 templates" in project.treadle("lock", "--dry-run").stdout
    assert not (project.root / "treadle.lock").exists()


def test_locked_refuses_any_change_and_writes_nothing(project: ProjectTree) -> None:
    assert project.treadle("lock", "--locked").exit_code == 5
    assert not (project.root / "treadle.lock").exists()
    project.treadle("lock")
    assert project.treadle("lock", "--locked").exit_code == 0
    before = (project.root / "treadle.lock").read_bytes()
    project.write({"deploy.yaml": {"steps": PROCESS["steps"][1:]}})
    done = project.treadle("lock", "--locked")
    assert done.exit_code == 5
    assert '"builtin/sleep@1" is locked and not used' in done.stderr
    assert (project.root / "treadle.lock").read_bytes() == before


def test_what_nobody_uses_any_more_leaves_the_lock(project: ProjectTree) -> None:
    project.treadle("lock")
    project.write({"deploy.yaml": {"steps": PROCESS["steps"][1:]}})
    done = project.treadle("lock", "--json")
    assert list(done.json["templates"]) == ["builtin/sleep"]
    assert done.json["changed"] is True


class TestLocked:
    def test_needs_a_lock(self, project: ProjectTree) -> None:
        done = project.treadle("plan", "deploy", "--locked")
        assert done.exit_code == 5
        assert "there is no treadle.lock" in done.stderr

    def test_plans_what_is_locked(self, project: ProjectTree) -> None:
        project.treadle("lock")
        assert project.treadle("plan", "deploy", "--locked").exit_code == 0

    def test_refuses_what_is_not_locked(self, project: ProjectTree) -> None:
        project.treadle("lock")
        more = {"name": "More", "uses": "builtin/wait-for-port@1", "with": {"WaitForPort.Port": "1"}}
        project.write({"deploy.yaml": {"steps": [*PROCESS["steps"], more]}})
        done = project.treadle("plan", "deploy", "--locked")
        assert done.exit_code == 5
        assert 'step "More": "builtin/wait-for-port@1" is not in treadle.lock' in done.stderr
        assert project.treadle("plan", "deploy").exit_code == 0

    def test_is_the_default_in_ci_where_there_is_a_lock(
        self, project: ProjectTree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CI", "true")
        assert project.treadle("plan", "deploy").exit_code == 0
        project.write({"treadle.lock": {"templates": {}}})
        assert project.treadle("plan", "deploy").exit_code == 5
        assert project.treadle("plan", "deploy", "--no-locked").exit_code == 0


def test_content_that_is_not_the_locked_one_is_refused_by_plan_and_verify(project: ProjectTree) -> None:
    project.treadle("lock")
    file = project.root / "treadle.lock"
    lock = read_lock(file)
    assert lock is not None
    digest = lock.templates["builtin/sleep"].sha256
    file.write_text(file.read_text().replace(digest, "0" * 64))
    for command in (["plan", "deploy"], ["verify"]):
        done = project.treadle(*command)
        assert done.exit_code == 5
        assert "builtin/sleep" in done.stderr


@pytest.mark.docker
def test_images_that_processes_name_are_locked_too(project: ProjectTree) -> None:
    version = project.treadle("--version").stdout.split()[1]
    image = f"treadle/worker:{version}"
    project.write({"deploy.yaml": {"steps": [{"name": "A", "run": "true", "container": {"image": image}}]}})
    locked = project.treadle("lock", "--json")
    assert list(locked.json["images"]) == [image]
    assert project.treadle("run", "deploy").exit_code == 0
    file = project.root / "treadle.lock"
    file.write_text(file.read_text().replace(locked.json["images"][image], "sha256:" + "0" * 64))
    done = project.treadle("run", "deploy")
    assert done.exit_code == 5
    assert "is locked to sha256:000" in done.stderr
    assert json.loads(project.treadle("runs", "list", "--json").stdout)[0]["status"] == "success"


@pytest.mark.docker
def test_offline_pulls_nothing(project: ProjectTree) -> None:
    project.write(
        {"deploy.yaml": {"steps": [{"name": "A", "run": "true", "container": {"image": "nobody/has:1"}}]}}
    )
    done = project.treadle("run", "deploy", "--offline")
    assert done.exit_code == 2
    assert "nobody/has:1" in done.stderr


def test_the_lock_keeps_to_its_schema(project: ProjectTree) -> None:
    project.treadle("lock")
    file = project.root / "treadle.lock"
    document = load_yaml(file.read_text(), "treadle.lock")
    assert validate(document.value, "lock", document) == []


@pytest.mark.parametrize("content", ["garbage\n", "a: [\n", "version: 9\n", "version: 1\nbuiltin: 3\n"])
def test_a_lock_that_cannot_be_read_is_replaced_if_asked(project: ProjectTree, content: str) -> None:
    project.write({"treadle.lock": content})
    refused = project.treadle("lock")
    assert (refused.exit_code, "treadle lock --renew" in refused.stderr) == (2, True)
    assert (project.root / "treadle.lock").read_text() == content
    assert project.treadle("lock", "--renew", "--locked").exit_code == 2
    assert project.treadle("lock", "--renew").exit_code == 0
    assert "up to date" in project.treadle("lock").stdout
