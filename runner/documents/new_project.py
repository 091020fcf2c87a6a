"""The files of a new project: small, commented, and complete enough to run at once."""

from __future__ import annotations

from pathlib import Path

from registry.errors import Conflict
from registry.home import not_written
from registry.project.project_file import PROJECT_FILE
from registry.text.skeleton import fill

PROCESS_FILE = "deploy.yaml"
_SKELETON = Path(__file__).parent / "skeleton"


def start_project(folder: Path, *, dry_run: bool = False) -> list[Path]:
    """Write the files of a new project, or with `dry_run` only look whether that can be; return their paths. A
    process that is there already (from a share bundle, say) stays, and gets its project.

    Raises Conflict, before anything is written, if there is a project; Unavailable where it cannot be written.
    """
    files = {
        folder / name: fill(_SKELETON / f"{name}.j2", process=Path(PROCESS_FILE).stem)
        for name in (PROJECT_FILE, PROCESS_FILE)
    }
    there = [path for path in files if path.exists() or path.is_symlink()]
    files = {path: content for path, content in files.items() if path not in there}
    # A link that leads nowhere is not a process to keep.
    taken = [path for path in there if path.name == PROJECT_FILE or not path.exists()]
    if taken:
        raise Conflict(
            "project-exists",
            f'"{folder}" has a {taken[0].name} already',
            hint="Nothing was written. Start in another folder: `treadle init DIR`.",
        )
    if dry_run:
        return list(files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            with path.open("xb") as file:
                file.write(content)
    except OSError as error:
        raise not_written(folder, error) from error
    return list(files)
