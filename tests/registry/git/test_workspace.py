"""Work trees that follow the branch: all at once, and never over what somebody edited."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.git.workspace import Workspace
from tests.support.repository import SourceRepository


@pytest.fixture
def repository(tmp_path: Path) -> SourceRepository:
    return SourceRepository.create(tmp_path / "work")


def test_repositories_begun_at_once_are_one(tmp_path: Path) -> None:
    for number in range(5):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _, folder=folder: Workspace.begin(folder), range(8)))
        assert [path.name for path in folder.iterdir()] == [".git"]
        assert Workspace(folder).branch() == "refs/heads/main"


def test_files_that_are_there_already_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine\n")
    Workspace.begin(tmp_path)
    assert Workspace(tmp_path).uncommitted(["."]) == ["mine"]


def test_what_nobody_edited_is_untouched(repository: SourceRepository) -> None:
    old = repository.commit({"t/a": b"old a\n", "t/b": b"old b\n", "u/a": b"old\n", "file": b"old\n"})
    new = repository.commit({"t/a": b"new a\n", "t/b": b"new b\n", "u/a": b"new\n", "file": b"new\n"})
    workspace, paths = Workspace(repository.path), ["t", "u", "file", "gone"]

    def untouched() -> list[str]:
        return workspace.untouched(paths, [old, new])

    assert untouched() == paths
    repository.write({"t/a": b"old a\n", "file": b"old\n"})
    assert untouched() == paths
    repository.write({"t/b": b"new"})
    assert untouched() == paths, "git was killed while it wrote the file"
    repository.write({"u/a": b"mine\n", "file": b"mine\n"})
    assert untouched() == ["t", "gone"]
    repository.write({"t/new": b"mine\n"})
    assert untouched() == ["gone"]


def test_refreshing_follows_the_branch_and_passes_over_what_is_gone(repository: SourceRepository) -> None:
    old = repository.commit({"t/a": b"old\n", "gone/a": b"old\n"})
    repository.git("rm", "-r", "--quiet", "gone")
    new = repository.commit({"t/a": b"new\n"})
    repository.git("reset", "--quiet", "--hard", old)
    repository.git("update-ref", "refs/heads/main", new)
    for _ in range(2):
        Workspace(repository.path).refresh(["t", "gone", "never/there"])
        assert repository.git("status", "--porcelain") == ""
    assert not (repository.path / "gone").exists()
