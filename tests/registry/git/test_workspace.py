"""Work trees that follow the branch: all at once, and never over what somebody edited."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.git.repository import Repository
from registry.git.settings import read_git_settings
from registry.git.workspace import checkout_paths, init, uncommitted, unedited_paths
from tests.support.repository import SourceRepository


@pytest.fixture
def repository(tmp_path: Path) -> SourceRepository:
    return SourceRepository.create(tmp_path / "work")


def test_repositories_begun_at_once_are_one(tmp_path: Path) -> None:
    settings = read_git_settings(Repository(tmp_path))
    for number in range(5):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _, folder=folder: init(folder, settings), range(8)))
        assert [path.name for path in folder.iterdir()] == [".git"]
        assert Repository(folder).branch() == "refs/heads/main"


def test_files_that_are_there_already_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine\n")
    init(tmp_path, read_git_settings(Repository(tmp_path)))
    assert uncommitted(Repository(tmp_path), ["."]) == ["mine"]


def test_what_nobody_edited_is_found(repository: SourceRepository) -> None:
    old = repository.commit({"t/a": b"old a\n", "t/b": b"old b\n", "u/a": b"old\n", "file": b"old\n"})
    new = repository.commit({"t/a": b"new a\n", "t/b": b"new b\n", "u/a": b"new\n", "file": b"new\n"})
    workspace, paths = Repository(repository.path), ["t", "u", "file", "gone"]

    def unedited() -> list[str]:
        return unedited_paths(workspace, paths, [old, new])

    assert unedited() == paths
    repository.write({"t/a": b"old a\n", "file": b"old\n"})
    assert unedited() == paths
    repository.write({"t/b": b"new"})
    assert unedited() == paths, "git was killed while it wrote the file"
    repository.write({"u/a": b"mine\n", "file": b"mine\n"})
    assert unedited() == ["t", "gone"]
    repository.write({"t/new": b"mine\n"})
    assert unedited() == ["gone"]


def test_refreshing_follows_the_branch_and_passes_over_what_is_gone(repository: SourceRepository) -> None:
    old = repository.commit({"t/a": b"old\n", "gone/a": b"old\n"})
    repository.git("rm", "-r", "--quiet", "gone")
    new = repository.commit({"t/a": b"new\n"})
    repository.git("reset", "--quiet", "--hard", old)
    repository.git("update-ref", "refs/heads/main", new)
    for _ in range(2):
        checkout_paths(Repository(repository.path), ["t", "gone", "never/there"])
        assert repository.git("status", "--porcelain") == ""
    assert not (repository.path / "gone").exists()
