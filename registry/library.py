"""The library: the team's own repository of template folders. Every change is one commit.

Readers read its HEAD commit, never the work tree, so nobody sees half a change.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from registry.git import Repository


@dataclass(frozen=True, slots=True)
class Library:
    """`folder` is where the templates lie; it may be a folder inside of a larger repository, at `prefix`."""

    folder: Path
    repository: Repository
    prefix: str

    @classmethod
    def at(cls, folder: Path) -> Library:
        """The library in `folder`, whether it exists already or not."""
        folder = folder.resolve()
        root = Repository(folder).root() if folder.is_dir() else None
        if root is None:
            return cls(folder, Repository(folder), "")
        prefix = folder.relative_to(root.resolve()).as_posix()
        return cls(folder, Repository(root), "" if prefix == "." else prefix)

    @property
    def index_key(self) -> str:
        return f"library-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    @property
    def exists(self) -> bool:
        """Whether there is a repository. The first change makes it."""
        return self.folder.is_dir() and self.repository.exists()

    def head(self) -> str | None:
        """The commit that readers see; None for a library without one."""
        return self.repository.commit_of("HEAD") if self.folder.is_dir() else None
