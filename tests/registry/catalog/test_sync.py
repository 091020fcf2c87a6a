"""Syncing sources: refs, folders, what is new, what cannot be had."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from registry.catalog.sync import SyncReport, probe, sync_source
from registry.errors import Invalid, NotFound, Unavailable, UserError
from registry.git.repository import Repository
from registry.home import Home
from registry.index.database import Index
from registry.index.writer import IndexChanges
from registry.project.source_definition import SourceDefinition, define
from tests.conftest import GitConfig
from tests.support.library import CommunityLibrary
from tests.support.repository import SourceRepository, template


@pytest.fixture
def repository(tmp_path: Path) -> SourceRepository:
    repository = SourceRepository.create(tmp_path / "source")
    repository.commit({"t/a.json": template("A"), "t/b.json": template("B", body="ls\n" * 40)})
    return repository


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


@pytest.fixture
def index(home: Home) -> Iterator[Index]:
    index = Index(home.index_file)
    yield index
    index.close()


def _source(
    repository: SourceRepository, ref: str | None = None, folder: str | None = "t"
) -> SourceDefinition:
    return define("team", str(repository.path), ref, folder, None, repository.path)


def test_a_sync_without_news_is_noted_too(home: Home, index: Index, repository: SourceRepository) -> None:
    source = _source(repository)
    sync_source(home, index, source)
    with index.transaction() as connection:
        connection.execute("UPDATE source SET synced = '2020-01-01T00:00:00+00:00'")
    assert sync_source(home, index, source).changes == IndexChanges()
    state = index.source(source.index_key)
    assert state is not None
    assert state.synced > "2026"


def test_a_sync_tells_what_is_new(home: Home, index: Index, repository: SourceRepository) -> None:
    first = sync_source(home, index, _source(repository))
    assert (first.ref, first.commit, first.before) == ("main", repository.head(), None)
    assert (first.counts.templates, first.counts.versions) == (2, 2)
    repository.commit({"t/a.json": template("A", 2)})
    second = sync_source(home, index, _source(repository))
    assert (second.before, second.commit) == (first.commit, repository.head())
    assert second.changes.updated == ("a",)
    assert (second.counts.templates, second.counts.versions) == (2, 3)
    third = sync_source(home, index, _source(repository))
    assert (third.changes, third.before) == (type(third.changes)(), third.commit)


def test_a_bundle_without_head_is_a_source(home: Home, index: Index, repository: SourceRepository) -> None:
    bundle = repository.path.parent / "team.bundle"
    repository.git("bundle", "create", "--quiet", str(bundle), "refs/heads/main")
    source = define("team", str(bundle), None, "t", None, repository.path)
    assert sync_source(home, index, source).counts.templates == 2


@pytest.mark.parametrize(
    ("branches", "chosen"), [(["main", "other"], "main"), (["master", "a"], "master"), (["only"], "only")]
)
def test_without_a_ref_the_usual_branch_is_taken(
    branches: list[str], chosen: str, home: Home, index: Index, repository: SourceRepository
) -> None:
    bundle = repository.path.parent / "team.bundle"
    for branch in branches:
        repository.git("branch", "--force", branch) if branch != "main" else None
    repository.git("bundle", "create", "--quiet", str(bundle), *(f"refs/heads/{name}" for name in branches))
    assert probe(home, define("team", str(bundle), None, None, None, repository.path)) == chosen


def test_the_remotes_head_is_taken_before_main(home: Home, repository: SourceRepository) -> None:
    repository.switch("release", create=True)
    assert probe(home, _source(repository)) == "release"


def test_several_branches_and_no_usual_one_need_a_ref(home: Home, repository: SourceRepository) -> None:
    bundle = repository.path.parent / "team.bundle"
    repository.git("branch", "one")
    repository.git("branch", "two")
    repository.git("bundle", "create", "--quiet", str(bundle), "refs/heads/one", "refs/heads/two")
    with pytest.raises(NotFound) as refused:
        probe(home, define("team", str(bundle), None, None, None, repository.path))
    assert refused.value.hint == 'Name one with --ref: "one", "two".'


def test_a_detached_head_is_followed(repository: SourceRepository, home: Home, index: Index) -> None:
    repository.git("checkout", "--quiet", "--detach")
    repository.git("branch", "--quiet", "--delete", "--force", "main")
    assert sync_source(home, index, _source(repository)).commit == repository.head()


def test_a_tag_or_the_head_of_a_branch_can_be_asked_for(
    home: Home, index: Index, repository: SourceRepository
) -> None:
    first = repository.head()
    repository.git("tag", "--annotate", "--message", "first", "v1")
    repository.commit({"t/a.json": template("A", 2)})
    assert sync_source(home, index, _source(repository, "v1")).commit == first
    assert sync_source(home, index, _source(repository, repository.head())).commit == repository.head()


def test_a_forced_push_is_followed(home: Home, index: Index, repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A", 2)})
    sync_source(home, index, _source(repository))
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.commit({"t/a.json": template("A", 5)})
    report = sync_source(home, index, _source(repository))
    assert report.changes.updated == ("a",)
    assert report.counts.versions == 3


def test_a_branch_that_becomes_a_folder_of_branches_is_followed(
    home: Home, index: Index, repository: SourceRepository
) -> None:
    repository.git("branch", "release")
    sync_source(home, index, _source(repository, "release"))
    repository.git("branch", "--move", "release", "release/1")
    assert sync_source(home, index, _source(repository, "release/1")).ref == "release/1"


def test_the_usual_folder_is_found(home: Home, index: Index, tmp_path: Path) -> None:
    usual = SourceRepository.create(tmp_path / "usual")
    usual.commit({"step-templates/a.json": template("A"), "package.json": b"{}"})
    assert sync_source(home, index, _source(usual, folder=None)).counts.templates == 1
    root = SourceRepository.create(tmp_path / "root")
    root.commit({"a.json": template("A")})
    report = sync_source(home, index, _source(root, folder=None))
    assert (report.counts.templates, report.counts.unreadable) == (1, 0)


def _fails(home: Home, index: Index, source: SourceDefinition, kind: type[UserError]) -> UserError:
    with pytest.raises(kind) as failed:
        sync_source(home, index, source)
    assert index.source(source.index_key) is None
    return failed.value


def test_what_can_go_wrong_is_told_and_leaves_nothing(
    home: Home, index: Index, repository: SourceRepository, tmp_path: Path
) -> None:
    missing = define("team", str(tmp_path / "none"), None, None, None, tmp_path)
    error = _fails(home, index, missing, Unavailable)
    assert error.message == f'source "team" does not answer: "{tmp_path}/none": there is nothing at this path'
    assert error.exit_code == 3
    closed = define("team", "git://127.0.0.1:1/x", None, None, None, tmp_path)
    assert "Connection refused" in _fails(home, index, closed, Unavailable).message
    assert _fails(home, index, _source(repository, "mian"), NotFound).hint == 'Did you mean "main"?'
    assert 'has no folder "x"' in _fails(home, index, _source(repository, folder="x"), NotFound).message
    repository.commit({"empty/README.md": b"nothing"})
    error = _fails(home, index, _source(repository, folder="empty"), Invalid)
    assert error.message == 'source "team" has no templates in its folder "empty".'
    nothing = SourceRepository.create(tmp_path / "nothing")
    assert "has no commit" in _fails(home, index, _source(nothing), Invalid).message


def test_what_a_killed_fetch_left_is_not_taken_for_the_whole(
    home: Home, index: Index, repository: SourceRepository
) -> None:
    """Loose objects arrive one by one: here the commit and its tree are there, and a blob is not."""
    source = _source(repository)
    sync_source(home, index, source)
    repository.commit({"t/a.json": template("A", 2)})
    mirror = SourceRepository(home.mirror(source.mirror_key))
    for name in ("HEAD", "HEAD^{tree}", "HEAD:t"):
        kind = repository.git("cat-file", "-t", name)
        tree_or_commit = ["git", "-C", str(repository.path), "cat-file", kind, name]
        content = subprocess.run(tree_or_commit, capture_output=True, check=True).stdout
        mirror.git("hash-object", "-w", "-t", kind, "--stdin", "--literally", stdin=content)
    assert mirror.git("cat-file", "-t", repository.head()) == "commit"
    report = sync_source(home, index, source)
    assert (report.changes.updated, report.counts.versions) == (("a",), 3)


def test_a_damaged_mirror_is_told_and_leaves_the_old_index(
    home: Home, index: Index, repository: SourceRepository
) -> None:
    source = _source(repository)
    before = sync_source(home, index, source)
    repository.commit({"t/a.json": template("A", 2)})
    blob = repository.blob("t/a.json")
    other = Index(home.path / "other.sqlite")
    sync_source(home, other, source)
    other.close()
    (home.mirror(source.mirror_key) / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(Unavailable, match=f"is damaged: object {blob} is missing"):
        sync_source(home, index, source)
    state = index.source(source.index_key)
    assert state
    assert state.commit == before.commit


def test_a_failed_sync_leaves_the_old_index(home: Home, index: Index, repository: SourceRepository) -> None:
    before = sync_source(home, index, _source(repository))
    repository.path.rename(repository.path.with_name("moved"))
    with pytest.raises(Unavailable):
        sync_source(home, index, _source(repository))
    state = index.source(_source(repository).index_key)
    assert state
    assert (state.commit, index.counts(state.id)) == (before.commit, before.counts)


@pytest.mark.slow
def test_the_bundle_of_the_community_library(
    community_library: CommunityLibrary, home: Home, index: Index
) -> None:
    source = define("community", str(community_library.bundle), None, None, None, Path("/"))
    report = sync_source(home, index, source)
    assert isinstance(report, SyncReport)
    assert (report.ref, report.counts.templates, report.counts.versions) == ("master", 571, 1739)
    assert sync_source(home, index, source).changes == type(report.changes)()


# --- git as it is out there


def _clone(repository: SourceRepository, name: str, *options: str) -> Path:
    folder = repository.path.parent / name
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("clone", "--quiet", *options, f"file://{repository.path}", str(folder))
    return folder


def test_a_shallow_clone_is_synced_as_far_as_it_goes(
    home: Home, index: Index, repository: SourceRepository
) -> None:
    repository.commit({"t/a.json": template("A", 2)})
    clone = SourceRepository(_clone(repository, "shallow", "--depth=1"))
    source = define("team", str(clone.path), None, "t", None, clone.path)
    first = sync_source(home, index, source)
    assert (first.shallow, first.counts.versions) == (True, 2)
    clone.git("fetch", "--quiet", "--unshallow")
    second = sync_source(home, index, source)
    assert (second.shallow, second.counts.versions, second.commit) == (False, 3, first.commit)
    repository.commit({"t/a.json": template("A", 3)})
    clone.git("pull", "--quiet")
    assert sync_source(home, index, source).counts.versions == 4


def test_a_shallow_clone_that_grows_a_little_is_read_again(
    home: Home, index: Index, repository: SourceRepository
) -> None:
    for version in (2, 3, 4):
        repository.commit({"t/a.json": template("A", version)})
    clone = SourceRepository(_clone(repository, "shallow", "--depth=1"))
    source = define("team", f"file://{clone.path}", None, "t", None, clone.path)
    assert sync_source(home, index, source).counts.versions == 2
    clone.git("fetch", "--quiet", "--depth=3")
    assert sync_source(home, index, source).counts.versions == 4


def test_a_partial_clone_is_called_one(home: Home, index: Index, repository: SourceRepository) -> None:
    repository.commit({"t/a.json": template("A", 2)})
    clone = _clone(repository, "partial", "--filter=blob:none", "--no-checkout")
    with pytest.raises(Unavailable, match="is a partial clone") as refused:
        sync_source(home, index, define("team", str(clone), None, "t", None, clone))
    assert refused.value.code == "source-partial"


@pytest.mark.parametrize("bare", [False, True])
def test_mirrors_are_read_where_git_wants_bare_repositories_named(
    bare: bool, home: Home, index: Index, repository: SourceRepository, git_config: GitConfig
) -> None:
    git_config("safe.bareRepository", "explicit")
    folder = repository.path
    if bare:
        folder = _clone(repository, "bare.git", "--bare")
    source = define("team", str(folder), None, "t", None, folder)
    assert sync_source(home, index, source).commit == repository.head()
    repository.commit({"t/a.json": template("A", 2)})


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("@1700000000 +5145", "2023-11-14T22:13:20+00:00"),
        ("@1700000000 -0330", "2023-11-14T18:43:20-03:30"),
        ("@253402300801 +0000", "9999-12-31T00:00:00+00:00"),
        ("@0 -1200", "1969-12-31T12:00:00-12:00"),
    ],
)
def test_impossible_dates_are_read_as_the_nearest(
    date: str,
    told: str,
    home: Home,
    index: Index,
    repository: SourceRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("GIT_COMMITTER_DATE", date)
        repository.commit({"t/a.json": template("A", 2)})
    sync_source(home, index, _source(repository))
    commit = Repository(repository.path).history("HEAD", None, "t")[0]
    assert commit.date == told
    assert datetime.fromisoformat(commit.date).tzinfo


@pytest.mark.parametrize("way", ["count", "parameters"])
def test_settings_from_the_environment_hold_for_remotes(
    way: str, home: Home, index: Index, repository: SourceRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, key = "https://git.example.test/team", f"url.{repository.path}.insteadOf"
    if way == "count":
        for name, value in (("COUNT", "1"), ("KEY_0", key), ("VALUE_0", address)):
            monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    else:
        monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'{key}'='{address}'")
    source = define("team", address, None, "t", None, repository.path)
    assert sync_source(home, index, source).commit == repository.head()


@pytest.mark.parametrize(
    "narrowed", ["variable", "protocol.file.allow", "protocol.allow", "another variable"]
)
def test_protocols_that_the_user_forbids_stay_forbidden(
    narrowed: str,
    home: Home,
    repository: SourceRepository,
    monkeypatch: pytest.MonkeyPatch,
    git_config: GitConfig,
) -> None:
    if narrowed.startswith("protocol"):
        git_config(narrowed, "never")
    else:
        monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "https:ssh" if narrowed == "variable" else "")
    with pytest.raises(Unavailable, match="transport 'file' not allowed"):
        probe(home, _source(repository))


def test_what_a_killed_git_left_in_a_mirror_goes(
    home: Home, index: Index, repository: SourceRepository
) -> None:
    source = _source(repository)
    sync_source(home, index, source)
    objects = home.mirror(source.mirror_key) / "objects"
    for name in ("ab/tmp_obj_x1", "pack/tmp_pack_x2", "pack/tmp_idx_x3", "tmp_objdir-incoming-x4/pack/y"):
        (objects / name).parent.mkdir(parents=True, exist_ok=True)
        (objects / name).write_bytes(b"begun")
    repository.commit({"t/a.json": template("A", 2)})
    sync_source(home, index, source)
    assert not list(objects.rglob("tmp_*"))
    assert list(objects.rglob("*"))


def test_a_ref_that_is_not_there_is_answered_with_each_name_once(
    home: Home, repository: SourceRepository
) -> None:
    repository.git("tag", "--annotate", "--message", "first", "v1")
    repository.git("branch", "v1")
    with pytest.raises(NotFound) as refused:
        probe(home, _source(repository, "other"))
    assert refused.value.hint == "There are: main, v1."
