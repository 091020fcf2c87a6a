"""Bytes that are not UTF-8, in a source's names and authors, in folders, in words of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, template

PROCESS = "version: 1\nsteps: [{name: Wait, uses: builtin/sleep, with: {Sleep.Duration: '0'}}]\n"


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    project = make_project({"treadle.yaml": "version: 1\nsources: {ours: {git: ./ours}}\n"})
    repository = SourceRepository.create(project.root / "ours")
    repository.commit({"good.json": template("Good"), "folder/template.json": template("Folder")})
    return project


def _commit(root: Path, *settings: str) -> None:
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    subprocess.run(
        [b"git", *(each.encode("latin-1") for each in settings), b"commit", b"-qm", b"caf\xe9"],
        cwd=root,
        check=True,
    )


def _treadle(root: bytes, home: Path, *words: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "runner.cli.main", *words],
        cwd=root,
        env={**os.environ, "TREADLE_HOME": str(home)},
        capture_output=True,
        check=False,
    )


def test_a_file_of_such_a_name_is_refused_and_the_rest_is_taken(project: ProjectTree) -> None:
    root = project.root / "ours"
    (root / os.fsdecode(b"dir\xff")).mkdir()
    (root / os.fsdecode(b"dir\xff/template.json")).write_bytes(template("Dir"))
    for name in (b"caf\xe9.json", b"caf\xe8.json", b"folder/\xff.txt"):
        (root / os.fsdecode(name)).write_bytes(template("Café"))
    _commit(project.root / "ours")
    synced = project.treadle("source", "sync", "ours")
    assert synced.exit_code == 0, synced.stderr
    for command in ("search word", "show ours/good", "show ours/folder", "verify", "source list --json"):
        done = project.treadle(*command.split())
        assert done.exit_code == 0, (command, done.stderr)
    assert (
        "caf\ufffd.json" in project.treadle("source", "list", "--json").stdout + synced.stderr + synced.stdout
    )
    assert project.treadle("source", "remove", "ours").exit_code == 0


def test_an_author_of_such_bytes_is_shown_with_a_replacement(project: ProjectTree) -> None:
    (project.root / "ours" / "late.json").write_bytes(template("Late"))
    settings = ("-c", "user.name=Ren\xe9", "-c", "i18n.logOutputEncoding=UTF-8")
    _commit(project.root / "ours", *settings)
    assert project.treadle("source", "sync", "ours").exit_code == 0
    shown = project.treadle("show", "ours/late", "--versions")
    assert shown.exit_code == 0, shown.stderr
    assert project.treadle("verify").exit_code == 0


def test_a_word_of_such_bytes_finds_nothing(project: ProjectTree) -> None:
    for words in ((b"caf\xe9",), (b"x", b"--category", b"\xff"), (b"x", b"--syntax", b"\xff")):
        done = _treadle(os.fsencode(project.root), project.home, b"search", *words)
        assert done.returncode in (0, 2), done.stderr
        assert b"internal-error" not in done.stderr


def test_a_project_in_such_a_folder_works_or_is_refused_in_words(project: ProjectTree) -> None:
    folder = project.root / os.fsdecode(b"d\xe9")
    folder.mkdir()
    for name, text in ((b"treadle.yaml", "version: 1\n"), (b"one.yaml", PROCESS), (b"p\xff.yaml", PROCESS)):
        (folder / os.fsdecode(name)).write_text(text)
    for line in (
        b"search sleep",
        b"plan one",
        b"lock",
        b"run one",
        b"run p\xff",
        b"runs list",
        b"runs show",
        b"runs list --json",
        b"usage builtin/sleep",
        b"validate one.yaml",
        b"verify",
    ):
        done = _treadle(os.fsencode(folder), project.home, *line.split())
        assert b"internal-error" not in done.stderr, (line, done.stderr)
        assert done.returncode == 0, (line, done.stderr)
    away = _treadle(os.fsencode(project.root), project.home, b"usage", b"builtin/sleep")
    assert away.returncode == 0, away.stderr
