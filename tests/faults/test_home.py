"""A home on a full or read-only disk, that is not a folder, that others may read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, template

READING = (
    "search good",
    "show ours/good",
    "show library/sleep",
    "show builtin/sleep",
    "source list",
    "usage ours/good",
    "verify",
    "runs list",
)
WRITING = ("source sync ours", "import ours/good", "deprecate library/sleep --reason old")


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    project = make_project({"treadle.yaml": "version: 1\nsources: {ours: {git: ./ours}}\n"})
    SourceRepository.create(project.root / "ours").commit({"good.json": template("Good")})
    return project


def _with_home(project: ProjectTree, home: Path) -> ProjectTree:
    return ProjectTree(project.root, home, project.monkeypatch)


def _mounted(project: ProjectTree, mount: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command where `mount` has changed what lies at the home, for that command only."""
    line = f'{mount} && cd "$ROOT" && exec "$PYTHON" -m runner.cli.main {command}'
    environment = {**os.environ, "ROOT": str(project.root), "HOME_FOLDER": str(project.home)}
    environment |= {"PYTHON": sys.executable, "TREADLE_HOME": str(project.home)}
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", line], env=environment, capture_output=True, text=True, check=False
    )


READ_ONLY = 'mount --bind "$HOME_FOLDER" "$HOME_FOLDER" && mount -o remount,ro,bind "$HOME_FOLDER"'


def test_commands_that_read_go_on_with_a_read_only_home(project: ProjectTree) -> None:
    assert project.treadle("source", "sync", "ours").exit_code == 0
    assert project.treadle("import", "builtin/sleep").exit_code == 0
    (project.home / "projects").rename(project.root / "away")  # it would be noted again
    SourceRepository(project.home / "library").commit({"more.json": template("More")})  # and indexed
    for command in READING:
        done = _mounted(project, READ_ONLY, command)
        assert done.returncode == 0, (command, done.stderr)
    for command in WRITING:
        done = _mounted(project, READ_ONLY, command)
        assert (done.returncode, "Traceback" in done.stderr) == (3, False), (command, done.stderr)
        assert "home-not-writable" in done.stderr, (command, done.stderr)


@pytest.mark.parametrize("options", ["size=16k", "size=400k", "nr_inodes=4", "nr_inodes=20"])
def test_a_full_disk_is_an_error_with_a_next_step(project: ProjectTree, options: str) -> None:
    project.home.mkdir(parents=True, exist_ok=True)
    mount = f'mount -t tmpfs -o {options} tmpfs "$HOME_FOLDER"'
    for command in ("search good", "source sync ours", "import builtin/sleep", "verify", "doctor"):
        done = _mounted(project, mount, command)
        assert "Traceback" not in done.stderr + done.stdout, (command, done.stderr)
        assert "internal-error" not in done.stderr, (command, done.stderr)
        assert done.returncode in (0, 1, 2, 3), (command, done.returncode, done.stderr)


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 3000 + "b"], ids=["a long name", "a long path"])
def test_a_home_that_no_file_system_holds(project: ProjectTree, name: str) -> None:
    _is_refused(project, project.root / name)


def test_a_home_that_is_a_link_to_itself_to_nothing_or_a_file(project: ProjectTree) -> None:
    loop, nowhere, file = (project.root / name for name in ("loop", "nowhere", "file"))
    loop.symlink_to(loop)
    nowhere.symlink_to(project.root / "missing")
    file.write_bytes(b"")
    for home in (loop, nowhere, file, file / "below"):
        _is_refused(project, home)


def _is_refused(project: ProjectTree, home: Path) -> None:
    project = _with_home(project, home)
    for command in (("search", "good"), ("source", "list"), ("runs", "list")):
        done = project.treadle(*command)
        assert "internal-error" not in done.stderr, command
        assert done.exit_code == 3, (command, done.stderr)
    done = project.treadle("doctor")
    assert (done.exit_code, done.stderr) == (1, "")
    assert "✗ home: cannot write" in done.stdout


def test_a_home_is_for_its_owner_only(project: ProjectTree) -> None:
    home = project.root / "deep" / "home"
    project = _with_home(project, home)
    before = os.umask(0o022)
    try:
        assert project.treadle("source", "sync", "ours").exit_code == 0
        assert project.treadle("import", "builtin/sleep").exit_code == 0
        assert home.stat().st_mode & 0o777 == 0o700
        for name in ("index.sqlite", "projects", "locks"):
            assert (home / name).stat().st_mode & 0o077 == 0, name
        home.chmod(0o755)
        assert project.treadle("search", "good").exit_code == 0
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


def test_a_folder_that_holds_other_things_keeps_its_rights(project: ProjectTree) -> None:
    home = project.root / "everything"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    (home / "photos").mkdir()
    project = _with_home(project, home)
    assert project.treadle("search", "good").exit_code == 0
    assert home.stat().st_mode & 0o777 == 0o755
    assert "others may look into" in project.treadle("doctor").stdout
