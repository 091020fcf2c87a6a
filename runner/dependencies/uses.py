"""Which steps of a project's processes use which templates.

Read from the documents themselves, not from compiled processes: what edits them needs the places.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import Invalid
from registry.model import Reference
from registry.project.process_file import SUFFIXES as PROCESS_SUFFIXES
from registry.project.project_file import PROJECT_FILE
from registry.text.document import decode_utf8
from registry.text.yaml_document import YamlDocument, load_yaml
from runner.documents import text
from runner.documents.loading import label_of

_STEPS = re.compile(rb"^\s*[\"']?steps[\"']?\s*:", re.MULTILINE)


StepPlace = tuple[Path, tuple[str | int, ...]]
"""A file, and where in it."""


@dataclass(frozen=True, slots=True)
class StepUse:
    """A step, or an action of one, that uses a template.

    `label` is how people call the file, `path` where in it the step is, `values` what it gives to parameters.
    """

    file: Path
    label: str
    path: tuple[str | int, ...]
    step: str
    reference: Reference
    values: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def place(self) -> StepPlace:
        return self.file, self.path


def find_uses(folder: Path, directory: Path, leave_out: Collection[Path] = ()) -> list[StepUse]:
    """The uses in every process file below `folder`, hidden folders and those of `leave_out` aside.

    `directory` is where the user works. Raises Invalid for a process file that can't be read.
    """
    return [use for file in process_files(folder, leave_out) for use in _uses_in(file, directory)]


def process_files(folder: Path, leave_out: Collection[Path] = ()) -> Iterator[Path]:
    """The YAML files below `folder` that may hold a process."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(root, name) not in leave_out
        )
        for name in sorted(names):
            path = Path(root, name)
            if path.suffix in PROCESS_SUFFIXES and name != PROJECT_FILE and _STEPS.search(_content(path)):
                yield path


def _content(path: Path) -> bytes:
    """The bytes of a file; none of a link that leads nowhere."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise Invalid("file-unreadable", f'"{path}" can not be read: {error.strerror}') from error


def _uses_in(file: Path, directory: Path) -> Iterator[StepUse]:
    label = label_of(file, directory)
    document: YamlDocument = load_yaml(decode_utf8(file.read_bytes(), label), label)
    steps = document.value.get("steps") if isinstance(document.value, dict) else None
    for place, step in enumerate(steps if isinstance(steps, list) else []):
        if isinstance(step, dict):
            yield from _uses_of(step, file, label, ("steps", place), str(step.get("name", place + 1)))


def _uses_of(
    raw: Mapping[str, Any], file: Path, label: str, path: tuple[str | int, ...], name: str
) -> Iterator[StepUse]:
    if isinstance(raw.get("uses"), str):
        given = raw.get("with")
        values = {key: text(value) for key, value in given.items()} if isinstance(given, dict) else {}
        yield StepUse(file, label, path, name, _reference(raw["uses"], label, name), values)
    actions = raw.get("actions")
    for place, action in enumerate(actions if isinstance(actions, list) else []):
        if isinstance(action, dict):
            inner = f"{name} / {action.get('name', place + 1)}"
            yield from _uses_of(action, file, label, (*path, "actions", place), inner)


def _reference(written: str, label: str, step: str) -> Reference:
    try:
        return Reference.parse(written)
    except ValueError as error:
        hint = f"Run: treadle validate {label}"
        raise Invalid("bad-reference", f'{label}: step "{step}": {error}', hint) from error
