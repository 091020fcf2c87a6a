"""The library: the team's own repository of template folders. Every change is one commit.

Readers read its HEAD commit, never the work tree, so nobody sees half a change; `registry.library.writer` makes
the changes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from registry.git.sharing import SharedWorkspace
from registry.library.origin import Origin, read_origins


@dataclass(frozen=True, slots=True)
class Library:
    """`folder` is where the templates lie; it may be a folder inside of a larger repository, at `prefix`."""

    folder: Path
    repository: SharedWorkspace
    prefix: str

    @classmethod
    def at(cls, folder: Path) -> Library:
        """The library in `folder`, whether it exists already or not."""
        folder = folder.resolve()
        root = SharedWorkspace(folder).root() if folder.is_dir() else None
        if root is None:
            return cls(folder, SharedWorkspace(folder), "")
        prefix = folder.relative_to(root.resolve()).as_posix()
        return cls(folder, SharedWorkspace(root), "" if prefix == "." else prefix)

    @property
    def index_key(self) -> str:
        return f"library-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    def head(self) -> str | None:
        """The commit that readers see; None for a library without one."""
        return self.repository.commit_of("HEAD") if self.folder.is_dir() else None

    def changed_files(self) -> list[str]:
        """Files of the work tree that differ from the head, new ones included; none in a bare repository."""
        if self.head() is None or self.repository.is_bare():
            return []
        return self.repository.uncommitted([self.prefix or "."])

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
