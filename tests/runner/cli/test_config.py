from __future__ import annotations

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    return make_project(
        {
            "treadle.yaml": {
                "cool_down": 3,
                "library": {"git": "./library"},
                "sources": {"team": {"git": "https://git.example.com/team", "ref": "main"}},
            }
        }
    )


def settings(project: ProjectTree, *arguments: str) -> dict[str, tuple[object, str]]:
    shown = project.treadle("config", "show", "--json", *arguments).json
    return {entry["name"]: (entry["value"], entry["origin"]) for entry in shown}


def test_each_setting_has_its_origin(project: ProjectTree) -> None:
    project.monkeypatch.setenv("TREADLE_MAX_LOG", "2k")
    found = settings(project)
    assert found["home"] == (str(project.home), "TREADLE_HOME")
    assert found["cool_down"] == (3, "treadle.yaml")
    assert found["library"] == ("library", "treadle.yaml")
    assert found["sources.team.git"] == ("https://git.example.com/team", "treadle.yaml")
    assert found["sources.community.git"][1] == "default"
    assert found["limits.log"] == (2048, "TREADLE_MAX_LOG")
    assert found["keep_runs"] == (None, "default")


def test_the_environment_wins_over_the_project(project: ProjectTree) -> None:
    project.monkeypatch.setenv("TREADLE_COOL_DOWN", "1")
    project.monkeypatch.setenv("TREADLE_COMMUNITY_URL", "https://mirror.example.com/library")
    found = settings(project)
    assert found["cool_down"] == ("1", "TREADLE_COOL_DOWN")
    assert found["sources.community.git"] == ("https://mirror.example.com/library", "TREADLE_COMMUNITY_URL")


def test_secrets_are_not_shown(project: ProjectTree) -> None:
    project.monkeypatch.setenv("TREADLE_GIT_PASSWORD", "canary")
    done = project.treadle("config", "show", "--origin")
    assert "canary" not in done.stdout
    assert settings(project)["git_password"] == ("********", "TREADLE_GIT_PASSWORD")


def test_some_are_shown_by_name(project: ProjectTree) -> None:
    assert set(settings(project, "sources.team")) == {f"sources.team.{key}" for key in ("git", "ref", "path")}
    lines = project.treadle("config", "show", "cool_down", "--origin").stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["SETTING", "VALUE", "ORIGIN"],
        ["cool_down", "3", "treadle.yaml"],
    ]
    unknown = project.treadle("config", "show", "cooldown")
    assert (unknown.exit_code, 'there is no setting "cooldown"' in unknown.stderr) == (2, True)
