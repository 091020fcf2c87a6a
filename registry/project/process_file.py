"""Which templates a process file uses, as far as the registry has to know: the rest belongs to the runner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.errors import UserError
from registry.model import Reference
from registry.text.document import KeyPath, decode_utf8
from registry.text.yaml_document import load_yaml
from registry.text.yaml_edit import MappingEdit, edit_mappings

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class ReferencePlace:
    """A step or action that uses a template. `path` is where in the document; `line` is 1-based."""

    step: str
    reference: Reference
    path: KeyPath
    line: int


def template_uses(data: bytes, file: str) -> list[ReferencePlace]:
    """The uses in a process file, in order; none where the bytes are no process, whatever else they are."""
    if b"uses" not in data:
        return []
    try:
        document = load_yaml(decode_utf8(data, file), file)
    except UserError:
        return []
    return [
        ReferencePlace(step, reference, path, document.position(path)[0])
        for path, step, text in _texts(document.value)
        if (reference := _reference(text))
    ]


def repoint(data: bytes, file: str, references: Mapping[str, str]) -> bytes:
    """The process with other references, by the text they have now; every other byte stays.

    Raises Conflict where the text is laid out in a way that can't be edited.
    """
    edits = [
        MappingEdit(use.path[:-1], replaced={"uses": references[str(use.reference)]})
        for use in template_uses(data, file)
        if references.get(str(use.reference), str(use.reference)) != str(use.reference)
    ]
    return edit_mappings(decode_utf8(data, file), edits).encode() if edits else data


def _texts(value: object) -> Iterator[tuple[KeyPath, str, str]]:
    """Where each `uses` is, the step that it belongs to, and its text."""
    steps = value.get("steps") if isinstance(value, dict) else None
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict):
            continue
        name = str(step.get("name", index + 1))
        actions = step.get("actions")
        places: list[tuple[KeyPath, object]] = [(("steps", index), step)]
        places += [
            (("steps", index, "actions", number), action)
            for number, action in enumerate(actions if isinstance(actions, list) else ())
        ]
        for path, place in places:
            if isinstance(place, dict) and isinstance(place.get("uses"), str):
                yield (*path, "uses"), name, place["uses"]


def _reference(text: str) -> Reference | None:
    try:
        return Reference.parse(text)
    except ValueError:
        return None
