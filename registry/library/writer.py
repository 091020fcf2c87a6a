"""Writing to the library: every change is one commit.

Writers take turns; what they write is built aside, becomes visible with one move of the branch, and only then
reaches the work tree.
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
from registry.git.process import GitFailedError
from registry.git.sharing import SharedWorkspace
from registry.home import exclusive, make_folder, write_atomically
from registry.library.library import Library

_LOCK = "treadle.lock"
_PUSH_TRIES = 30

Changes = Mapping[str, Mapping[str, bytes] | None]
"""Template folders to write, by slug: files by their paths in the folder, None to delete it."""

Prepare = Callable[[str | None], tuple[Changes, str]]
"""The changes to commit on top of a commit, and their message; no changes where there is nothing to do."""

Made = Callable[[str], None]
"""Is told of a commit."""


@contextmanager
def writing(library: Library, purpose: str) -> Iterator[LibraryWriter]:
    """The right to write, alone; makes the repository where there is none. `purpose` is for messages.

    Raises Conflict when another process doesn't finish, or somebody's git is at work there; Invalid when no
    branch is checked out.
    """
    git_folder = _git_folder(library)
    if git_folder is None:
        make_folder(library.folder.parent)
        SharedWorkspace.begin(library.folder)
        git_folder = library.repository.git_folder()
    with exclusive(git_folder / _LOCK, purpose):
        writer = LibraryWriter(library, git_folder, library.head(), library.repository.is_bare())
        writer.recover()
        writer.refuse_company()
        with writer.noted():
            yield writer


def _git_folder(library: Library) -> Path | None:
    try:
        return library.repository.git_folder() if library.folder.is_dir() else None
    except GitFailedError:
        return None


@dataclass(frozen=True, slots=True)
class LibraryWriter:
    """The library while this process alone may write to it.

    While it writes, a note in the git folder says so, and before the branch moves, which folders of the work
    tree will follow: killed in between, the next writer finishes.

    git_folder: where the repository keeps its own files
    head: the commit that readers see, None where there is none; every change stands on it
    bare: there is no work tree
    """

    library: Library
    git_folder: Path
    head: str | None
    bare: bool

    def commit(
        self, changes: Changes, message: str, edited: Collection[str] = (), made: Made = lambda _: None
    ) -> str:
        """Replace whole templates, by slug, with these files (None deletes one), in one commit. Returns it.

        `edited` are slugs whose folders in the work tree hold what is being committed; `made` is told of the commit
        before anybody can see it.
        Raises Conflict for uncommitted changes in the other folders, or when the branch moved under our hands.
        """
        paths = [self.library.path(slug) for slug in changes]
        self._refuse_uncommitted([self.library.path(slug) for slug in changes if slug not in edited])
        commit = self.build(self.head, changes, message)
        made(commit)
        self._advance(commit, paths)
        return commit

    def commit_prepared(
        self, prepare: Prepare, edited: Collection[str] = (), made: Made = lambda _: None
    ) -> str | None:
        """As `commit`, for what is only known on top of the head. Without changes nothing is written; returns the
        head then."""
        changes, message = prepare(self.head)
        return self.commit(changes, message, edited, made) if changes else self.head

    def commit_series(self, series: Sequence[tuple[Changes, str]]) -> str:
        """As `commit`, for several commits in a row (changes and message of each): all of them show at once.

        `series` is not empty. Returns the last one.
        """
        paths = [
            self.library.path(slug) for slug in dict.fromkeys(slug for each, _ in series for slug in each)
        ]
        self._refuse_uncommitted(paths)
        commit = self.head
        for changes, message in series:
            commit = self.build(commit, changes, message)
        assert commit is not None
        self._advance(commit, paths)
        return commit

    def build(self, parent: str | None, changes: Changes, message: str) -> str:
        """Make the commit that `commit` would make, on top of any other; nobody sees it yet."""
        files: dict[str, bytes | None] = {self.library.path(slug): None for slug in changes}
        for slug, content in changes.items():
            files |= {f"{self.library.path(slug)}/{name}": data for name, data in (content or {}).items()}
        return self.library.repository.build(parent, files, message)

    def _advance(self, commit: str, paths: Sequence[str]) -> None:
        """Move the branch to `commit`, and then the work tree at `paths`."""
        repository = self.library.repository
        if not self.bare:
            self._announce(self.head, paths)
        repository.move(repository.branch(), commit, self.head)
        if not self.bare and self._follow(paths):
            self._announce(commit, ())

    def _follow(self, paths: Sequence[str]) -> bool:
        """Let the work tree follow the branch at `paths`, as far as it can: the commit counts, and a work tree that
        cannot hold it (a name too long for this disk, no room) must not keep anybody from publishing or removing."""
        try:
            self.library.repository.refresh(paths)
        except GitFailedError:
            return False
        return True

    def _refuse_uncommitted(self, paths: Sequence[str]) -> None:
        repository = self.library.repository
        changed = [
            path
            for path in (repository.uncommitted(paths) if paths and not self.bare else [])
            if _can_lie_in(repository.folder, path)
        ]
        if changed:
            shown = ", ".join(f'"{path}"' for path in changed[:5]) + (", ..." if len(changed) > 5 else "")
            raise Conflict(
                "uncommitted-changes",
                f'the library "{self.library.folder}" has uncommitted changes: {shown}',
                hint="Commit them or put them aside, and run the command again.",
            )

    def refuse_company(self) -> None:
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
        repository, head = self.library.repository, self.head
        remote = repository.upstream()
        for attempt in range(_PUSH_TRIES):
            theirs = repository.fetch_branch(remote)
            base = repository.join(head, theirs)
            paths = repository.changed_paths(head, base)
            keep = tuple(f"{self.library.path(slug)}/" for slug in edited)
            self._refuse_uncommitted([path for path in paths if not path.startswith(keep)])
            changes, message = prepare(base)
            commit = self.build(base, changes, message) if changes else base
            if changes and commit is not None:
                made(commit)
            if commit is None or commit == theirs or repository.push(remote, commit):
                if commit is not None and commit != head:
                    self._advance(commit, [*paths, *(self.library.path(slug) for slug in changes)])
                return commit
            time.sleep(random.uniform(0, 0.1 * 2 ** min(attempt, 5)))  # noqa: S311 - only to get out of step
        raise Conflict(
            "push-race", f'"{remote.name}" keeps changing; tried {_PUSH_TRIES} times', hint="Try again."
        )

    # --- a work tree that a killed process left behind

    @property
    def _note(self) -> Path:
        return self.git_folder / "treadle-writing.json"

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Leave a note for who comes after a kill, until the end of the block."""
        self._announce(self.head, ())
        try:
            yield
        finally:
            # Where folders of the work tree wait to follow the branch, the next writer has to know.
            note = json.loads(self._note.read_bytes())
            if not note["paths"] or self.library.head() == note["parent"]:
                self._note.unlink()

    def _announce(self, parent: str | None, paths: Sequence[str]) -> None:
        write_atomically(self._note, json.dumps({"parent": parent, "paths": list(paths)}).encode())

    def recover(self) -> None:
        """Finish what a killed process began: lock files that its git left go, and where the branch moved and the
        work tree did not, it follows.

        Only folders that are still as they were before that change; what somebody edited since stays.
        """
        if not self._note.is_file():
            return
        note = json.loads(self._note.read_bytes())
        head, repository = self.head, self.library.repository
        for stale in (*self.git_folder.glob("*.lock"), *self.git_folder.glob("refs/**/*.lock")):
            if stale.name != _LOCK:
                stale.unlink()
        if head is not None and head != note["parent"]:
            commits = [commit for commit in (note["parent"], head) if commit]
            self._follow(repository.untouched(note["paths"], commits))
        self._note.unlink(missing_ok=True)


def _can_lie_in(folder: Path, path: str) -> bool:
    """Whether the file system can hold a name at all; where it cannot, the file is missing, not deleted by anybody."""
    try:
        (folder / path).lstat()
    except OSError as error:
        return error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ)
    return True
