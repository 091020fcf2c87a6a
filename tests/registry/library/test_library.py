"""The library is somebody's git repository, set up as they like it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import GitConfig, MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, template

PROJECT = "version: 1\nlibrary: {git: ./library}\n"


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    project = make_project({"treadle.yaml": PROJECT, "say.json": template("Say - Hello").decode()})
    assert project.treadle("unpack", "say.json", "-o", "say").exit_code == 0
    return project


@pytest.fixture
def outer(project: ProjectTree) -> SourceRepository:
    """The git repository that the project lies in."""
    outer = SourceRepository(project.root)
    outer.git("init", "--quiet", "--initial-branch=main")
    outer.git("add", "treadle.yaml", "say.json")
    outer.git("commit", "--quiet", "--message", "Begin")
    return outer


def _publish(project: ProjectTree, *arguments: str) -> None:
    done = project.treadle("publish", *arguments)
    assert done.exit_code == 0, done.stderr


# --- a folder of the project's repository


@pytest.mark.parametrize("there", ["nothing", "an empty folder", "a file", "no commit"])
def test_a_library_inside_of_a_work_tree_is_a_folder_of_it(
    there: str, project: ProjectTree, outer: SourceRepository
) -> None:
    if there == "no commit":
        shutil.rmtree(outer.path / ".git")
        outer.git("init", "--quiet", "--initial-branch=main")
    elif there != "nothing":
        (project.root / "library").mkdir()
    if there == "a file":
        outer.commit({"library/README.md": b"Ours\n"})
    _publish(project, "say")
    assert not (project.root / "library/.git").exists()
    assert outer.git("log", "-1", "--format=%s") == "Publish Say - Hello 1"
    assert outer.git("status", "--porcelain", "library") == ""
    clone = project.root.parent / "clone"
    outer.git("clone", "--quiet", str(outer.path), str(clone))
    assert project.treadle("-C", str(clone), "show", "library/say").exit_code in (0, 2)
    assert (clone / "library/say/template.yaml").is_file()


def test_a_deeper_library_is_a_folder_of_the_work_tree(project: ProjectTree, outer: SourceRepository) -> None:
    project.write({"treadle.yaml": "version: 1\nlibrary: {git: ./a/b/library}\n"})
    _publish(project, "say")
    assert (
        outer.git("ls-tree", "-r", "--name-only", "HEAD", "a").splitlines()[-1].startswith("a/b/library/say/")
    )


def test_a_library_that_the_work_tree_ignores_is_its_own_repository(
    project: ProjectTree, outer: SourceRepository
) -> None:
    outer.commit({".gitignore": b"library/\n"})
    _publish(project, "say")
    assert (project.root / "library/.git").is_dir()
    assert outer.git("log", "--format=%s") == "Change\nBegin"


def test_the_library_of_a_home_is_its_own_repository_in_any_case(
    project: ProjectTree, outer: SourceRepository
) -> None:
    project.write({"treadle.yaml": "version: 1\n"})
    home = project.root / "home"
    inside = ProjectTree(project.root, home, project.monkeypatch)
    _publish(inside, "say")
    assert (home / "library/.git").is_dir()


def test_a_library_goes_on_after_its_last_template(project: ProjectTree, outer: SourceRepository) -> None:
    _publish(project, "say")
    assert project.treadle("remove", "library/say").exit_code == 0
    assert not (project.root / "library").exists()
    _publish(project, "say")
    assert not (project.root / "library/.git").exists()
    assert outer.git("ls-tree", "-r", "--name-only", "HEAD", "library/say")


def test_an_empty_library_folder_holds_nothing_and_breaks_nothing(
    project: ProjectTree, outer: SourceRepository
) -> None:
    (project.root / "library").mkdir()
    assert project.treadle("search", "sleep").exit_code == 0
    assert project.treadle("verify").exit_code == 0
    assert project.treadle("show", "library/say").exit_code == 2


@pytest.mark.parametrize("submodule", [True, False])
def test_a_library_that_is_not_checked_out_is_called_that(
    submodule: bool, project: ProjectTree, outer: SourceRepository
) -> None:
    library = SourceRepository.create(project.root.parent / "team")
    library.commit({"say.json": template("Say")})
    if submodule:
        add = ("submodule", "--quiet", "add", str(library.path), "library")
        outer.git("-c", "protocol.file.allow=always", *add)
    else:
        outer.git("clone", "--quiet", str(library.path), "library")
        outer.git("-c", "advice.addEmbeddedRepo=false", "add", "library")
    outer.git("commit", "--quiet", "--message", "Library")
    clone = project.root.parent / "clone"
    outer.git("clone", "--quiet", str(outer.path), str(clone))
    for command in (["show", "library/say"], ["import", "say.json"], ["verify"]):
        told = project.treadle("-C", str(clone), *command)
        assert told.exit_code == 2
        assert "is a repository of its own, and not checked out" in told.stderr
        assert ("git submodule update --init library" in told.stderr) == submodule
    found = project.treadle("-C", str(clone), "search", "sleep")
    assert found.exit_code == 0
    assert "builtin/sleep" in found.stdout
    assert "The library was left out" in found.stderr


# --- line ends, attributes, filters


@pytest.mark.parametrize(
    "way", ["core.autocrlf", "core.eol", "text=auto eol=crlf", "text eol=crlf", "filter", "ident"]
)
def test_the_work_tree_is_judged_as_git_judges_it(
    way: str, project: ProjectTree, git_config: GitConfig
) -> None:
    library = SourceRepository.create(project.root / "library")
    attributes = "* text=auto\n" if way == "core.eol" else f"* {way}\n"
    if way == "filter":
        git_config("filter.shout.clean", "tr a-z A-Z")
        git_config("filter.shout.smudge", "cat")
        attributes = "*.sh filter=shout\n"
    if way.startswith("core"):
        git_config(way, "true" if way == "core.autocrlf" else "crlf")
    if way != "core.autocrlf":
        library.commit({".gitattributes": attributes.encode()})
    _publish(project, "say")
    assert project.treadle("verify").exit_code == 0
    again = project.treadle("publish", "library/say")
    assert "already" in again.stdout + again.stderr
    script = project.root / "library/say/script.sh"
    script.write_bytes(script.read_bytes() + b"echo more\r\necho last\n")
    assert project.treadle("verify").exit_code == 5
    _publish(project, "library/say")
    held = library.git("show", "HEAD:say/script.sh")
    assert ("\r" in held) == (way in ("filter", "ident")), "only what git would convert is converted"
    assert "echo more" in held
    assert project.treadle("verify").exit_code == 0


# --- whose it is


def test_a_library_of_somebody_else_is_read_where_the_user_calls_it_safe(
    project: ProjectTree, git_config: GitConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _publish(project, "say")
    library = project.root / "library"
    # git's own way to try what only root could arrange
    git = tmp_path / "bin/git"
    git.parent.mkdir()
    git.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n')
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=os.pathsep)
    for command in (["show", "library/say"], ["verify"], ["publish", "say"]):
        told = project.treadle(*command)
        assert told.exit_code == 3, command
        assert "detected dubious ownership in repository" in told.stderr
        assert "git config --global --add safe.directory" in told.stderr
    found = project.treadle("search", "say")
    assert "The library was left out: detected dubious ownership" in found.stderr
    git_config("safe.directory", str(library))
    assert project.treadle("show", "library/say").exit_code == 0
    assert "library/say" in project.treadle("search", "say").stdout
    assert project.treadle("verify").exit_code == 0


def test_a_new_library_begins_on_the_branch_that_git_is_set_up_for(
    project: ProjectTree, git_config: GitConfig
) -> None:
    git_config("init.defaultBranch", "trunk")
    _publish(project, "say")
    assert SourceRepository(project.root / "library").git("symbolic-ref", "HEAD") == "refs/heads/trunk"
