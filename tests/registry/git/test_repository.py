"""Reading repositories: odd names, sizes, trees; nothing of anybody's configuration counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import Unavailable
from registry.git.objects import Change
from registry.git.repository import Repository
from tests.support.repository import SourceRepository


@pytest.fixture
def source(tmp_path: Path) -> SourceRepository:
    return SourceRepository.create(tmp_path / "source")


def _paths(changes: tuple[Change, ...]) -> set[tuple[str, str, str]]:
    return {(change.status, change.old_path, change.path) for change in changes if change.mode != "040000"}


@pytest.mark.parametrize(
    "name", ["a b", "tab\there", "line\nbreak", "\x01start", ":colon", "ümläut", '"quoted"']
)
def test_any_name_is_read_right(name: str, source: SourceRepository) -> None:
    source.commit({f"t/{name}": b"content\n" * 20})
    source.move(f"t/{name}", f"t/new {name}")
    source.commit()
    second, first = Repository(source.path).history("HEAD", None, "t")
    assert _paths(first.changes) == {("A", f"t/{name}", f"t/{name}")}
    assert _paths(second.changes) == {("R", f"t/{name}", f"t/new {name}")}
    assert [entry.path for entry in Repository(source.path).entries("HEAD:t")] == [f"new {name}"]


def test_commits_that_touch_nothing_are_there_as_links(source: SourceRepository) -> None:
    first = source.commit({"t/a": b"a"})
    second = source.commit({"elsewhere": b"b"})
    third = source.commit({"t/a": b"c"})
    commits = Repository(source.path).history("HEAD", None, "t")
    assert [(commit.id, commit.parents) for commit in commits] == [
        (third, (second,)),
        (second, (first,)),
        (first, ()),
    ]
    assert [len(commit.changes) for commit in commits] == [2, 0, 2]
    assert [commit.id for commit in Repository(source.path).history("HEAD", second, "t")] == [third]


def test_a_merge_is_compared_with_its_first_parent(source: SourceRepository) -> None:
    source.commit({"t/a": b"a"})
    source.switch("side", create=True)
    source.commit({"t/b": b"b"})
    source.switch("main")
    source.commit({"t/c": b"c"})
    source.merge("side")
    merge = Repository(source.path).history("HEAD", None, "t")[0]
    assert len(merge.parents) == 2
    assert _paths(merge.changes) == {("A", "t/b", "t/b")}


def test_the_users_settings_do_not_change_what_is_read(
    source: SourceRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.commit({"t/a": b"content\n" * 20})
    source.move("t/a", "t/b")
    source.commit()
    settings = tmp_path / "gitconfig"
    settings.write_text("[diff]\n\trenames = false\n[log]\n\tshowSignature = true\n\tdate = relative\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    commit = Repository(source.path).history("HEAD", None, "t")[0]
    assert _paths(commit.changes) == {("R", "t/a", "t/b")}
    assert commit.date[:2] == "20"


def test_sizes_and_contents_leave_out_what_is_not_there(source: SourceRepository) -> None:
    source.commit({"t/a": b"one", "t/b": b"\0two\n"})
    repository, missing = Repository(source.path), "0" * 40
    names = ["HEAD:t/a", missing, "HEAD:t/b"]
    assert repository.sizes(names) == {"HEAD:t/a": 3, "HEAD:t/b": 5}
    assert list(repository.blobs(names)) == [("HEAD:t/a", b"one"), ("HEAD:t/b", b"\0two\n")]
    assert repository.commit_of("nothing") is None
    assert repository.commit_of("--all") is None


def test_trees_are_read_to_the_bottom(source: SourceRepository) -> None:
    source.commit({"t/x/a": b"1", "t/x/b/c/d": b"2", "t/y/e": b"3"})
    (source.path / "t/x/link").symlink_to("a")
    source.commit()
    one, two = source.blob("t/x"), source.blob("t/y")
    found = Repository(source.path).trees([one, two])
    assert {(entry.mode, entry.path) for entry in found[one]} == {
        ("100644", "a"),
        ("100644", "b/c/d"),
        ("120000", "link"),
    }
    assert [entry.path for entry in found[two]] == ["e"]


def test_a_machine_without_git_is_told(source: SourceRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(source.path))
    with pytest.raises(Unavailable, match="git is not installed"):
        Repository(source.path).commit_of("HEAD")
