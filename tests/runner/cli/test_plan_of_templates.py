"""Plans with templates from a git repository, as a project defines it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, parameter, template

FILE = "steps/greet.json"


def greet(version: int, name: str = "greet_Name") -> bytes:
    """Octopus JSON of a template with one parameter."""
    parameters = [parameter(name, DefaultValue="world")]
    return template("Greet", version, f'echo "v{version}: #{{greet_Name}}"', Parameters=parameters)


@pytest.fixture
def shop(make_project: MakeProject) -> ProjectTree:
    """A project with a source "team"."""
    sources = {"team": {"git": "./templates", "path": "steps"}}
    return make_project({"treadle.yaml": {"sources": sources, "environments": {"Test": {}}}})


@pytest.fixture
def templates(shop: ProjectTree) -> SourceRepository:
    """The source, with two versions of one template."""
    repository = SourceRepository.create(shop.root / "templates")
    for version in (1, 2):
        repository.commit({FILE: greet(version)})
    return repository


@pytest.fixture
def synced(shop: ProjectTree, templates: SourceRepository) -> ProjectTree:
    assert shop.treadle("source", "sync", "team").exit_code == 0
    return shop


def plan(project: ProjectTree, reference: str, **values: Any) -> Any:
    """The action that a process with one step of that template has."""
    project.write({"deploy.yaml": {"steps": [{"name": "Greet", "uses": reference, "with": values}]}})
    done = project.treadle("plan", "deploy", "--json")
    assert done.exit_code == 0, done.stderr
    (action,) = done.json["steps"][0]["actions"]
    return action


def test_a_source_has_to_be_synced_first(shop: ProjectTree, templates: SourceRepository) -> None:
    shop.write({"deploy.yaml": {"steps": [{"name": "Greet", "uses": "team/greet"}]}})
    done = shop.treadle("plan", "deploy")
    assert done.exit_code == 2
    assert (
        '4:11: error: step "Greet": source "team" has not been synced yet [source-not-synced]' in done.stderr
    )
    assert "treadle source sync team" in done.stderr


@pytest.mark.parametrize(
    ("reference", "version", "commit"),
    [("team/greet@1", 1, "HEAD~1"), ("team/greet", 2, "HEAD"), ("team/greet@1+", 2, "HEAD")],
)
def test_a_version_is_pinned_to_its_commit_and_blob(
    synced: ProjectTree, templates: SourceRepository, reference: str, version: int, commit: str
) -> None:
    action = plan(synced, reference)
    pin = action["template"]
    assert (pin["version"], pin["commit"]) == (version, templates.git("rev-parse", commit))
    assert pin["blob"] == templates.git("rev-parse", f"{commit}:{FILE}")
    assert action["script"] == f'echo "v{version}: world"'


def test_what_is_committed_changes_no_plan_until_the_next_sync(
    synced: ProjectTree, templates: SourceRepository
) -> None:
    before = plan(synced, "team/greet")
    templates.commit({FILE: greet(3)})
    assert plan(synced, "team/greet") == before
    synced.treadle("source", "sync", "team")
    assert plan(synced, "team/greet")["template"]["version"] == 3


def test_values_are_checked_against_the_version_that_is_used(
    synced: ProjectTree, templates: SourceRepository
) -> None:
    templates.commit({FILE: greet(3, name="greet_Who")})
    synced.treadle("source", "sync", "team")
    assert plan(synced, "team/greet@2", greet_Name="you")["script"] == 'echo "v2: you"'
    step = {"name": "A", "uses": "team/greet", "with": {"greet_Name": "you"}}
    synced.write({"deploy.yaml": {"steps": [step]}})
    done = synced.treadle("plan", "deploy")
    assert done.exit_code == 2
    assert 'team/greet has no parameter "greet_Name" [unknown-parameter]' in done.stderr


@pytest.mark.parametrize(
    ("reference", "code", "hint"),
    [
        ("team/greeet", "template-not-found", "greet"),
        ("team/greet@9", "version-not-found", "2"),
        ("taem/greet", "source-not-found", "team"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    synced: ProjectTree, reference: str, code: str, hint: str
) -> None:
    synced.write({"deploy.yaml": {"steps": [{"name": "A", "uses": reference}]}})
    done = synced.treadle("plan", "deploy")
    assert done.exit_code == 2
    problem, advice, *_ = done.stderr.splitlines()
    assert problem.startswith("deploy.yaml:4:11: ")
    assert problem.endswith(f"[{code}]")
    assert hint in advice
