"""A damaged index: a cache, noticed wherever it is used, thrown away and built again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SourceRepository, template

PAGE = 4096


def _zero_every_page_but_the_first(index: Path) -> None:
    size = index.stat().st_size
    with index.open("r+b") as file:
        file.seek(PAGE)
        file.write(bytes(size - PAGE))


def _flip_bytes(index: Path) -> None:
    content = bytearray(index.read_bytes())
    for place in range(PAGE, len(content), 7):
        content[place] ^= 0x55
    index.write_bytes(content)


def _replace_by_other_bytes(index: Path) -> None:
    index.write_bytes(b"no database at all, " * 1000)


def _cut(index: Path) -> None:
    with index.open("r+b") as file:
        file.truncate(index.stat().st_size // 2)


def _change(statement: str) -> Callable[[Path], None]:
    def change(index: Path) -> None:
        connection = sqlite3.connect(index)
        connection.execute(statement)
        connection.commit()
        connection.close()

    return change


DAMAGES = {
    "zeroed pages": _zero_every_page_but_the_first,
    "flipped bytes": _flip_bytes,
    "other bytes": _replace_by_other_bytes,
    "cut": _cut,
    "a table gone": _change("DROP TABLE IF EXISTS entry"),
    "the search table gone": _change("DROP TABLE IF EXISTS entry_text"),
    "a table of other columns": _change("ALTER TABLE content RENAME COLUMN guid TO other"),
    "a form that there is not": _change("UPDATE content SET shape = 'other'"),
}
READING = (
    ("search", "good"),
    ("show", "ours/good"),
    ("source", "list"),
    ("source", "sync", "ours"),
    ("verify",),
)


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    project = make_project({"treadle.yaml": "version: 1\nsources: {ours: {git: ./ours}}\n"})
    repository = SourceRepository.create(project.root / "ours")
    repository.commit({f"t{number}.json": template(f"T {number}") for number in range(40)})
    repository.commit({"good.json": template("Good")})
    assert project.treadle("source", "sync", "ours").exit_code == 0
    return project


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_index_is_said_in_one_line_and_built_again(
    project: ProjectTree, damage: Callable[[Path], None]
) -> None:
    index = project.home / "index.sqlite"
    for command in READING:
        damage(index)
        done = project.treadle(*command)
        # What was altered without harming the file is what `verify` is there to find.
        assert done.exit_code == 0 or "[index-altered]" in done.stderr, (command, done.stderr)
        said = [line for line in done.stderr.splitlines() if "damaged" in line]
        assert len(said) <= 1, (command, done.stderr)
        after = project.treadle("show", "ours/good")
        assert after.exit_code == 0, (command, after.stderr)


def test_a_search_gives_the_same_after_the_damage(project: ProjectTree) -> None:
    before = project.treadle("search", "good").stdout
    _zero_every_page_but_the_first(project.home / "index.sqlite")
    done = project.treadle("search", "good")
    assert (done.exit_code, done.stdout) == (0, before)
    said = f"The index {project.home / 'index.sqlite'} was damaged: it is built again."
    assert done.stderr.splitlines()[0] == said
    assert "damaged" not in project.treadle("search", "good").stderr


def test_doctor_notices_damage_that_no_search_would_meet(project: ProjectTree) -> None:
    _flip_bytes(project.home / "index.sqlite")
    done = project.treadle("doctor")
    assert "was damaged: it is built again" in done.stdout, done.stderr
    assert "41 templates" in done.stdout
    assert "damaged" not in project.treadle("doctor").stdout


def test_a_command_that_is_started_again_keeps_what_it_read_from_standard_input(project: ProjectTree) -> None:
    process = "version: 1\nsteps: [{name: Sleep, uses: builtin/sleep, with: {Sleep.Duration: '#{X}'}}]\n"
    project.write({"deploy.yaml": process})
    expected = project.treadle("plan", "deploy", "--json", "--var", "X=-", stdin="7")
    assert '"7"' in expected.stdout, expected.stderr
    _replace_by_other_bytes(project.home / "index.sqlite")
    done = project.treadle("plan", "deploy", "--json", "--var", "X=-", stdin="7")
    assert "was damaged" in done.stderr
    assert done.stdout == expected.stdout
