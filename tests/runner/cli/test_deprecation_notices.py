"""Deprecated and revoked templates on the command line."""

from __future__ import annotations

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import template


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    """A project that uses a template of its library."""
    project = make_project(
        {
            "treadle.yaml": {"library": {"git": "./library"}},
            "tell.json": template("Team - Tell", 1),
            "deploy.yaml": {"steps": [{"name": "Tell", "uses": "library/tell@1"}]},
        }
    )
    assert project.treadle("publish", "tell.json").exit_code == 0
    return project


def test_a_deprecated_template_is_warned_of(project: ProjectTree) -> None:
    said = project.treadle(
        "deprecate", "library/tell", "-m", "Too quiet", "--successor", "builtin/run-a-script"
    )
    assert said.stdout.startswith(
        "library/tell is deprecated: Too quiet; use builtin/run-a-script instead. Commit "
    )
    again = project.treadle(
        "deprecate", "library/tell", "-m", "Too quiet", "--successor", "builtin/run-a-script"
    )
    assert again.stdout == "library/tell is deprecated already: nothing to do.\n"
    planned = project.treadle("plan", "deploy")
    assert planned.exit_code == 0
    assert (
        'deploy.yaml:4:11: warning: step "Tell": the template library/tell@1 is deprecated: Too quiet; '
        "use builtin/run-a-script instead [template-deprecated]\n"
    ) in planned.stderr
    assert project.treadle("plan", "deploy", "--strict").exit_code == 2
    shown = project.treadle("show", "library/tell")
    assert "Deprecated: Too quiet; use builtin/run-a-script instead.\n" in shown.stdout
    assert "Team - Tell (deprecated)" in project.treadle("search", "tell").stdout
    (hit,) = project.treadle("search", "tell", "--source", "library", "--json").json
    assert hit["notices"][0]["standing"] == "deprecated"


def test_a_revoked_template_does_not_run_unless_allowed(project: ProjectTree) -> None:
    assert project.treadle("lock").exit_code == 0
    revoked = project.treadle("revoke", "library/tell@1", "-m", "Leaks its token", "--json").json
    assert revoked["notices"] == [
        {"standing": "revoked", "reason": "Leaks its token", "successor": None, "versions": [1]}
    ]
    for command in ("plan", "run"):
        refused = project.treadle(command, "deploy")
        assert refused.exit_code == 2
        assert "is revoked: Leaks its token [template-revoked]" in refused.stderr
        assert "--allow-revoked" in refused.stderr
    allowed = project.treadle("plan", "deploy", "--allow-revoked")
    assert allowed.exit_code == 0
    assert "warning: " in allowed.stderr
    assert project.treadle("revoke", "library/tell@1", "--undo").stdout.startswith(
        "library/tell@1 is no longer revoked. Commit "
    )
    assert project.treadle("plan", "deploy").stderr == ""


def test_a_dry_run_says_nothing_to_others(project: ProjectTree) -> None:
    tried = project.treadle("revoke", "library/tell", "--dry-run")
    assert tried.stdout == "library/tell would be revoked.\n"
    assert project.treadle("plan", "deploy").exit_code == 0


def test_lists_of_versions_mark_those_that_were_revoked(project: ProjectTree) -> None:
    project.write({"tell.json": template("Team - Tell", 2, "echo two\n")})
    assert project.treadle("publish", "tell.json").exit_code == 0
    project.treadle("revoke", "library/tell@1", "-m", "Leaks its token")
    for command in (["log"], ["log", "--summary"], ["show", "--versions"]):
        lines = project.treadle(*command, "library/tell").stdout.splitlines()
        (marked,) = [line for line in lines if line.lstrip().startswith("1  ") or line.startswith("1 ")]
        assert "revoked" in marked, command
        assert sum("revoked" in line for line in lines if line.lstrip().startswith("2  ")) == 0, command
    assert "    revoked: Leaks its token" in project.treadle("log", "library/tell").stdout
    changes = project.treadle("log", "library/tell", "--json").json
    assert [[notice["standing"] for notice in change["notices"]] for change in changes] == [[], ["revoked"]]


def test_the_remedy_of_a_revoked_version_is_offered_however_fresh_it_is(
    project: ProjectTree, make_project: MakeProject
) -> None:
    project.write(
        {
            "tell.json": template("Team - Tell", 2, "echo two\n"),
            "shop/treadle.yaml": {"sources": {"team": {"git": "../library"}}},
            "shop/deploy.yaml": {"steps": [{"name": "Tell", "uses": "team/tell@1"}]},
        }
    )
    project.treadle("publish", "tell.json")
    project.treadle("-C", "shop", "source", "sync", "team")
    (held,) = project.treadle("-C", "shop", "outdated", "--json").json
    assert (held["available"], held["held_back"]["version"]) == (None, 2), "a week has to pass"
    project.treadle("revoke", "library/tell@1", "-m", "Leaks its token")
    project.treadle("-C", "shop", "source", "sync", "team")
    (offered,) = project.treadle("-C", "shop", "outdated", "--json").json
    assert (offered["available"]["version"], offered["held_back"]) == (2, None)
    assert project.treadle("-C", "shop", "update", "--all").exit_code == 0
    assert "team/tell@2" in (project.root / "shop/deploy.yaml").read_text()
