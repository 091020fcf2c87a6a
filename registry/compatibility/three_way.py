"""Three template folders become one: ours with what theirs changed since the base of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.git.command import merge_texts
from registry.template.folder_format import TEMPLATE_FILE
from registry.text.yaml_edit import set_number

Files = Mapping[str, bytes]
"""Files of a template folder by their paths in it."""


@dataclass(frozen=True, slots=True)
class MergedFiles:
    """`conflicts` are the files that both sides changed in the same place: marked in a text; of anything else,
    ours is kept."""

    files: Files
    conflicts: tuple[str, ...]


def merge_folders(
    base: Files, ours: Files, theirs: Files, names: tuple[str, str, str], version: int
) -> MergedFiles:
    """Our folder with their changes. Version numbers differ by nature: the result has `version`.

    `names` are what conflict markers call ours, the base and theirs.
    """
    sides = [numbered(side, version) for side in (base, ours, theirs)]
    files: dict[str, bytes] = {}
    conflicts = []
    for path in sorted({path for side in sides for path in side}):
        content, clean = _merged(*(side.get(path) for side in sides), names=names)
        if content is not None:
            files[path] = content
        if not clean:
            conflicts.append(path)
    return MergedFiles(files, tuple(conflicts))


def numbered(files: Files, version: int) -> Files:
    """The folder with this version in its template.yaml; every other byte stays."""
    text = files[TEMPLATE_FILE].decode("utf-8-sig")
    return {**files, TEMPLATE_FILE: set_number(text, "version", version).encode()}


def _merged(
    base: bytes | None, ours: bytes | None, theirs: bytes | None, *, names: tuple[str, str, str]
) -> tuple[bytes | None, bool]:
    """The merged content of one file (None: it is gone), and whether there was no conflict."""
    if ours == theirs or theirs == base:
        return ours, True
    if ours == base:
        return theirs, True
    if ours is None or theirs is None:
        return ours if ours is not None else theirs, False
    return merge_texts(base or b"", ours, theirs, names)
