"""Writing to the library: every change is one commit.

Writers take turns; what they write is built aside, on top of what the remote has where it is shared, becomes visible
with one move of the branch, and only then reaches the work tree.
"""

from __future__ import annotations

import errno
import json
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Conflict
from registry.git.command import GitFailedError
from registry.git.commit import create_commit, rebase_onto
from registry.git.push import Upstream, fetch_branch, follow, push, upstream
from registry.git.repository import Repository, Tip, detached
from registry.git.settings import GitSettings, read_git_settings
from registry.git.workspace import (
    checkout_paths,
    first_branch,
    init,
    read_status,
    uncommitted,
    unedited_paths,
    update_branch,
)
from registry.home import exclusive, make_folder, nearest_folder, write_private
from registry.library.library import HEADS_WHILE_WRITING, Library

_LOCK = "treadle.lock"
_PUSH_TRIES = 30
_NOWHERE = Tip(None, None)

Changes = Mapping[str, Mapping[str, bytes] | None]
"""Template folders to write, by slug: files by their paths in the folder, None to delete it."""


Prepare = Callable[[str | None], tuple[Changes, str]]
"""The changes to commit on top of a commit, and their message; no changes where there is nothing to do."""

Made = Callable[[str], None]
"""Is called with a commit before anybody can see it."""


@contextmanager
def writing(library: Library, purpose: str) -> Iterator[LibraryWriter]:
    """The right to write, alone; makes the repository where there is none. `purpose` is for messages.

    Raises Conflict when another process doesn't finish, or somebody's git is at work there; Invalid when no branch is
    checked out.
    """
    library.refuse_missing_checkout()
    repository = library.repository
    layout = repository.layout() if repository.folder.is_dir() else None
    settings = read_git_settings(repository if layout else Repository(nearest_folder(library.folder)))
    if layout is None:
        make_folder(library.folder.parent)
        init(library.folder, settings)
    git_folder = repository.git_folder()
    with exclusive(git_folder / _LOCK, purpose):
        writer = LibraryWriter(library, git_folder, settings)
        writer.begin(just_made=layout is None)
        HEADS_WHILE_WRITING[repository.folder] = lambda: writer.tip.commit
        try:
            with writer.journaled():
                yield writer
        finally:
            del HEADS_WHILE_WRITING[repository.folder]


@dataclass(frozen=True, slots=True)
class _Meeting:
    """The remote branch and ours brought together.

    `theirs` is the commit of the remote branch, `base` the one that holds both, `paths` are the files that differ
    between our branch and that.
    """

    theirs: str | None
    base: str | None
    paths: Sequence[str]


@dataclass(slots=True)
class LibraryWriter:
    """The library while this process alone may write to it.

    `tip` is where its branch is, `changed` the files of its work tree that differ from that.

    While it writes, a note in the git folder says so, and before the branch moves, which folders of the work
    tree will follow: killed in between, the next writer finishes.
    """

    library: Library
    git_folder: Path
    settings: GitSettings
    tip: Tip = _NOWHERE
    changed: tuple[str, ...] = ()

    def begin(self, *, just_made: bool) -> None:
        """Look where the library is, finish what a killed process left, and see whether there is company."""
        if just_made and not any((self.git_folder / "objects").glob("[0-9a-f][0-9a-f]")):
            self.tip = Tip(f"refs/heads/{first_branch(self.settings)}", None)
        else:
            self._look()
        if self.recover():
            self._look()
        self.refuse_concurrent_git()

    def _look(self) -> None:
        repository = self.library.repository
        if repository.is_bare():
            self.tip = repository.tip()
        else:
            status = read_status(repository, [self.library.prefix or "."])
            self.tip, self.changed = status.tip, status.changed

    def commit(
        self, changes: Changes, message: str, edited: Collection[str] = (), made: Made = lambda _: None
    ) -> str:
        """Replace whole templates, by slug, with these files (None deletes one), in one commit. Returns it.

        `edited` are slugs whose folders in the work tree hold what is being committed.
        Raises Conflict for uncommitted changes in the other folders, or when the branch moved under our hands.
        """
        head = self.tip.commit
        paths = [self.library.path(slug) for slug in changes]
        self._refuse_uncommitted([self.library.path(slug) for slug in changes if slug not in edited])
        commit = self.build(head, changes, message)
        made(commit)
        self._advance(head, commit, paths)
        return commit

    def commit_prepared(
        self, prepare: Prepare, edited: Collection[str] = (), made: Made = lambda _: None
    ) -> str | None:
        """As `commit`, for what is only known on top of the head. Without changes nothing is written; returns the
        head then."""
        changes, message = prepare(self.tip.commit)
        return self.commit(changes, message, edited, made) if changes else self.tip.commit

    def commit_series(self, series: Sequence[tuple[Changes, str]]) -> str:
        """As `commit`, for several commits in a row (changes and message of each): all of them show at once.

        `series` is not empty. Returns the last one.
        """
        head = self.tip.commit
        paths = [
            self.library.path(slug) for slug in dict.fromkeys(slug for each, _ in series for slug in each)
        ]
        self._refuse_uncommitted(paths)
        commit = head
        for changes, message in series:
            commit = self.build(commit, changes, message)
        assert commit is not None
        self._advance(head, commit, paths)
        return commit

    def build(self, parent: str | None, changes: Changes, message: str) -> str:
        """Make the commit that `commit` would make, on top of any other; nobody sees it yet."""
        files: dict[str, bytes | None] = {self.library.path(slug): None for slug in changes}
        for slug, content in changes.items():
            files |= {f"{self.library.path(slug)}/{name}": data for name, data in (content or {}).items()}
        return create_commit(self.library.repository, self.settings, parent, files, message)

    def _advance(self, head: str | None, commit: str, paths: Sequence[str]) -> None:
        """Move the branch from `head` to `commit`, and then the work tree at `paths`."""
        repository, branch = self.library.repository, self.tip.branch
        if branch is None:
            raise detached(repository.folder)
        bare = repository.is_bare()
        if not bare:
            self._write_journal(head, paths)
        update_branch(repository, branch, commit, head)
        self.tip = Tip(branch, commit)
        if not bare and self._follow(paths):
            self._write_journal(commit, ())

    def _follow(self, paths: Sequence[str]) -> bool:
        """Let the work tree follow the branch at `paths`, as far as it can: the commit counts, and a work tree that
        cannot hold it (a name too long for this disk, no room) must not keep anybody from publishing or removing."""
        try:
            checkout_paths(self.library.repository, paths)
        except GitFailedError:
            return False
        return True

    def _refuse_uncommitted(self, paths: Sequence[str]) -> None:
        """Raises Conflict for what `changed` says of these files and folders."""
        folders = tuple(f"{path}/" for path in paths)
        self._refuse([path for path in self.changed if path in paths or path.startswith(folders)])

    def _refuse(self, changed: Sequence[str]) -> None:
        changed = [path for path in changed if _can_lie_in(self.library.repository.folder, path)]
        if changed and self.tip.commit:
            shown = ", ".join(f'"{path}"' for path in changed[:5]) + (", ..." if len(changed) > 5 else "")
            raise Conflict(
                "uncommitted-changes",
                f'the library "{self.library.folder}" has uncommitted changes: {shown}',
                hint="Commit them or put them aside, and run the command again.",
            )

    def refuse_concurrent_git(self) -> None:
        """Raises Conflict while another git, an open `git commit` say, holds the work tree."""
        lock = self.git_folder / "index.lock"
        if lock.exists():
            raise Conflict(
                "library-busy",
                f'another git is at work in the library "{self.library.folder}"',
                hint=f'Finish what it does. If none runs any more, delete "{lock}".',
            )

    # --- sharing with a remote

    def commit_and_push(
        self, prepare: Prepare, edited: Collection[str], made: Made = lambda _: None
    ) -> str | None:
        """As `commit`, on top of what the remote branch holds now, and push it there.

        `prepare` gives changes and message for the commit they will stand on; it is asked again when another
        writer was faster. The branch here moves only after the remote took the commit; commits here that the
        remote does not have go along, also where there are no changes to commit. Returns the commit.

        Raises Conflict where the same template was changed on both sides, or uncommitted changes are in the
        way; Unavailable where the remote does not answer, or refuses.
        """
        repository, remote = self.library.repository, upstream(self.library.repository, self.settings)
        keep = tuple(f"{self.library.path(slug)}/" for slug in edited)
        for attempt in range(_PUSH_TRIES):
            meeting = self._meet(remote, keep)
            changes, message = prepare(meeting.base)
            commit = self.build(meeting.base, changes, message) if changes else meeting.base
            if changes and commit is not None:
                made(commit)
            if commit is None:
                return None
            if commit == meeting.theirs or push(repository, remote, commit, meeting.theirs):
                if commit != self.tip.commit:
                    self._advance(
                        self.tip.commit,
                        commit,
                        [*meeting.paths, *(self.library.path(slug) for slug in changes)],
                    )
                self._set_upstream(remote)
                return commit
            _wait_a_little(attempt)
        raise _push_race(remote)

    def pull(self) -> bool:
        """Bring the branch here up to what the remote has, with commits of ours on top. Returns whether there are
        such commits, which the remote does not have.

        Raises NotFound where there is no remote, and as `commit_and_push`.
        """
        meeting = self._meet(upstream(self.library.repository, self.settings))
        if meeting.base is not None and meeting.base != self.tip.commit:
            self._advance(self.tip.commit, meeting.base, meeting.paths)
        return meeting.base != meeting.theirs

    def _meet(self, remote: Upstream, keep: tuple[str, ...] = ()) -> _Meeting:
        """Fetch, and put what is new here on top. Files below the folders `keep` may have uncommitted changes."""
        repository, head = self.library.repository, self.tip.commit
        theirs = fetch_branch(repository, remote)
        base = rebase_onto(repository, self.settings, head, theirs)
        paths = repository.changed_paths(head, base)
        followed = [path for path in paths if not path.startswith(keep)]
        self._refuse(uncommitted(repository, followed) if followed and not repository.is_bare() else [])
        return _Meeting(theirs, base, paths)

    def _set_upstream(self, remote: Upstream) -> None:
        """A branch that follows none follows the remote's, from its first push on."""
        if not remote.followed and self.tip.branch is not None:
            follow(self.library.repository, self.tip.branch, remote)

    # --- a work tree that a killed process left behind

    @property
    def _note(self) -> Path:
        return self.git_folder / "treadle-writing.json"

    @contextmanager
    def journaled(self) -> Iterator[None]:
        """Leave a note for who comes after a kill, until the end of the block."""
        self._write_journal(self.tip.commit, ())
        try:
            yield
        finally:
            # Where folders of the work tree wait to follow the branch, the next writer has to know.
            note = json.loads(self._note.read_bytes())
            if not note["paths"] or self.tip.commit == note["parent"]:
                self._note.unlink()

    def _write_journal(self, parent: str | None, paths: Sequence[str]) -> None:
        write_private(self._note, json.dumps({"parent": parent, "paths": list(paths)}).encode())

    def recover(self) -> bool:
        """Finish what a killed process began: lock files that its git left go, and where the branch moved and the
        work tree did not, it follows. Returns whether there was anything to finish.

        Only folders that are still as they were before that change; what somebody edited since stays.
        """
        if not self._note.is_file():
            return False
        note = json.loads(self._note.read_bytes())
        head, repository = self.tip.commit, self.library.repository
        for stale in (*self.git_folder.glob("*.lock"), *self.git_folder.glob("refs/**/*.lock")):
            if stale.name != _LOCK:
                stale.unlink()
        if head is not None and head != note["parent"]:
            commits = [commit for commit in (note["parent"], head) if commit]
            self._follow(unedited_paths(repository, note["paths"], commits))
        self._note.unlink(missing_ok=True)
        return True


def _can_lie_in(folder: Path, path: str) -> bool:
    """Whether the file system can hold a name at all; where it cannot, the file is missing, not deleted by anybody."""
    try:
        (folder / path).lstat()
    except OSError as error:
        return error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ)
    return True


def _wait_a_little(attempt: int) -> None:
    time.sleep(random.uniform(0, 0.1 * 2 ** min(attempt, 5)))  # noqa: S311 - only to get out of step


def _push_race(remote: Upstream) -> Conflict:
    return Conflict(
        "push-race", f'"{remote.name}" keeps changing; tried {_PUSH_TRIES} times', hint="Try again."
    )
