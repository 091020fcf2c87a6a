"""A clone to prepare a contribution in: made from a mirror, without asking the remote."""

from __future__ import annotations

from pathlib import Path

from registry.git.workspace import Workspace


def clone_from_mirror(mirror: Path, ref: str, url: str, branch: str, folder: Path, work: str) -> Workspace:
    """A clone in `folder` of what the mirror holds at `ref`, on the new branch `work`.

    `url` and `branch` are what its remote `origin` is called and follows. Raises GitFailedError.
    """
    clone = ClonedWorkspace(Workspace.create(folder, bare=False).folder)
    tracked = f"refs/remotes/origin/{branch}"
    clone.fetch(str(mirror), f"+{ref}:{tracked}")
    clone.set_up(url, tracked, work)
    return clone


class ClonedWorkspace(Workspace):
    """A workspace that has just been filled."""

    def set_up(self, url: str, tracked: str, work: str) -> None:
        self._write("remote", "add", "origin", url)
        self._write("checkout", "--quiet", "--no-track", "-b", work, tracked)
