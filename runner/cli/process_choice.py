"""Which process a command is about: a name, and the file that it means."""

from __future__ import annotations

from pathlib import Path

from registry.cli.context import Context


def process_folders(context: Context) -> list[Path]:
    """Where a process may lie: where the user works, else beside the project file."""
    project = context.project()
    return [context.directory, *([project.folder] if project else [])]


def process_path(context: Context, name: str) -> Path:
    """The file of the process that a user calls `name`. Raises NotFound, Invalid."""
    from runner.documents import find_process

    return find_process(name, process_folders(context))
