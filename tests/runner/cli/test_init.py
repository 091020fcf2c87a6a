from __future__ import annotations

import shlex

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree


@pytest.fixture
def empty(make_project: MakeProject) -> ProjectTree:
    return make_project({})


def test_writes_a_project_that_validates_and_plans(empty: ProjectTree) -> None:
    done = empty.treadle("init")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == ["wrote treadle.yaml", "wrote deploy.yaml"]
    assert empty.treadle("validate", ".").exit_code == 0
    for environment in ("Test", "Production"):
        planned = empty.treadle("plan", "deploy", "-e", environment, "--strict")
        assert (planned.exit_code, planned.stderr) == (0, "")


@pytest.mark.parametrize("folder", ["new/shop", "my shop"])
def test_says_what_to_do_next_in_words_that_work(empty: ProjectTree, folder: str) -> None:
    said = empty.treadle("init", folder).stdout
    (line,) = (line for line in said.splitlines() if " plan " in line)
    command = shlex.split(line.partition("treadle ")[2])
    assert command == ["-C", folder, "plan", "deploy", "-e", "Test"]
    assert empty.treadle(*command).exit_code == 0


def test_names_no_place_that_only_this_machine_has(empty: ProjectTree) -> None:
    empty.treadle("init")
    for name in ("treadle.yaml", "deploy.yaml"):
        text = (empty.root / name).read_text()
        assert "$schema" not in text
        assert "file://" not in text


def test_a_process_gets_its_project(make_project: MakeProject) -> None:
    project = make_project({"deploy.yaml": "mine"})
    assert project.treadle("init").exit_code == 0
    assert sorted(path.name for path in project.root.iterdir()) == ["deploy.yaml", "treadle.yaml"]
    assert (project.root / "deploy.yaml").read_text() == "mine"


def test_overwrites_nothing(make_project: MakeProject) -> None:
    name = "treadle.yaml"
    project = make_project({name: "mine"})
    done = project.treadle("init")
    assert done.exit_code == 2
    assert done.complaint == (
        f'error: "." has a {name} already\n'
        "  hint: Nothing was written. Start in another folder: `treadle init DIR`.\n"
    )
    assert [path.name for path in project.root.iterdir()] == [name]
    assert (project.root / name).read_text() == "mine"


def test_does_not_write_through_a_link_that_leads_nowhere(empty: ProjectTree) -> None:
    (empty.root / "deploy.yaml").symlink_to(empty.root / "elsewhere.yaml")
    assert empty.treadle("init").exit_code == 2
    assert not (empty.root / "elsewhere.yaml").exists()


def test_a_dry_run_writes_nothing(empty: ProjectTree) -> None:
    done = empty.treadle("init", "shop", "--dry-run")
    assert (done.exit_code, done.stdout) == (
        0,
        "would write shop/treadle.yaml\nwould write shop/deploy.yaml\n",
    )
    assert list(empty.root.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(make_project: MakeProject) -> None:
    project = make_project({"file": "text"})
    done = project.treadle("init", "file/below")
    assert done.exit_code == 2
    assert 'cannot write "file/below": "file" is a file, not a folder' in done.stderr
    assert project.treadle("init", "file").exit_code == 2


@pytest.mark.docker
def test_the_first_process_runs_at_once(empty: ProjectTree) -> None:
    empty.treadle("init")
    done = empty.treadle("run", "deploy", "-e", "Production")
    assert done.exit_code == 0, done.stderr
    assert "Hello from production, web-2" in done.stdout
    assert "web-1 was greeted at" in done.stdout
