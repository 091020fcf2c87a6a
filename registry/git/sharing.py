"""A workspace that shares its branch with a remote: fetch, stand on what is there, push."""

from __future__ import annotations

import time
from dataclasses import dataclass

from registry.errors import Conflict, NotFound, Unavailable
from registry.git.objects import parse_changes
from registry.git.process import GitFailedError
from registry.git.remote import ask
from registry.git.workspace import Workspace

_TIMEOUT = 600.0
_LOCK_PAUSE = 0.5  # seconds: longer than a remote needs to move a branch


@dataclass(frozen=True, slots=True)
class Upstream:
    """The remote, by the name git has for it, and the branch there that ours follows (a full ref)."""

    name: str
    branch: str


@dataclass(frozen=True, slots=True)
class SharedWorkspace(Workspace):
    """A repository that can push."""

    def upstream(self) -> Upstream:
        """Where the current branch is pushed to: what it follows, else `origin`. Raises NotFound."""
        branch = self.branch()
        short = branch.removeprefix("refs/heads/")
        remotes = self._read("remote").decode().split()
        name = self._setting(f"branch.{short}.remote") or ("origin" if "origin" in remotes else None)
        if name is None or name not in remotes:
            raise NotFound(
                "no-remote",
                f'"{self.folder}" has no remote to push to',
                hint="Add one: git remote add origin ADDRESS",
            )
        return Upstream(name, self._setting(f"branch.{short}.merge") or branch)

    def fetch_branch(self, remote: Upstream) -> str | None:
        """The commit that the remote branch is at, fetched; None where there is no such branch yet."""
        kept = f"refs/remotes/{remote.name}/{remote.branch.removeprefix('refs/heads/')}"
        if self._remote_commit(remote) is None:
            return None
        try:
            refspec = f"+{remote.branch}:{kept}"
            quietly = ("--quiet", "--no-tags", "--no-write-fetch-head")
            ask(["fetch", *quietly, "--", remote.name, refspec], None, self.folder, _TIMEOUT)
        except GitFailedError as error:
            raise _unreachable(remote, error) from error
        return self.commit_of(kept)

    def push(self, remote: Upstream, commit: str, expected: str | None) -> bool:
        """Push `commit`, made on top of `expected`, to the remote branch; False where another push came first.

        Raises Unavailable where the remote does not answer, or refuses.
        """
        try:
            return self._push(remote, commit)
        except GitFailedError as error:
            if self._remote_commit(remote) != expected:
                return False
            refused = error
        # The branch is where it was: the remote refuses, or another push held its lock and is about to end.
        time.sleep(_LOCK_PAUSE)
        try:
            return self._push(remote, commit)
        except GitFailedError:
            if self._remote_commit(remote) != expected:
                return False
            raise _unreachable(remote, refused) from refused

    def _push(self, remote: Upstream, commit: str) -> bool:
        """Whether this push moved the branch. It does not where the same commit is there: another writer, who
        made the same change in the same second, made the same commit.
        """
        refspec = f"{commit}:{remote.branch}"
        told = ask(["push", "--porcelain", "--", remote.name, refspec], None, self.folder, _TIMEOUT)
        return not any(line.startswith(b"=\t") for line in told.splitlines())

    def _remote_commit(self, remote: Upstream) -> str | None:
        """The commit that the remote branch is at, as the remote says."""
        try:
            told = ask(["ls-remote", "--", remote.name, remote.branch], None, self.folder, _TIMEOUT)
        except GitFailedError as error:
            raise _unreachable(remote, error) from error
        lines = (line.split("\t") for line in told.decode(errors="replace").splitlines())
        return next((commit for commit, name in lines if name == remote.branch), None)

    def join(self, ours: str | None, theirs: str | None) -> str | None:
        """A commit that holds both: one of them, or ours put on top of theirs, commit by commit."""
        if ours is None or theirs is None or ours == theirs:
            return theirs or ours
        fork = self._merge_base(ours, theirs)
        if fork in (ours, theirs):
            return theirs if fork == ours else ours
        base = theirs
        for commit in (
            self._read("rev-list", "--reverse", "--first-parent", f"{theirs}..{ours}").decode().split()
        ):
            base = self._replayed(commit, base)
        return base

    def changed_paths(self, old: str | None, new: str | None) -> list[str]:
        """The files that differ between two commits."""
        if old == new or new is None:
            return []
        if old is None:
            return [entry.path for entry in self.entries(new)]
        listing = self._read("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new)
        return [path for path in listing.decode(errors="surrogateescape").split("\0") if path]

    def _merge_base(self, one: str, other: str) -> str | None:
        try:
            return self._read("merge-base", one, other).decode().strip()
        except GitFailedError:
            return None

    def _replayed(self, commit: str, onto: str) -> str:
        """The change of `commit`, made again on top of `onto` in its author's name; modes and links stay what
        they are. Raises Conflict where both changed a file.
        """
        parent = self.commit_of(f"{commit}^")
        pair = [parent, commit] if parent else ["--root", "--no-commit-id", commit]
        present = {entry.path: (entry.mode, entry.id) for entry in self.entries(onto)}
        lines = []
        for change in parse_changes(
            self._read("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", *pair)
        ):
            before, after = (change.old_mode, change.old_id), (change.mode, change.id)
            if present.get(change.path, _absent(change.id)) not in (before, after):
                raise Conflict(
                    "both-changed",
                    f'"{change.path}" was changed here and at the remote',
                    hint="Bring the two together with git (git pull --rebase), then publish again.",
                )
            lines.append(f"{change.mode} {change.id}\t{change.path}\0")
        message = self._read("log", "-1", "--format=%B", commit)
        who = {**self._identity(), **self._author(commit)}
        return self._commit_tree(onto, "".join(lines).encode(errors="surrogateescape"), message, who)

    def _author(self, commit: str) -> dict[str, str]:
        """Who wrote a commit and when, as git takes it from its environment."""
        told = (
            self._read("log", "-1", "--date=raw", "--format=%an%x00%ae%x00%ad", commit).decode().rstrip("\n")
        )
        return dict(
            zip(("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"), told.split("\0"), strict=True)
        )


def _absent(id_: str) -> tuple[str, str]:
    """What git's listings say of a path that isn't there: mode and id."""
    return "000000", "0" * len(id_)


def _unreachable(remote: Upstream, error: GitFailedError) -> Unavailable:
    return Unavailable(
        "remote-unreachable",
        f'the remote "{remote.name}" did not take part: {error.reason}',
        hint="Nothing was changed here. Check the remote and your access rights, and run the command again.",
    )
