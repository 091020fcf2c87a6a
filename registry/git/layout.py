"""Where repositories lie: found once for each folder, as it is asked again and again, and each answer is a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a repository lies.

    `root` is the root of its work tree, None where it has none; `git_folder` is where it keeps its own files.
    """

    root: Path | None
    git_folder: Path


_FOUND: dict[Path, Layout] = {}


def known_layout(folder: Path) -> Layout | None:
    """What was found for a folder, unless somebody removed the repository since, or began another one right there."""
    known = _FOUND.get(folder)
    if known is None or not known.git_folder.is_dir():
        return None
    return known if (folder / ".git").exists() == (known.root == folder) else None


def remember_layout(folder: Path, layout: Layout) -> Layout:
    _FOUND[folder] = layout
    return layout


def is_outside(folder: Path) -> bool:
    """Whether there is nothing here or above that git could take for a repository."""
    return not any(
        (place / name).exists() for place in (folder, *folder.parents) for name in (".git", "HEAD")
    )
