from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

NOWHERE = "tcp://127.0.0.1:1"


@pytest.fixture
def without_engine(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    return make_project({})


def checks(project: ProjectTree) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in project.treadle("doctor", "--json").json["checks"]}


@pytest.mark.docker
def test_all_is_well_where_everything_is_there(make_project: MakeProject) -> None:
    project = make_project({})
    done = project.treadle("doctor")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "✓ engine: " in done.stdout
    found = checks(project)
    assert found.pop("PowerShell on engine")["finding"] in (
        "ok",
        "warning",
    )  # its archive may be out of reach
    assert {name: check["finding"] for name, check in found.items()} == {
        "git": "ok",
        "home": "ok",
        "disk": "ok",
        "source builtin": "ok",
        "source library": "ok",
        "source community": "warning",
        "engine": "ok",
        "worker image on engine": "ok",
    }
    assert found["source community"]["hint"] == "Run `treadle source sync community`."


def test_an_engine_that_does_not_answer_is_told_with_a_way_out(without_engine: ProjectTree) -> None:
    done = without_engine.treadle("doctor")
    assert done.exit_code == 1
    assert f'✗ engine: The Docker engine at "{NOWHERE}" does not answer' in done.stdout
    assert "hint: Check the address" in done.stdout
    assert "worker image" not in done.stdout


def test_json_holds_the_same(without_engine: ProjectTree) -> None:
    done = without_engine.treadle("doctor", "--json")
    assert done.exit_code == 1
    assert done.json["ok"] is False
    found = {check["name"]: check for check in done.json["checks"]}
    assert found["git"]["finding"] == "ok"
    assert found["engine"]["finding"] == "broken"


def test_quiet_tells_only_what_is_not_well(without_engine: ProjectTree) -> None:
    said = without_engine.treadle("-q", "doctor").stdout
    assert "✓" not in said
    assert "✗ engine" in said


def test_a_home_that_can_not_be_written_to_is_told(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    project = make_project({})
    project.home.write_text("a file where the folder should be")
    found = checks(project)
    assert found["home"]["finding"] == "broken"
    assert "point TREADLE_HOME at a folder that you may write to" in found["home"]["hint"]
    assert found["git"]["finding"] == "ok"


def test_git_that_is_missing_is_told(without_engine: ProjectTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(without_engine.root))
    git = checks(without_engine)["git"]
    assert (git["finding"], git["detail"]) == ("broken", "git is not installed")


def test_engines_of_targets_are_looked_at_each_once(without_engine: ProjectTree) -> None:
    docker = {"host": "tcp://127.0.0.1:2"}
    without_engine.write(
        {
            "treadle.yaml": {
                "environments": {"Test": {}},
                "targets": {
                    name: {"environments": ["Test"], "roles": ["web"], "docker": docker}
                    for name in ("web-1", "web-2")
                },
            }
        }
    )
    assert [name for name in checks(without_engine) if "engine" in name] == ["engine", "engine of web-1"]


def test_a_project_that_can_not_be_read_is_bad_input(without_engine: ProjectTree) -> None:
    without_engine.write({"treadle.yaml": {"targets": 7}})
    done = without_engine.treadle("doctor")
    assert done.exit_code == 2
    assert "targets: expected a mapping, got the number 7" in done.stderr
