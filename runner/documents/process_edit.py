"""Editing the steps of a process file by name; comments, layout and every other byte of it stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from registry.errors import Conflict, Invalid, NotFound
from registry.home import write_atomically
from registry.model import errors_of
from registry.suggest import did_you_mean
from registry.text.document import decode_utf8
from registry.text.yaml_document import YamlDocument, load_yaml
from registry.text.yaml_edit import MappingEdit, edit_mappings
from registry.text.yaml_list import move_item, remove_item
from registry.validation.json_schema import validate
from runner.documents.loading import invalid, label_of, read_file
from runner.documents.process import process_rules
from runner.documents.step_mentions import Mention, find_mentions, rewrite_mentions


class Side(StrEnum):
    """On which side of another step a step goes."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a process a step goes: beside `anchor`, or, where that is None, to the start (before) or end (after)."""

    side: Side = Side.AFTER
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class StepEdit:
    """A change of a process file that was made, or would be.

    file: the process file, as its user calls it
    name: of the step, as it is called now
    line: where the step stands now (1-based); None where it is gone
    changed: whether the file differs
    rewritten: mentions of the step that were changed along
    left: mentions that a person should look at
    """

    file: str
    name: str
    line: int | None
    changed: bool
    rewritten: tuple[Mention, ...] = ()
    left: tuple[Mention, ...] = ()


def step_index(names: Sequence[str], name: str, label: str) -> int:
    """Where in the process `label` the step of that name stands; case does not count, as everywhere in a process.

    Raises NotFound.
    """
    wanted = name.casefold()
    for index, known in enumerate(names):
        if known.casefold() == wanted:
            return index
    hint = did_you_mean(name, names) or f"Its steps: {', '.join(names)}."
    raise NotFound("step-not-found", f'{label} has no step "{name}"', hint)


def index_for(names: Sequence[str], position: Position, label: str) -> int:
    """The index that a step gets among those of these names. Raises NotFound."""
    if position.anchor is None:
        return 0 if position.side is Side.BEFORE else len(names)
    return step_index(names, position.anchor, label) + (position.side is Side.AFTER)


def remove_step(process: Path, directory: Path, name: str, *, dry_run: bool = False) -> StepEdit:
    """Take a step out of the process; `left` are the texts that still read its outputs.

    `directory` is where the user works. Raises NotFound, Invalid, and Conflict for a file whose layout cannot be
    edited and for the last step of all.
    """
    file = _File(process, directory)
    index = file.index_of(name)
    found = file.names[index]
    if len(file.names) == 1:
        message = f'"{found}" is the only step of {file.label}, which needs one'
        raise Conflict("last-step", message, "Remove the file itself, or add another step first.")
    edited = file.edit(lambda text: remove_item(text, "steps", index), dry_run=dry_run)
    return StepEdit(file.label, found, None, changed=True, left=tuple(find_mentions(edited, found)))


def move_step(
    process: Path, directory: Path, name: str, position: Position, *, dry_run: bool = False
) -> StepEdit:
    """Move a step to another place. Raises as `remove_step`."""
    file = _File(process, directory)
    index = file.index_of(name)
    if position.anchor is not None and file.index_of(position.anchor) == index:
        message = f'"{file.names[index]}" cannot stand {position.side} itself'
        raise Invalid("step-position", message, "Name another step.")
    to = index_for([*file.names[:index], *file.names[index + 1 :]], position, file.label)
    if to == index:
        return StepEdit(file.label, file.names[index], file.line(index), changed=False)
    edited = file.edit(lambda text: move_item(text, "steps", index, to), dry_run=dry_run)
    return StepEdit(file.label, file.names[index], edited.position(("steps", to))[0], changed=True)


def rename_step(process: Path, directory: Path, name: str, new: str, *, dry_run: bool = False) -> StepEdit:
    """Give a step another name, also where the process reads its outputs and its status.

    Raises as `remove_step`, and Conflict for a name that another step has.
    """
    file = _File(process, directory)
    index = file.index_of(name)
    old = file.names[index]
    if new == old:
        return StepEdit(file.label, old, file.line(index), changed=False)
    taken = [other.casefold() for place, other in enumerate(file.names) if place != index]
    if new.casefold() in taken:
        raise Conflict("duplicate-step", f'{file.label} has a step "{new}" already', "Take another name.")
    rewritten, left = rewrite_mentions(file.text, file.label, old, new)

    def renamed(text: str) -> str:
        return edit_mappings(rewritten.text, [MappingEdit(("steps", index), replaced={"name": new})])

    edited = file.edit(renamed, dry_run=dry_run)
    line = edited.position(("steps", index))[0]
    return StepEdit(file.label, new, line, changed=True, rewritten=rewritten.mentions, left=left)


def sound_process(text: str, label: str) -> YamlDocument:
    """The process in a text. Raises Invalid with all problems where it is not a valid one."""
    document = load_yaml(text, label)
    problems = validate(document.value, "process", document)
    if not errors_of(problems):
        problems += process_rules(document)
    if errors_of(problems):
        raise invalid(label, problems)
    return document


class _File:
    """A process file that is being edited. Raises NotFound, Invalid."""

    def __init__(self, path: Path, directory: Path) -> None:
        self.path = path
        self.label = label_of(path, directory)
        self.text = decode_utf8(read_file(path, self.label), self.label)
        self.document = sound_process(self.text, self.label)
        self.names: list[str] = [str(step["name"]) for step in self.document.value["steps"]]

    def index_of(self, name: str) -> int:
        return step_index(self.names, name, self.label)

    def line(self, index: int) -> int:
        return self.document.position(("steps", index))[0]

    def edit(self, change: Callable[[str], str], *, dry_run: bool) -> YamlDocument:
        """Write the changed text, if it is a valid process; returns what it says then."""
        text = change(self.text)
        document = sound_process(text, self.label)
        if not dry_run:
            write_atomically(self.path, text.encode())
        return document
