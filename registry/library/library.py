"""The library: the team's own repository of template folders. Every change is one commit.

Readers read its HEAD commit, never the work tree, so nobody sees half a change; `registry.library.writer` makes
the changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Conflict
from registry.git.command import GitFailedError
from registry.git.objects import SUBMODULE_MODE
from registry.git.repository import Repository
from registry.home import library_key, nearest_folder, real_path
from registry.library.origin import Origin, read_origins

HEADS_WHILE_WRITING: dict[Path, Callable[[], str | None]] = {}
"""Who to ask for the head of a repository that this process alone may write to now, by the repository's folder."""


@dataclass(frozen=True, slots=True)
class Library:
    """`folder` is where the templates lie; it may be a folder inside of a larger repository, at `prefix`."""

    folder: Path
    repository: Repository
    prefix: str

    @classmethod
    def at(cls, folder: Path, *, alone: bool = False) -> Library:
        """The library in `folder`, whether it exists already or not.

        Inside of a work tree it is a folder of that repository, unless that ignores it; `alone` makes it one of its
        own in any case.
        """
        folder = real_path(folder)
        root = None if alone and not (folder / ".git").exists() else Repository(nearest_folder(folder)).root()
        if root is None or (not folder.is_dir() and _is_ignored(root, folder)):
            return cls(folder, Repository(folder), "")
        prefix = folder.relative_to(root).as_posix()
        return cls(folder, Repository(root), "" if prefix == "." else prefix)

    def refuse_missing_checkout(self) -> None:
        """Raises Conflict where the folder belongs to a repository of its own that is not checked out here."""
        head = self.head()
        if head is None or not self.prefix or (self.folder.is_dir() and any(self.folder.iterdir())):
            return
        if self.repository.mode_of(head, self.prefix) == SUBMODULE_MODE:
            known = (self.repository.folder / ".gitmodules").is_file()
            other = (
                "Clone the library there, or make it a folder of this repository: "
                f"`git rm --cached {self.prefix}`."
            )
            raise Conflict(
                "library-not-checked-out",
                f'the library "{self.folder}" is a repository of its own, and not checked out',
                hint=f"Run `git submodule update --init {self.prefix}`." if known else other,
            )

    def as_committed(self, slug: str, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """The files of a template's folder in the work tree with the line ends that git would store.

        Where git's settings or attributes convert them on the way out, they do so on the way in, unless the content
        has them by itself.
        """
        names = [name for name, content in files.items() if b"\r\n" in content]
        held = dict(self.repository.blobs([f"HEAD:{self.path(slug)}/{name}" for name in names]))
        names = [name for name in names if b"\r\n" not in held.get(f"HEAD:{self.path(slug)}/{name}", b"")]
        from registry.git.workspace import stored_contents

        stored = stored_contents(self.repository, [f"{self.path(slug)}/{name}" for name in names])
        plain = {name: files[name].replace(b"\r\n", b"\n") for name in names}
        return {
            **files,
            **{name: plain[name] for name in names if stored[f"{self.path(slug)}/{name}"] == plain[name]},
        }

    @property
    def index_key(self) -> str:
        return library_key(self.folder)

    def head(self) -> str | None:
        """The commit that readers see; None for a library without one."""
        known = HEADS_WHILE_WRITING.get(self.repository.folder)
        if known is not None:
            return known()
        return self.repository.commit_of("HEAD") if self.repository.folder.is_dir() else None

    def changed_files(self) -> list[str]:
        """Files of the work tree that differ from the head, new ones included; none in a bare repository."""
        if self.head() is None or self.repository.is_bare():
            return []
        from registry.git.workspace import uncommitted

        return uncommitted(self.repository, [self.prefix or "."])

    def path(self, slug: str) -> str:
        """Where a template lies in the repository."""
        return f"{self.prefix}/{slug}" if self.prefix else slug

    def origin(self, slug: str, commit: str | None = None) -> Origin | None:
        """Where the template was imported from last, as of a commit (the head, if none is given); None for one
        that was written here."""
        until = commit or self.head()
        if until is None:
            return None
        messages = self.repository.messages(until, self.path(slug))
        return next(
            (origin for message in messages for origin in read_origins(message) if origin.template == slug),
            None,
        )


def _is_ignored(root: Path, folder: Path) -> bool:
    takes_no_magic = {"GIT_LITERAL_PATHSPECS": "0"}
    try:
        asked = ("check-ignore", "--", f"{folder}/")
        return bool(Repository(root).run(*asked, as_user=True, extra=takes_no_magic))
    except GitFailedError:
        return False
