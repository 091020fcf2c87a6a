"""A library that a team shares: bring it up to date, push later, from several clones."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.project import Outcome, ProjectTree
from tests.support.repository import SourceRepository, template


@dataclass(frozen=True)
class Member:
    """One of the team: a project, a home, a clone of the library."""

    project: ProjectTree
    library: SourceRepository

    def treadle(self, *arguments: str) -> Outcome:
        return self.project.treadle(*arguments)

    def publish(self, name: str, body: str, *options: str) -> None:
        self.project.write({f"{name}.json": template(f"Say - {name}", body=body)})
        done = self.treadle("publish", f"{name}.json", *options)
        assert done.exit_code == 0, done.stderr


@dataclass(frozen=True)
class Team:
    remote: SourceRepository
    ann: Member
    bob: Member


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    remote = tmp_path / "team.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)

    def member(name: str) -> Member:
        project = ProjectTree(tmp_path / name, tmp_path / f"{name}-home", monkeypatch)
        project.write({"treadle.yaml": "version: 1\nlibrary: {git: ./library}\n"})
        library = SourceRepository.create(project.root / "library")
        library.git("remote", "add", "origin", str(remote))
        return Member(project, library)

    return Team(SourceRepository(remote), member("ann"), member("bob"))


def test_a_library_is_brought_up_to_what_its_remote_has(team: Team) -> None:
    team.ann.publish("hello", "echo one\n", "--push")
    first = team.bob.treadle("source", "sync", "library")
    assert first.exit_code == 0, first.stderr
    assert first.stdout.startswith("library: 1 added (1 template, 1 version; main at ")
    assert team.bob.treadle("show", "library/hello").exit_code == 0
    team.ann.publish("hello", "echo two\n", "--push")
    told = team.bob.treadle("source", "sync", "--json", "library").json
    assert (told[0]["name"], told[0]["updated"]) == ("library", ["hello"])
    assert team.bob.library.head() == team.remote.git("rev-parse", "main")
    assert team.bob.library.git("status", "--porcelain") == ""
    assert "nothing new" in team.bob.treadle("source", "sync", "library").stdout


def test_commits_of_ones_own_go_on_top_and_are_pushed_later(team: Team) -> None:
    team.ann.publish("hello", "echo one\n", "--push")
    team.bob.publish("bye", "echo bye\n")
    synced = team.bob.treadle("source", "sync", "library")
    assert "some of its commits are not pushed yet" in synced.stderr
    assert team.bob.library.git("log", "--format=%s").splitlines() == [
        "Publish Say - bye 1",
        "Publish Say - hello 1",
    ]
    pushed = team.bob.treadle("publish", "bye.json", "--push")
    assert pushed.exit_code == 0
    assert pushed.stdout == (
        "Nothing changed: this is library/bye@1 already. The remote has all of the library's commits.\n"
    )
    assert team.remote.git("rev-parse", "main") == team.bob.library.head()
    again = team.bob.treadle("publish", "bye.json", "--push")
    assert "already" in again.stdout + again.stderr


def test_what_was_published_is_pushed_onto_what_others_pushed_meanwhile(team: Team) -> None:
    team.bob.publish("bye", "echo bye\n")
    team.ann.publish("hello", "echo one\n", "--push")
    assert team.bob.treadle("publish", "bye.json", "--push").exit_code == 0
    assert team.remote.git("log", "--format=%s", "main").splitlines() == [
        "Publish Say - bye 1",
        "Publish Say - hello 1",
    ]
    assert team.bob.library.git("status", "--porcelain") == ""


def test_pushing_lets_the_branch_follow_the_remote(team: Team) -> None:
    team.ann.publish("hello", "echo one\n", "--push")
    assert team.ann.library.git("rev-parse", "--abbrev-ref", "main@{upstream}") == "origin/main"
    team.bob.treadle("source", "sync", "library")
    team.bob.publish("bye", "echo bye\n", "--push")
    team.ann.library.git("pull", "--quiet")
    assert (team.ann.library.path / "bye/template.yaml").is_file()
    assert not team.ann.library.git("for-each-ref", "refs/treadle"), "what pushing needed is gone"


def test_a_branch_goes_on_following_what_it_was_set_up_for(team: Team) -> None:
    team.ann.publish("hello", "echo one\n", "--push")
    team.ann.library.git("push", "--quiet", "origin", "main:trunk")
    team.ann.library.git("branch", "--quiet", "--set-upstream-to=origin/trunk")
    team.ann.publish("hello", "echo two\n", "--push")
    assert team.remote.git("log", "--format=%s", "trunk").splitlines()[0] == "Publish Say - hello 2"
    assert team.ann.library.git("rev-parse", "--abbrev-ref", "main@{upstream}") == "origin/trunk"


def test_edits_in_the_work_tree_are_not_overwritten_by_a_sync(team: Team) -> None:
    team.ann.publish("hello", "echo one\n", "--push")
    team.bob.treadle("source", "sync", "library")
    team.ann.publish("hello", "echo two\n", "--push")
    team.bob.library.write({"hello/script.sh": b"echo mine\n"})
    refused = team.bob.treadle("source", "sync", "library")
    assert refused.exit_code == 2
    assert 'has uncommitted changes: "hello/script.sh"' in refused.stderr
    assert (team.bob.library.path / "hello/script.sh").read_text() == "echo mine\n"


def test_a_sync_of_everything_takes_a_library_along_that_has_a_remote(team: Team) -> None:
    team.ann.publish("hello", "echo one\n", "--push")
    community = SourceRepository.create(team.bob.project.root.parent / "community")
    community.commit({"a.json": template("A")})
    team.bob.project.monkeypatch.setenv("TREADLE_COMMUNITY_URL", str(community.path))
    team.bob.project.write(
        {"treadle.yaml": "version: 1\nlibrary: {git: ./library}\nsources: {community: {git: ../community}}\n"}
    )
    told = team.bob.treadle("source", "sync").stdout.splitlines()
    assert [line.partition(":")[0] for line in told if not line.startswith(" ")] == ["library", "community"]


@pytest.mark.parametrize("state", ["no repository", "no remote", "nothing at the remote", "no answer"])
def test_a_library_that_cannot_be_synced_is_told(state: str, team: Team) -> None:
    if state == "no repository":
        (team.bob.library.path / ".git").rename(team.bob.library.path.parent / "away")
    elif state == "no remote":
        team.bob.library.git("remote", "remove", "origin")
    elif state == "no answer":
        team.bob.library.git("remote", "set-url", "origin", "/nowhere/at/all")
    told = team.bob.treadle("source", "sync", "library")
    assert told.exit_code == (3 if state == "no answer" else 2)
    assert {"no repository": "no repository yet", "no remote": "no remote"}.get(state, "") in told.stderr
