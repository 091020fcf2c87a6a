"""The projects of a user: every folder with a treadle.yaml that this home was ever used from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from registry.errors import Unavailable
from registry.home import Home, write_private
from registry.project.project_file import PROJECT_FILE, ProjectSettings


def remember_project(home: Home, project: ProjectSettings) -> None:
    """Note where a project is, so that `usage` finds it again from elsewhere; a home that cannot be written
    keeps no notes."""
    folder = os.fsencode(project.folder)
    note = _notes(home) / hashlib.sha256(folder).hexdigest()[:16]
    with suppress(Unavailable, OSError):
        if not note.exists():
            write_private(note, folder + b"\n")


def known_projects(home: Home) -> Iterator[Path]:
    """The folders of projects that are still there, in order."""
    notes = sorted(_notes(home).glob("*")) if _notes(home).is_dir() else []
    folders = {Path(os.fsdecode(note.read_bytes().rstrip(b"\n"))) for note in notes}
    return (folder for folder in sorted(folders) if (folder / PROJECT_FILE).is_file())


def _notes(home: Home) -> Path:
    return home.path / "projects"
