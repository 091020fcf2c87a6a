"""Sharing a branch with a remote: where it goes, what is there, and pushing to it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from registry.errors import NotFound, Unavailable
from registry.git.command import GitFailedError, run_with_remote
from registry.git.repository import Repository, detached
from registry.git.settings import GitSettings

_TIMEOUT = 600.0
_LOCK_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a branch is pushed to.

    `name` is the remote's, `branch` the branch there, as a full ref; `followed` says whether the branch here is
    set up to follow it.
    """

    name: str
    branch: str
    followed: bool = True


def find_upstream(repository: Repository, settings: GitSettings) -> Upstream | None:
    """Where the current branch is pushed to: what it follows, else `origin`; None where there is neither.

    Raises Invalid for a detached HEAD.
    """
    from registry.git.transport import remote_names

    branch = repository.tip().branch
    if branch is None:
        raise detached(repository.folder)
    short = branch.removeprefix("refs/heads/")
    remotes = remote_names(repository.folder)
    followed = settings.values.get(f"branch.{short}.remote")
    name = followed or ("origin" if "origin" in remotes else None)
    if name is None or name not in remotes:
        return None
    there = settings.values.get(f"branch.{short}.merge")
    return Upstream(name, there or branch, followed=bool(followed and there))


def upstream(repository: Repository, settings: GitSettings) -> Upstream:
    """As `find_upstream`. Raises NotFound where there is none."""
    found = find_upstream(repository, settings)
    if found is None:
        raise NotFound(
            "no-remote",
            f'"{repository.folder}" has no remote to push to',
            hint="Add one: `git remote add origin ADDRESS`.",
        )
    return found


def fetch_branch(repository: Repository, remote: Upstream) -> str | None:
    """The commit that the remote branch is at, fetched; None where there is no such branch yet.

    Raises Unavailable.
    """
    from registry.git.transport import fetch

    kept = f"refs/remotes/{remote.name}/{remote.branch.removeprefix('refs/heads/')}"
    if _remote_commit(repository, remote) is None:
        return None
    try:
        fetch(repository.folder, remote.name, f"+{remote.branch}:{kept}")
    except GitFailedError as error:
        raise _unreachable(remote, error) from error
    return repository.commit_of(kept)


def push(repository: Repository, remote: Upstream, commit: str, expected: str | None) -> bool:
    """Push `commit` to the remote branch, which stood at `expected` when it was fetched. Returns whether that moved it:
    not where another push came first, or brought the very same commit.

    Whose fault a failure is, the branch tells and not the server's words. Raises Unavailable where the remote does not
    respond, or refuses.
    """
    from registry.git import transport

    for last in (False, True):
        try:
            return transport.push(repository.folder, remote.name, commit, remote.branch)
        except GitFailedError as error:
            if _remote_commit(repository, remote) != expected:
                return False
            if last:
                raise _unreachable(remote, error) from error
        # The branch is where it was: the remote refuses, or another push held its lock and is about to end.
        time.sleep(_LOCK_PAUSE)
    raise AssertionError("the loop returns or raises")


def _remote_commit(repository: Repository, remote: Upstream) -> str | None:
    """The commit that the remote branch is at, as the remote says. Raises Unavailable."""
    try:
        asked = ["ls-remote", "--", remote.name, remote.branch]
        listing = run_with_remote(asked, None, repository.folder, _TIMEOUT)
    except GitFailedError as error:
        raise _unreachable(remote, error) from error
    lines = (line.split("\t") for line in listing.decode(errors="replace").splitlines())
    return next((commit for commit, name in lines if name == remote.branch), None)


def follow(repository: Repository, branch: str, remote: Upstream) -> None:
    """Let a branch follow the remote's, so that `git pull` knows where from. Where git keeps no copy of the remote's
    branch there is nothing to follow, and nothing is lost.
    """
    from registry.git import transport

    there = remote.branch.removeprefix("refs/heads/")
    with suppress(GitFailedError):
        transport.follow(repository.folder, branch.removeprefix("refs/heads/"), remote.name, there)


def _unreachable(remote: Upstream, error: GitFailedError) -> Unavailable:
    return Unavailable(
        "remote-unreachable",
        f'the remote "{remote.name}" did not take part: {error.reason}',
        hint="Nothing was changed here. Check the remote and your access rights, and run the command again.",
    )
