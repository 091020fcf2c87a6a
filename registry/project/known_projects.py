"""The projects of a user: every folder with a treadle.yaml that this home was ever used from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from registry.home import Home, write_private
from registry.project.project_file import PROJECT_FILE, ProjectSettings


def remember_project(home: Home, project: ProjectSettings) -> None:
    """Note where a project is, so that `usage` finds it again from elsewhere."""
    note = _notes(home) / hashlib.sha256(str(project.folder).encode()).hexdigest()[:16]
    if not note.exists():
        write_private(note, f"{project.folder}\n".encode())


def known_projects(home: Home) -> Iterator[Path]:
    """The folders of projects that are still there, in order."""
    notes = sorted(_notes(home).glob("*")) if _notes(home).is_dir() else []
    folders = {Path(note.read_text(encoding="utf-8").rstrip("\n")) for note in notes}
    return (folder for folder in sorted(folders) if (folder / PROJECT_FILE).is_file())


def _notes(home: Home) -> Path:
    return home.path / "projects"
