"""`treadle usage` and `treadle remove`."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.text.yaml_document import dump_yaml
from tests.conftest import MakeProject
from tests.support.project import Outcome, ProjectTree
from tests.support.repository import SourceRepository, template

PROCESS = "version: 1\nsteps:\n  - {name: Tell, uses: %s}\n"


@pytest.fixture
def shop(make_project: MakeProject) -> ProjectTree:
    """A project in git, with two versions of a template in a library inside of it."""
    project = make_project(
        {"treadle.yaml": {"library": {"git": "./library"}}, "deploy.yaml": PROCESS % "library/tell@1"}
    )
    for number, body in enumerate(("echo one\n", "echo two\n")):
        project.write({"tell.json": template("Team - Tell", 1, body)})
        assert project.treadle("publish", "tell.json").exit_code == 0, number
    (project.root / "tell.json").unlink()
    return project


@pytest.fixture
def repository(shop: ProjectTree) -> SourceRepository:
    repository = SourceRepository(shop.root)
    repository.git("init", "--quiet", "--initial-branch=main")
    (shop.root / ".gitignore").write_text("library/\n")
    repository.commit()
    return repository


def _uses(done: Outcome) -> list[tuple[str, str | None, str, int | None, list[str]]]:
    assert done.exit_code == 0, done.stderr
    return [
        (use["file"], use["step"], use["reference"], use["version"], use["places"])
        for use in done.json["usages"]
    ]


def test_work_tree_and_branches_are_searched(shop: ProjectTree, repository: SourceRepository) -> None:
    repository.switch("next", create=True)
    repository.commit({"deploy.yaml": (PROCESS % "library/tell@2").encode(), "other/b.yml": b"steps: []\n"})
    repository.git("update-ref", "refs/remotes/origin/old", "main")
    repository.write({"deploy.yaml": (PROCESS % "library/tell").encode()})
    assert _uses(shop.treadle("usage", "library/tell", "--json")) == [
        ("deploy.yaml", "Tell", "library/tell", None, ["work tree"]),
        ("deploy.yaml", "Tell", "library/tell@1", 1, ["main", "origin/old"]),
        ("deploy.yaml", "Tell", "library/tell@2", 2, ["next"]),
    ]
    outdated = shop.treadle("usage", "library/tell", "--outdated", "--json")
    assert [use[3] for use in _uses(outdated)] == [1]
    assert [use[2] for use in _uses(shop.treadle("usage", "library/tell@2", "--json"))] == [
        "library/tell",
        "library/tell@2",
    ]


def test_the_lock_says_the_version(shop: ProjectTree) -> None:
    shop.write({"deploy.yaml": PROCESS % "library/tell"})
    assert shop.treadle("lock").exit_code == 0
    shop.write({"deploy.yaml": "version: 1\nsteps: [{name: Own, run: 'true'}]\n"})
    assert _uses(shop.treadle("usage", "library/tell", "--json")) == [
        ("treadle.lock", None, "library/tell", 2, ["work tree"])
    ]


def test_other_projects_are_found_under_their_own_names(shop: ProjectTree, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "treadle.yaml").write_text(
        dump_yaml({"version": 1, "sources": {"shop": {"git": str(shop.root / "library")}}})
    )
    (other / "deploy.yaml").write_text(PROCESS % "shop/tell@2")
    unrelated = tmp_path / "unrelated"
    unrelated.mkdir()
    (unrelated / "treadle.yaml").write_text("version: 1\nlibrary: {git: ./library}\n")
    (unrelated / "deploy.yaml").write_text(PROCESS % "library/tell@1")
    for folder in (other, unrelated):
        shop.monkeypatch.chdir(folder)
        assert shop.treadle("-C", str(folder), "search", "nothing").exit_code == 0
    done = shop.treadle("usage", "library/tell", "--json")
    assert [(use["project"], use["reference"]) for use in done.json["usages"]] == [
        (str(shop.root), "library/tell@1"),
        (str(other), "shop/tell@2"),
    ]
    assert len(done.json["searched"]) == 3
    only = shop.treadle("usage", "library/tell", "--in", str(other), "--json")
    assert [use["reference"] for use in only.json["usages"]] == ["shop/tell@2"]


def test_a_library_is_known_by_its_remote(shop: ProjectTree, tmp_path: Path) -> None:
    address = "https://git.example.com/team/library.git"
    SourceRepository(shop.root / "library").git("remote", "add", "origin", address)
    other = tmp_path / "other"
    other.mkdir()
    (other / "treadle.yaml").write_text(dump_yaml({"version": 1, "sources": {"team": {"git": address}}}))
    (other / "deploy.yaml").write_text(PROCESS % "team/tell@2")
    found = shop.treadle("usage", "library/tell", "--in", str(other), "--json").json["usages"]
    assert [use["reference"] for use in found] == ["team/tell@2"]


def test_usage_for_people(shop: ProjectTree) -> None:
    told = shop.treadle("usage", "library/tell").stdout.splitlines()
    assert told[0].split() == ["WHERE", "STEP", "REFERENCE", "VERSION", "IN"]
    assert told[1].split() == [
        "deploy.yaml:3",
        "Tell",
        "library/tell@1",
        "1",
        "(latest:",
        "2)",
        "work",
        "tree",
    ]
    assert "Nothing uses" in shop.treadle("usage", "builtin/sleep").stdout
    assert "there is no source" in shop.treadle("usage", "libary/tell").stderr


def test_a_used_template_stays(shop: ProjectTree) -> None:
    refused = shop.treadle("remove", "library/tell")
    assert refused.exit_code == 2
    assert 'deploy.yaml:3: error: "library/tell@1" is used by step "Tell" (work tree)' in refused.stderr
    assert "treadle deprecate library/tell" in refused.stderr
    assert shop.treadle("show", "library/tell").exit_code == 0


def test_a_template_that_nobody_uses_goes_in_one_commit(shop: ProjectTree) -> None:
    shop.write({"deploy.yaml": PROCESS % "builtin/sleep"})
    library = SourceRepository(shop.root / "library")
    before = library.head()
    assert "Would remove library/tell" in shop.treadle("remove", "library/tell", "--dry-run").stdout
    assert library.head() == before
    assert shop.treadle("remove", "library/tell").stdout == (
        "Removed library/tell; its last version was 2.\n"
    )
    assert library.git("log", "-1", "--format=%P") == before
    assert "Treadle-Remove: tell@2" in library.git("log", "-1", "--format=%B")
    assert not (shop.root / "library/tell").exists()
    assert shop.treadle("show", "library/tell").exit_code == 2
    assert shop.treadle("show", "library/tell@1").exit_code == 0


def test_force_removes_what_is_used(shop: ProjectTree) -> None:
    assert shop.treadle("remove", "library/tell", "--force", "-m", "No more").exit_code == 0
    assert SourceRepository(shop.root / "library").git("log", "-1", "--format=%s") == "No more"


def test_only_whole_templates_of_the_library_go(shop: ProjectTree) -> None:
    for name in ("builtin/sleep", "library/tell@1"):
        assert f'"{name}" cannot be removed' in shop.treadle("remove", name).stderr
    assert 'no template "tel"' in shop.treadle("remove", "library/tel").stderr


def test_an_unreadable_project_is_not_taken_for_unused(shop: ProjectTree, tmp_path: Path) -> None:
    shop.write({"deploy.yaml": PROCESS % "builtin/sleep"})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/treadle.yaml").write_text("version: 1\n")
    assert shop.treadle("-C", str(tmp_path / "broken"), "search", "x").exit_code == 0
    (tmp_path / "broken/treadle.yaml").write_text("version: 7\n")
    refused = shop.treadle("remove", "library/tell")
    assert refused.exit_code == 2
    assert "could not be read" in refused.stderr
    assert "it is not known whether" in refused.stderr
