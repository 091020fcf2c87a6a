"""Adding a step that uses a template to a process file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from registry.catalog.catalog import Catalog
from registry.errors import Conflict
from registry.home import write_atomically
from registry.model import Notice, Reference
from registry.project.step import StepSnippet, step_snippet
from registry.template.runnable import Obstacle, obstacle
from registry.text.document import decode_utf8
from registry.text.yaml_document import load_yaml
from registry.text.yaml_edit import append_item
from registry.text.yaml_list import insert_item
from runner.documents.loading import label_of, read_file
from runner.documents.process_edit import Position, index_for, sound_process

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class AddedStep:
    """A step that was added, or would be.

    file: the process file, as its user calls it
    line: where the step begins (1-based)
    lines: the step, as it stands in the file but for its indentation
    inputs: the parameters to fill in
    obstacle: why it cannot run yet, if so
    notices: what is said against the template
    """

    file: str
    name: str
    reference: Reference
    line: int
    lines: tuple[str, ...]
    inputs: tuple[str, ...]
    obstacle: Obstacle | None
    notices: tuple[Notice, ...]


def add_step(
    catalog: Catalog,
    reference: Reference,
    process: Path,
    directory: Path,
    *,
    name: str | None = None,
    position: Position | None = None,
    dry_run: bool = False,
) -> AddedStep:
    """Add a step to `process`, at its end or at `position`; every other byte of the file stays. `directory` is where
    its user works.

    A reference without a version becomes the exact version that it means now. Raises what finding the template
    raises; Conflict for a name that is taken and for a file whose layout cannot be edited; Invalid where the file
    is not a valid process then.
    """
    found = catalog.find(reference)
    exact = reference
    if reference.version is None and not reference.latest:
        exact = Reference(reference.source, reference.slug, found.record.version)
    template = found.document.template
    label = label_of(process, directory)
    text = decode_utf8(read_file(process, label), label)
    names = _step_names(text, label)
    step_name = _free_name(name, template.name, {known.casefold() for known in names})
    at = None if position is None else index_for(names, position, label)
    snippet = step_snippet(template, exact, step_name, optional=False)
    line = _write(process, label, text, snippet, at, dry_run=dry_run)
    return AddedStep(
        file=label,
        name=step_name,
        reference=exact,
        line=line,
        lines=snippet.lines,
        inputs=snippet.inputs,
        obstacle=obstacle(template),
        notices=catalog.resolved(found).notices,
    )


def _write(
    process: Path, label: str, text: str, snippet: StepSnippet, at: int | None, *, dry_run: bool
) -> int:
    """Write the file with the step, at its end or as the one with the index `at`; returns the step's line."""
    if at is None:
        edited = append_item(text, "steps", snippet.lines, snippet.data)
    else:
        edited = insert_item(text, "steps", at, snippet.lines, snippet.data)
    document = sound_process(edited, label)
    if not dry_run:
        write_atomically(process, edited.encode())
    return document.position(("steps", len(document.value["steps"]) - 1 if at is None else at))[0]


def _step_names(text: str, label: str) -> list[str]:
    value: Any = load_yaml(text, label).value
    steps = value.get("steps") if isinstance(value, dict) else None
    return [str(step.get("name", "")) for step in steps or () if isinstance(step, dict)]


def _free_name(wanted: str | None, title: str, taken: Collection[str]) -> str:
    """The name that was asked for, else the template's, with a number where that is taken."""
    if wanted is not None:
        if wanted.casefold() in taken:
            message = f'the process has a step "{wanted}" already'
            raise Conflict("duplicate-step", message, "Give the step another --name.")
        return wanted
    base = title.strip()[: _LONGEST_NAME - 4]
    names = (base if number == 1 else f"{base} {number}" for number in count(1))
    return next(name for name in names if name.casefold() not in taken)
