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
