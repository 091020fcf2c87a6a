"""The templates that ship with Treadle: folders beside the code, no git."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.git.objects import tree_id

if TYPE_CHECKING:
    from registry.template.document import TemplateDocument

_TEMPLATE_FILE = "template.yaml"


@dataclass(frozen=True, slots=True)
class BuiltinTemplate:
    """`id` is the tree that git would make of the folder: the same wherever Treadle is installed."""

    slug: str
    id: str
    document: TemplateDocument


def fingerprint(folder: Path) -> str:
    """Changes whenever a file below `folder` does; costs a look at each file's dates, not at its bytes."""
    found = hashlib.sha256(str(folder).encode())
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        found.update(f"{path.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return found.hexdigest()


def read_builtin(folder: Path, slug: str) -> BuiltinTemplate:
    """One built-in template. Raises Invalid where it cannot be read: a defect of ours."""
    from registry.template.document import read_folder

    files = builtin_files(folder, slug)
    return BuiltinTemplate(slug, tree_id(files), read_folder(files, slug))


def builtin_files(folder: Path, slug: str) -> dict[str, bytes]:
    """The files of one built-in template, by their paths in its folder."""
    root = folder / slug
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def builtin_slugs(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob(f"*/{_TEMPLATE_FILE}"))
