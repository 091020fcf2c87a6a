"""New template folders: from a skeleton that runs at once, or from a copy of an existing template."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.errors import Conflict
from registry.home import write_atomically
from registry.resources import builtin_templates
from registry.template.document import TemplateDocument, to_folder
from registry.template.folder_format import SCRIPT_SUFFIXES
from registry.template.octopus import EXTENSION_KEY, to_template
from registry.template.portable import check_slug
from registry.text.skeleton import fill

_SKELETON = Path(__file__).parent / "skeleton"
_SYNTAXES: Mapping[str, str] = {"bash": "Bash", "python": "Python", "powershell": "PowerShell"}
_NOT_COPIED = ("CommunityActionTemplateId", "HistoryUrl", "Website", "SpaceId")

NewId = Callable[[], str]


def new_template(
    slug: str, syntax: str, name: str | None = None, new_id: NewId = lambda: str(uuid.uuid4())
) -> dict[str, bytes]:
    """The files of a new template in `syntax` (bash, python, powershell) that says a message.

    Raises Invalid for a slug that cannot be one.
    """
    check_slug(slug)
    words = slug.replace("_", "-").replace(".", "-").split("-")
    written = _SYNTAXES[syntax]
    file = f"script{SCRIPT_SUFFIXES[written]}"
    values = {
        "slug": slug,
        "name": name or _name_of(words),
        "prefix": "".join(word.capitalize() for word in words),
        "syntax": written,
        "file": file,
        "id": new_id(),
        "parameter_id": new_id(),
    }
    texts = {
        "template.yaml": "template.yaml",
        file: file,
        "README.md": "README.md",
        "tests/says.yaml": "test.yaml",
    }
    files = {path: fill(_SKELETON / f"{skeleton}.j2", **values) for path, skeleton in texts.items()}
    return {**files, "logo.png": (builtin_templates() / "run-a-script" / "logo.png").read_bytes()}


def _name_of(words: Sequence[str]) -> str:
    """A name of the form "Subject - Verb and object" for a template that says a message."""
    subject, what = words[0].capitalize(), " ".join(words[1:]).capitalize()
    return f"{subject} - {what or 'Say a message'}"


def copied_template(
    slug: str, name: str | None, document: TemplateDocument, new_id: NewId = lambda: str(uuid.uuid4())
) -> dict[str, bytes]:
    """The files of a new template that begins as a copy: with ids of its own, at version 1.

    Raises Invalid for a slug that cannot be one.
    """
    check_slug(slug)
    value: dict[str, Any] = {key: item for key, item in document.value.items() if key not in _NOT_COPIED}
    value |= {"Id": new_id(), "Version": 1, "Name": name or f"{document.template.name} ({slug})"}
    value["Parameters"] = [
        {**parameter, "Id": new_id()} if parameter.get("Id") else parameter
        for parameter in value["Parameters"]
    ]
    extension = {key: item for key, item in value.get(EXTENSION_KEY, {}).items() if key != "Deprecated"}
    if EXTENSION_KEY in value:
        value[EXTENSION_KEY] = extension
    copy = replace(document, value=value, template=to_template(value, slug))
    return to_folder(copy)


def write_new(folder: Path, files: Mapping[str, bytes], *, dry_run: bool = False) -> None:
    """Write a new template folder. Raises Conflict where something is there already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(
            "folder-exists", f'"{folder}" exists already', "Choose another slug, or another folder with -o."
        )
    if dry_run:
        return
    for name, content in files.items():
        write_atomically(folder / name, content)
