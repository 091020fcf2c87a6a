"""Sharing a branch: over ssh as git is set up for it, signed, and what is replayed stays what it was."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Timer

import pytest

from registry.errors import Conflict, Unavailable
from registry.git.command import GitFailedError
from registry.git.commit import create_commit, rebase_onto
from registry.git.push import Upstream, fetch_branch, push, upstream
from registry.git.remote import remote_refs
from registry.git.repository import Repository
from registry.git.settings import read_git_settings
from tests.support.repository import SourceRepository

SSH = """\
#!/bin/sh
# Runs here what it is told to run on the other machine, and notes for whom.
echo "$@" >> "{log}"
for last; do :; done
exec sh -c "$last"
"""


@pytest.fixture
def git_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's git settings, to add to."""
    config = tmp_path / "gitconfig"
    config.write_text("[user]\n\tname = Ann\n\temail = ann@example.com\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    return config


@pytest.fixture
def remote(tmp_path: Path) -> SourceRepository:
    path = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)], check=True)
    return SourceRepository(path)


def _workspace(folder: Path, url: str) -> tuple[SourceRepository, Repository]:
    repository = SourceRepository.create(folder)
    repository.git("remote", "add", "origin", url)
    return repository, Repository(folder)


def _upstream(repository: Repository) -> Upstream:
    return upstream(repository, read_git_settings(repository))


def _commit(repository: Repository, parent: str | None, files: Mapping[str, bytes], message: str) -> str:
    return create_commit(repository, read_git_settings(repository), parent, files, message)


def _set(config: Path, key: str, value: str) -> None:
    subprocess.run(["git", "config", "--file", str(config), key, value], check=True)


# --- ssh


@pytest.fixture
def ssh(tmp_path: Path) -> Path:
    command = tmp_path / "bin/ssh"
    command.parent.mkdir()
    command.write_text(SSH.format(log=tmp_path / "ssh.log"))
    command.chmod(0o755)
    return command


@pytest.mark.parametrize("way", ["core.sshCommand", "GIT_SSH_COMMAND", "GIT_SSH", "PATH"])
def test_ssh_works_as_the_user_set_it_up(
    way: str,
    ssh: Path,
    remote: SourceRepository,
    tmp_path: Path,
    git_config: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if way == "core.sshCommand":
        _set(git_config, way, str(ssh))
    elif way == "PATH":
        monkeypatch.setenv("PATH", str(ssh.parent), prepend=":")
    else:
        monkeypatch.setenv(way, str(ssh))
    url = f"ssh://git@templates.example{remote.path}"
    _, workspace = _workspace(tmp_path / "work", url)
    there = upstream(workspace, read_git_settings(workspace))
    assert fetch_branch(workspace, there) is None
    commit = create_commit(workspace, read_git_settings(workspace), None, {"a": b"a"}, "First\n")
    assert push(workspace, there, commit, None)
    assert fetch_branch(workspace, there) == commit
    assert remote_refs(url).refs["refs/heads/main"] == commit
    calls = (tmp_path / "ssh.log").read_text().splitlines()
    assert all("git@templates.example" in call for call in calls)
    assert all(("BatchMode=yes" in call) == (way == "PATH") for call in calls)


def test_an_ssh_that_fails_is_told(ssh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh.write_text("#!/bin/sh\necho 'Permission denied (publickey).' >&2; exit 255\n")
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    with pytest.raises(GitFailedError) as failed:
        remote_refs("ssh://git@templates.example/x.git")
    assert "Could not read from remote repository" in failed.value.reason
    _, workspace = _workspace(tmp_path / "work", "git@templates.example:x.git")
    with pytest.raises(Unavailable, match='the remote "origin" did not take part'):
        fetch_branch(workspace, upstream(workspace, read_git_settings(workspace)))


# --- signing and authors


@pytest.fixture
def signing(tmp_path: Path, git_config: Path) -> Path:
    """git set up to sign commits with an ssh key, and to know its own signatures."""
    key = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", str(key)]
    subprocess.run(command, check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"ann@example.com {key.with_suffix('.pub').read_text()}")
    _set(git_config, "gpg.format", "ssh")
    _set(git_config, "gpg.ssh.allowedSignersFile", str(signers))
    _set(git_config, "user.signingkey", f"{key}.pub")
    _set(git_config, "commit.gpgsign", "true")
    return key


def test_commits_are_signed_and_authored_as_git_is_set_up(signing: Path, tmp_path: Path) -> None:
    repository, workspace = _workspace(tmp_path / "work", "nowhere")
    commit = create_commit(workspace, read_git_settings(workspace), None, {"a": b"a"}, "First\n")
    assert repository.git("log", "-1", "--format=%G? %GS %an %ae %cn", commit) == (
        "G ann@example.com Ann ann@example.com Ann"
    )


def test_nothing_is_signed_unless_git_is_set_up_to(git_config: Path, tmp_path: Path) -> None:
    repository, workspace = _workspace(tmp_path / "work", "nowhere")
    commit = create_commit(workspace, read_git_settings(workspace), None, {"a": b"a"}, "First\n")
    assert "gpgsig" not in repository.git("cat-file", "commit", commit)


def test_a_key_that_is_gone_is_told(signing: Path, tmp_path: Path) -> None:
    signing.with_suffix(".pub").unlink()
    _, workspace = _workspace(tmp_path / "work", "nowhere")
    with pytest.raises(Conflict, match=r"sign commits \(commit.gpgsign\), and cannot: .*key") as refused:
        create_commit(workspace, read_git_settings(workspace), None, {"a": b"a"}, "First\n")
    assert refused.value.exit_code == 2


# --- ours put on top of theirs


def test_a_replayed_commit_keeps_author_date_modes_and_links(
    remote: SourceRepository, tmp_path: Path, git_config: Path
) -> None:
    ours, workspace = _workspace(tmp_path / "ours", str(remote.path))
    base = ours.commit({"run.sh": b"true\n", "gone": b"x", "kept": b"kept"})
    ours.git("push", "--quiet", "origin", "main")
    theirs, _ = _workspace(tmp_path / "theirs", str(remote.path))
    theirs.git("pull", "--quiet", "origin", "main")
    theirs.commit({"theirs": b"theirs"})
    theirs.git("push", "--quiet", "origin", "main")

    (ours.path / "run.sh").chmod(0o755)
    (ours.path / "gone").unlink()
    (ours.path / "link").symlink_to("run.sh")
    ours.write({"näme": b"\0\xff"})
    ours.git("add", "--all")
    who = ("--author=Bob <bob@example.com>", "--date=2020-02-02T02:02:02+0200")
    ours.git("commit", "--quiet", *who, "--message", "Bob's change\n\nWith a body.")

    base = fetch_branch(workspace, upstream(workspace, read_git_settings(workspace))) or ""
    joined = rebase_onto(workspace, read_git_settings(workspace), workspace.commit_of("HEAD"), base)
    assert joined
    assert ours.git("log", "-1", "--format=%an %ae %aI %cn|%B", joined) == (
        "Bob bob@example.com 2020-02-02T02:02:02+02:00 Ann|Bob's change\n\nWith a body."
    )
    assert ours.git("rev-parse", f"{joined}^") == base
    assert ours.git("diff-tree", "-r", "-z", "--name-status", base, joined).split("\0")[:-1] == [
        *("D", "gone"),
        *("A", "link"),
        *("A", "näme"),
        *("M", "run.sh"),
    ]
    modes = {entry.path: entry.mode for entry in workspace.entries(joined)}
    assert modes == {
        "kept": "100644",
        "link": "120000",
        "näme": "100644",
        "run.sh": "100755",
        "theirs": "100644",
    }


# --- who moved the branch


@pytest.fixture
def pair(
    remote: SourceRepository, tmp_path: Path, git_config: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Repository, Repository]:
    """Two clones whose commits are all made in the same second."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_DATE", "2024-05-01T12:00:00+00:00")
    one, two = (_workspace(tmp_path / name, str(remote.path))[1] for name in ("one", "two"))
    return one, two


def test_only_one_of_two_pushes_of_the_same_commit_moves_the_branch(
    pair: tuple[Repository, Repository],
) -> None:
    one, two = pair
    base = None
    for content in (b"a", b"b"):  # the branch is made; the branch is moved
        commit = _commit(one, base, {"a": content}, "Same\n")
        assert _commit(two, base, {"a": content}, "Same\n") == commit
        assert push(one, _upstream(one), commit, base)
        assert not push(two, _upstream(two), commit, base)
        base = fetch_branch(two, _upstream(two))
        assert base == commit


def test_a_branch_whose_name_ends_like_ours_is_another(
    remote: SourceRepository, pair: tuple[Repository, Repository]
) -> None:
    workspace, _ = pair
    commit = _commit(workspace, None, {"a": b"a"}, "Other\n")
    subprocess.run(
        ["git", "-C", workspace.folder, "push", "-q", "origin", f"{commit}:refs/heads/a/refs/heads/main"],
        check=True,
    )
    assert fetch_branch(workspace, _upstream(workspace)) is None


def test_a_push_that_comes_second_says_so(pair: tuple[Repository, Repository]) -> None:
    one, two = pair
    assert push(one, _upstream(one), _commit(one, None, {"a": b"a"}, "One\n"), None)
    other = _commit(two, None, {"b": b"b"}, "Two\n")
    assert not push(two, _upstream(two), other, None)


@pytest.mark.parametrize("says", ["no!", "non-fast-forward, fetch first: cannot lock ref [rejected]"])
def test_a_remote_that_refuses_is_no_race_whatever_it_says(
    says: str, remote: SourceRepository, pair: tuple[Repository, Repository]
) -> None:
    workspace, _ = pair
    hook = remote.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '{says}' >&2; exit 1\n")
    hook.chmod(0o755)
    commit = _commit(workspace, None, {"a": b"a"}, "First\n")
    with pytest.raises(Unavailable, match='the remote "origin" did not take part'):
        push(workspace, _upstream(workspace), commit, None)


def test_a_lock_that_another_push_holds_for_a_moment_is_waited_for(
    remote: SourceRepository, pair: tuple[Repository, Repository]
) -> None:
    workspace, _ = pair
    lock = remote.path / "refs" / "heads" / "main.lock"
    lock.touch()
    Timer(0.2, lock.unlink).start()
    commit = _commit(workspace, None, {"a": b"a"}, "First\n")
    assert push(workspace, _upstream(workspace), commit, None)
    assert remote.git("rev-parse", "main") == commit
