"""Process files, as far as the registry has to know them: which files they are, and which templates they use."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import Invalid, UserError
from registry.model import Problem, Reference
from registry.project.project_file import PROJECT_FILE
from registry.text.document import KeyPath, decode_utf8
from registry.text.yaml_document import YamlDocument, load_yaml
from registry.text.yaml_edit import MappingEdit, edit_mappings

SUFFIXES = (".yaml", ".yml")
_STEPS = re.compile(rb"^\s*[\"']?steps[\"']?\s*:", re.MULTILINE)
_VERSION = re.compile(rb"^[\"']?version[\"']?\s*:", re.MULTILINE)
_ACTIONS = ("uses", "run", "manual", "email", "http", "actions")
MAX_BYTES = 1 << 20
"""A larger file is taken for something else than a process, unless somebody names it."""


# --- which files are processes


def is_process(value: object) -> bool:
    """Whether a document is a process of ours, right or wrong: other tools have lists of `steps`, too.

    It has a `version` that is a number and `steps`, or a step with a name and one of our actions.
    """
    if not isinstance(value, dict) or "steps" not in value:
        return False
    if type(value.get("version")) is int:
        return True
    steps = value["steps"]
    return "version" not in value and isinstance(steps, list) and any(map(_is_step, steps))


def _is_step(value: object) -> bool:
    return isinstance(value, dict) and "name" in value and any(key in value for key in _ACTIONS)


@dataclass(frozen=True, slots=True)
class ProcessFile:
    """A process that was found: its document, or why there is none."""

    path: Path
    document: YamlDocument | None
    error: UserError | None = None


def find_processes(
    folder: Path, directory: Path, leave_out: Collection[Path] = (), ignore: Sequence[str] = ()
) -> list[ProcessFile]:
    """The processes in the YAML files below `folder`, but for hidden folders, those of `leave_out` and what matches
    a pattern of `ignore`.

    `directory` is where the user works: files are called by their paths from there.
    """
    found = []
    for path in _candidates(folder, leave_out, ignore):
        process = read_process_file(path, directory)
        if process is not None:
            found.append(process)
    return found


def is_ignored(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path, or a folder that it lies in, matches one of the patterns; `*` stays within a folder, `**`
    does not. A pattern without a slash matches a name anywhere.
    """
    if not patterns:
        return False
    from wcmatch import glob

    parts = path.split("/")
    wholes = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    for written in patterns:
        pattern = written.removeprefix("./").rstrip("/")
        names = wholes if "/" in pattern else parts
        if any(glob.globmatch(name, pattern, flags=glob.GLOBSTAR | glob.DOTGLOB) for name in names):
            return True
    return False


def _candidates(folder: Path, leave_out: Collection[Path], ignore: Sequence[str]) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(root, name) not in leave_out
        )
        for name in sorted(names):
            path = Path(root, name)
            inside = path.relative_to(folder).as_posix()
            if path.suffix in SUFFIXES and name != PROJECT_FILE and not is_ignored(inside, ignore):
                yield path


def read_process_file(path: Path, directory: Path) -> ProcessFile | None:
    """The process in a file; None where it holds something else."""
    label = str(path.relative_to(directory) if path.is_relative_to(directory) else path)
    try:
        data = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        problem = Problem(f"it cannot be read: {error.strerror}", "file-unreadable", file=label)
        return ProcessFile(path, None, Invalid.of("file-unreadable", label, [problem]))
    return parse_process_file(path, data, label)


def parse_process_file(path: Path, data: bytes, label: str) -> ProcessFile | None:
    """The process in these bytes; None where they are something else, as far as can be known."""
    if not _STEPS.search(data):
        return None
    try:
        document = load_yaml(decode_utf8(data, label), label)
    except UserError as error:
        return ProcessFile(path, None, error) if _VERSION.search(data) else None
    return ProcessFile(path, document) if is_process(document.value) else None


# --- which templates they use


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """A step or action that uses a template.

    step: its name, of an action with that of its step before it
    written: the reference as it stands there
    path: where in the document
    line: 1-based
    values: what it gives to parameters, as they are in the document
    """

    step: str
    written: str
    path: KeyPath
    line: int
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether it is a template folder of the project, which no source has and no lock pins."""
        return self.written.startswith("./")

    @property
    def reference(self) -> Reference:
        """Raises ValueError for what is not one."""
        return Reference.parse(self.written)


def document_uses(document: YamlDocument) -> Iterator[ProcessUse]:
    """Every `uses` of a process, in order, whether it is a reference or not."""
    value = document.value
    steps = value.get("steps") if isinstance(value, dict) else None
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict):
            yield from _uses_of(document, step, ("steps", index), str(step.get("name", index + 1)))


def template_uses(data: bytes, file: str) -> list[ProcessUse]:
    """The references in a process file, in order; none where the bytes are not a process, whatever else they are."""
    if b"uses" not in data:
        return []
    try:
        document = load_yaml(decode_utf8(data, file), file)
    except UserError:
        return []
    return [use for use in document_uses(document) if _is_reference(use.written)]


def repoint(data: bytes, file: str, references: Mapping[str, str]) -> bytes:
    """The process with other references, by the text they have now; every other byte stays.

    Raises Conflict where the text is laid out in a way that cannot be edited.
    """
    edits = [
        MappingEdit(use.path[:-1], replaced={"uses": references[str(use.reference)]})
        for use in template_uses(data, file)
        if references.get(str(use.reference), str(use.reference)) != str(use.reference)
    ]
    return edit_mappings(decode_utf8(data, file), edits).encode() if edits else data


def _uses_of(
    document: YamlDocument, raw: Mapping[str, Any], path: KeyPath, name: str
) -> Iterator[ProcessUse]:
    if isinstance(raw.get("uses"), str):
        given = raw.get("with")
        place = (*path, "uses")
        values = given if isinstance(given, dict) else {}
        yield ProcessUse(name, raw["uses"], place, document.position(place)[0], values)
    actions = raw.get("actions")
    for number, action in enumerate(actions if isinstance(actions, list) else ()):
        if isinstance(action, dict):
            inner = f"{name} / {action.get('name', number + 1)}"
            yield from _uses_of(document, action, (*path, "actions", number), inner)


def _is_reference(text: str) -> bool:
    try:
        Reference.parse(text)
    except ValueError:
        return False
    return True
