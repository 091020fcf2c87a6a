"""How many git processes a command starts: each takes a few milliseconds, on a busy machine many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.git_calls import CountedGit
from tests.support.repository import template


@pytest.fixture
def git(tmp_path: Path) -> CountedGit:
    git = CountedGit.create(tmp_path)
    (git.folder / "treadle.yaml").write_text("version: 1\nlibrary: {git: ./library}\n")
    for name in "abcd":
        (git.folder / f"{name}.json").write_bytes(template(f"Say {name}"))
    return git


def test_importing_two_files_starts_at_most_eight(git: CountedGit) -> None:
    begun = git.treadle("import", "a.json", "b.json")
    assert len(begun) <= 8, begun
    more = git.treadle("import", "c.json", "d.json")
    assert len(more) <= 8, more


def test_receiving_one_template_starts_at_most_twelve(git: CountedGit, tmp_path: Path) -> None:
    git.treadle("import", "a.json")
    (git.folder / "deploy.yaml").write_text("version: 1\nsteps: [{name: A, uses: library/a@1}]\n")
    git.treadle("export", "deploy.yaml", "-o", "bundle.tar.gz")
    receiver = CountedGit.create(tmp_path / "receiver")
    (receiver.folder / "treadle.yaml").write_text("version: 1\nlibrary: {git: ./library}\n")
    received = receiver.treadle("import", str(git.folder / "bundle.tar.gz"))
    assert len(received) <= 12, received


def test_commands_that_reach_no_remote_do_not_import_gitpython(git: CountedGit) -> None:
    git.treadle("import", "a.json")
    for command in (["--help"], ["search", "say"], ["show", "library/a"], ["validate", "a.json"]):
        assert "version" not in "".join(git.treadle(*command)), "GitPython asks for it when it is imported"
