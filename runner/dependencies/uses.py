"""Which steps of a project's processes use which templates.

Read from the documents themselves, not from compiled processes: what edits them needs the places.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from registry.errors import Invalid, UserError
from registry.model import Reference
from registry.project.process_file import ProcessFile, ProcessUse, document_uses, find_processes
from registry.text.document import problem_at
from registry.text.yaml_document import YamlDocument
from runner.documents import text

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


@dataclass(frozen=True, slots=True)
class FoundUses:
    """What the processes of a folder use; `errors` say which of them, or which steps of theirs, cannot be read."""

    processes: tuple[ProcessFile, ...]
    uses: tuple[StepUse, ...]
    errors: tuple[UserError, ...]
    local: tuple[str, ...] = ()
    """The template folders of the project itself that they use, as they say it."""


def find_uses(
    folder: Path, directory: Path, leave_out: Collection[Path] = (), ignore: Sequence[str] = ()
) -> FoundUses:
    """The uses in every process below `folder`; the arguments are those of `find_processes`."""
    processes = find_processes(folder, directory, leave_out, ignore)
    uses: list[StepUse] = []
    errors: list[UserError] = []
    local: list[str] = []
    for process in processes:
        if process.document is None:
            errors += [process.error] if process.error else []
            continue
        for use in document_uses(process.document):
            if use.is_local:
                local.append(use.written)  # its content is the project's own
                continue
            try:
                uses.append(_step_use(process.path, process.document, use))
            except Invalid as error:
                errors.append(error)
    return FoundUses(tuple(processes), tuple(uses), tuple(errors), tuple(dict.fromkeys(local)))


def _step_use(file: Path, document: YamlDocument, use: ProcessUse) -> StepUse:
    """Raises Invalid for what is not a reference."""
    try:
        reference = use.reference
    except ValueError as error:
        message, hint = f'step "{use.step}": {error}', f"Run `treadle validate {document.file}`."
        problem = problem_at(document, use.path, message, "bad-reference", hint)
        raise Invalid.of("bad-reference", document.file, [problem]) from error
    values = {name: text(value) for name, value in use.values.items()}
    return StepUse(file, document.file, use.path[:-1], use.step, reference, values)
