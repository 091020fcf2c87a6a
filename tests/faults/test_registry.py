"""The registry when processes die, or meet. Killed writers of the library: `test_library_kills`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.home import Home
from registry.library.library import Library
from registry.library.writer import writing
from registry.model import Reference
from registry.project.project_file import find_project
from tests.support.repository import SourceRepository, template

KILLS = 8


class Place:
    """A project with a source of many templates, and commands as processes of their own."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root / "project", root / "home"
        self.repository = SourceRepository.create(root / "source")
        for version in (1, 2):
            self.repository.commit(
                {
                    f"t{number}.json": template(f"Template {number}", version, f"echo {number}\n" * 200)
                    for number in range(40)
                }
            )
        self.root.mkdir()
        (self.root / "treadle.yaml").write_text(
            f"sources: {{team: {{git: {self.repository.path}}}}}\nlibrary: {{git: ./library}}\n"
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "runner.cli.main", *arguments],
            cwd=self.root,
            env={**os.environ, "TREADLE_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        stdout, stderr = process.communicate()
        assert process.returncode == 0, stderr.decode()
        return stdout.decode()

    def kill_after(self, delay: float, *arguments: str) -> bool:
        """Start a command and kill it, and the git it started, with SIGKILL. False when it was done before."""
        process = self.start(*arguments)
        time.sleep(delay)
        killed = process.poll() is None
        if killed:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return killed

    def duration(self, *arguments: str) -> float:
        start = time.monotonic()
        self.run(*arguments)
        return time.monotonic() - start

    def catalog(self) -> Catalog:
        return Catalog.open(Home.at(self.home), find_project(self.root), {})

    @property
    def library(self) -> SourceRepository:
        return SourceRepository(self.root / "library")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.slow
def test_a_killed_sync_leaves_the_old_index_and_the_next_one_works(place: Place) -> None:
    seconds = place.duration("source", "sync", "team")
    commit, killed = place.repository.head(), 0
    for number in range(KILLS):
        previous, commit = (
            commit,
            place.repository.commit(
                {f"t{item}.json": template(f"Template {item}", 3 + number) for item in range(40)}
            ),
        )
        killed += place.kill_after(seconds * (number + 0.5) / KILLS, "source", "sync", "team")
        with place.catalog() as catalog:
            (known,) = catalog.source_summaries("team")
            assert known.state
            assert known.state.commit in (previous, commit)
            assert known.counts
            expected = 2 + number + (known.state.commit == commit)
            assert (known.counts.templates, known.counts.versions) == (40, 40 * expected)
        assert f"at {commit[:10]}" in place.run("source", "sync", "team")
    assert killed >= KILLS // 3


def test_a_change_that_reached_the_branch_but_not_the_files_is_finished(place: Place) -> None:
    """The narrowest window, made by hand: the branch has moved, the work tree has not."""
    place.run("source", "sync", "team")
    place.run("import", "team/t1")
    before = place.library.head()
    place.run("import", "team/t2")
    after = place.library.head()
    place.library.git("reset", "--quiet", "--hard", before)
    place.library.git("update-ref", "refs/heads/main", after)
    (place.library.path / ".git/treadle-writing.json").write_text(
        f'{{"parent": "{before}", "paths": ["t2"]}}'
    )
    (place.library.path / ".git/index.lock").write_bytes(b"")
    place.run("import", "team/t3")
    assert place.library.git("status", "--porcelain") == ""
    assert (place.library.path / "t2/script.sh").is_file()


def test_what_somebody_edited_meanwhile_is_kept(place: Place) -> None:
    place.run("source", "sync", "team")
    place.run("import", "team/t1@1")
    before = place.library.head()
    place.run("import", "team/t1@2")
    after = place.library.head()
    place.library.git("reset", "--quiet", "--hard", before)
    place.library.git("update-ref", "refs/heads/main", after)
    place.library.write({"t1/script.sh": b"mine\n"})
    note = place.library.path / ".git/treadle-writing.json"
    note.write_text(f'{{"parent": "{before}", "paths": ["t1"]}}')
    with writing(Library.at(place.library.path), "test"):
        pass
    assert not note.exists()
    assert (place.library.path / "t1/script.sh").read_bytes() == b"mine\n"


def test_somebody_elses_git_at_work_is_left_alone(place: Place) -> None:
    place.run("source", "sync", "team")
    place.run("import", "team/t1")
    before, lock = place.library.head(), place.library.path / ".git/index.lock"
    place.library.git("checkout", "--quiet", "--detach")
    assert b"is not on a branch" in place.start("import", "team/t2").communicate()[1]
    place.library.git("checkout", "--quiet", "main")
    lock.touch()
    assert b"another git is at work" in place.start("import", "team/t2").communicate()[1]
    assert lock.exists()
    assert place.library.head() == before
    lock.unlink()
    place.run("import", "team/t2")


def _outcomes(processes: Sequence[subprocess.Popen[bytes]]) -> list[tuple[int, str]]:
    return [
        (process.returncode, stderr.decode())
        for process in processes
        for _, stderr in [process.communicate()]
    ]


def test_imports_at_once_all_succeed(place: Place) -> None:
    place.run("source", "sync", "team")
    processes = [place.start("import", f"team/t{number}") for number in range(6)]
    assert _outcomes(processes) == [(0, "")] * 6
    assert place.library.git("rev-list", "--count", "HEAD") == "6"
    assert place.library.git("status", "--porcelain") == ""


def test_the_same_import_twice_at_once_is_one_commit(place: Place) -> None:
    place.run("source", "sync", "team")
    processes = [place.start("import", "team/t1") for _ in range(2)]
    assert _outcomes(processes) == [(0, "")] * 2
    assert place.library.git("rev-list", "--count", "HEAD") == "1"


def test_syncs_at_once_take_turns(place: Place) -> None:
    processes = [place.start("source", "sync", "team") for _ in range(3)]
    assert _outcomes(processes) == [(0, "")] * 3
    with place.catalog() as catalog:
        assert catalog.resolve(Reference.parse("team/t1")).template.version == 2


def test_readers_never_wait_for_a_sync_and_never_see_half(place: Place) -> None:
    place.run("source", "sync", "team")
    with place.catalog() as catalog:
        for number in range(3):
            place.repository.commit(
                {f"t{item}.json": template(f"Template {item}", 3 + number) for item in range(40)}
            )
            process = place.start("source", "sync", "team")
            while process.poll() is None:
                versions = {
                    hit.version for hit in catalog.search("template", limit=100).hits if hit.source == "team"
                }
                assert len(versions) == 1
            process.communicate()
            assert process.returncode == 0
