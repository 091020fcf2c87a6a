"""Locking a project: which exact content its processes' references mean, and which exact images they name.

`treadle lock` writes it, `--locked` holds a plan or a run to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from registry.catalog.locking import make_lock
from registry.errors import Invalid, Mismatch, UserError
from registry.model import Reference, ResolvedTemplate
from registry.project.lock_file import (
    LOCK_FILE,
    RENEW,
    Lock,
    LockEntry,
    is_lockable,
    read_lock,
    refuse_change,
    write_lock,
)
from runner.dependencies.uses import find_uses
from runner.documents import read_process
from runner.engine.base import Endpoint
from runner.execution.connections import Connect, image_digest
from runner.model import Process

if TYPE_CHECKING:
    from registry.catalog.catalog import Catalog


@dataclass(frozen=True, slots=True)
class LockChange:
    """A lock as it was and as it is now; `file` is where it lies.

    `errors` say which processes cannot be read: what these use is locked as it was before.
    `local` are template folders of the project itself, which no lock pins.
    """

    file: Path
    before: Lock | None
    after: Lock
    errors: tuple[UserError, ...] = ()
    local: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return self.before != self.after


def lock_project(
    folder: Path,
    catalog: Catalog,
    connect: Connect,
    *,
    leave_out: Collection[Path] = (),
    ignore: Sequence[str] = (),
    renew: bool = False,
    locked: bool = False,
    dry_run: bool = False,
) -> LockChange:
    """Bring `treadle.lock` in `folder` up to what the processes below it use, those in `leave_out` and those that
    match a pattern of `ignore` aside.

    What is locked already stays as it is, unless `renew` asks what references mean now, which also replaces a file
    that cannot be read. Raises what resolving
    raises, ImageNotFound and EngineError where a process names images, Invalid; with `locked` Mismatch where the
    file would change.
    """
    file = folder / LOCK_FILE
    before = _known(file, replaced=renew and not locked)
    found = find_uses(folder, folder, leave_out, ignore)
    processes, invalid = _read_processes(
        [process.path for process in found.processes if process.document], folder
    )
    errors = (*(process.error for process in found.processes if process.error), *invalid)
    references = dict.fromkeys(use.reference for use in found.uses)
    digests = _digests(processes, connect)
    if errors and before is not None:
        references |= dict.fromkeys(map(Reference.parse, before.templates))
        digests = {**before.images, **digests}
    after = make_lock(catalog, references, None if renew else before, digests)
    if locked:
        refuse_change(before, after)
    change = LockChange(file, before, after, errors, found.local)
    if change.changed and not dry_run:
        write_lock(file, after)
    return change


def _read_processes(files: Iterable[Path], folder: Path) -> tuple[list[Process], list[UserError]]:
    """The processes in files, and why some of them are not valid."""
    processes: list[Process] = []
    errors: list[UserError] = []
    for file in files:
        try:
            processes.append(read_process(file, folder))
        except Invalid as error:
            errors.append(error)
    return processes, errors


def _known(file: Path, *, replaced: bool) -> Lock | None:
    try:
        return read_lock(file)
    except Invalid as error:
        if replaced:
            return None
        hint = f"Restore it from git, or make it again: `{RENEW}`."
        raise Invalid(error.code, error.message, hint, error.problems) from error


def _digests(processes: Iterable[Process], connect: Connect) -> Mapping[str, str]:
    """The digests of all images that processes name; the engine is asked only if there are any."""
    names = {
        action.container.image
        for process in processes
        for action in process.actions
        if action.container.image
    }
    if not names:
        return {}
    with connect(Endpoint()) as engine:
        return {name: image_digest(engine.ensure_image(name)) for name in sorted(names)}


@dataclass(frozen=True, slots=True)
class LockedResolver:
    """Resolves references as a lock says, each once; with `must_be_locked` those that it doesn't say are refused.

    `open_catalog` is asked when the first reference is met.
    """

    open_catalog: Callable[[], Catalog]
    lock: Lock | None = None
    must_be_locked: bool = False
    _resolved: dict[Reference, ResolvedTemplate] = field(default_factory=dict)

    def __call__(self, reference: Reference) -> ResolvedTemplate:
        """Raises Mismatch for a reference that is not locked but must be, or whose content is missing; as
        `Catalog.find`."""
        if reference not in self._resolved:
            self._resolved[reference] = self._resolve(reference)
        return self._resolved[reference]

    def _resolve(self, reference: Reference) -> ResolvedTemplate:
        entry: LockEntry | None = self.lock.templates.get(str(reference)) if self.lock else None
        if entry is None and self.must_be_locked and is_lockable(reference):
            raise Mismatch(
                "not-locked",
                f'"{reference}" is not in {LOCK_FILE}',
                hint="Run `treadle lock`, and commit the result.",
            )
        catalog = self.open_catalog()
        return replace(catalog.resolve(reference, entry), edited=catalog.is_edited(reference))
