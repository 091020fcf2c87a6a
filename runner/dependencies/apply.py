"""Doing updates: the process files, the lock, and one commit for each template."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.locking import lock_entry
from registry.compatibility.migration import explain_migration
from registry.errors import Conflict, Invalid, UserError
from registry.git.repository import Repository
from registry.git.settings import read_git_settings
from registry.git.workspace import commit as commit_paths
from registry.git.workspace import uncommitted
from registry.home import exclusive, real_path, write_atomically
from registry.model import Reference
from registry.project.lock_file import LockEntry, is_lockable, read_lock, write_lock
from registry.text.yaml_edit import MappingEdit, edit_mappings
from runner.dependencies.status import StepUpdate
from runner.dependencies.uses import FoundUses, StepUse, find_uses


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """Where the processes of a project lie: `folder` holds them and the lock; `directory` is where the user works,
    `leave_out` are folders that belong to others (the library), `ignore` patterns of files that are not processes."""

    folder: Path
    directory: Path
    lock_file: Path
    leave_out: tuple[Path, ...] = ()
    ignore: tuple[str, ...] = ()

    def uses(self) -> list[StepUse]:
        """Every use of a template that can be read."""
        return list(self._found().uses)

    def unreadable(self) -> tuple[UserError, ...]:
        """Why some processes, or steps of theirs, cannot be read."""
        return self._found().errors

    def _found(self) -> FoundUses:
        return find_uses(self.folder, self.directory, self.leave_out, self.ignore)


@dataclass(frozen=True, slots=True)
class Applied:
    """One template's updates, done. `commit` None: nobody asked for one."""

    template: str
    updates: tuple[StepUpdate, ...]
    files: tuple[Path, ...]
    commit: str | None


def apply(
    catalog: Catalog, project: ProjectFolder, updates: Sequence[StepUpdate], *, commit: bool = False
) -> list[Applied]:
    """Write the updates that are ready, template after template.

    Raises Conflict where a process file changed meanwhile, cannot be edited, or has uncommitted changes that a
    commit would take along; Invalid where a commit is asked for outside of a git repository.
    """
    ready = sorted((update for update in updates if update.ready), key=_template)
    if not ready:
        return []
    key = f"project-{hashlib.sha256(str(project.folder).encode()).hexdigest()[:8]}"
    with exclusive(catalog.home.lock_file(key), "update"):
        _refuse_moved(project, ready)
        edited = preview(ready)
        repository = _repository(project, [*edited, project.lock_file]) if commit else None
        done = []
        for template, group in groupby(ready, key=_template):
            done.append(_apply_one(catalog, project, template, tuple(group), repository))
        return done


def preview(updates: Iterable[StepUpdate]) -> dict[Path, str]:
    """The process files as the updates that are ready would leave them. Raises as `apply`."""
    by_file: dict[Path, list[StepUpdate]] = {}
    for update in updates:
        if update.ready:
            by_file.setdefault(update.use.file, []).append(update)
    return {file: _edited(file, group) for file, group in by_file.items()}


def _refuse_moved(project: ProjectFolder, updates: Iterable[StepUpdate]) -> None:
    uses = project.uses()
    for update in updates:
        if update.use not in uses:
            message = f'{update.use.label}: step "{update.use.step}" changed meanwhile'
            raise Conflict("process-changed", message, "Nothing was written. Run the command again.")


def _template(update: StepUpdate) -> str:
    return f"{update.reference.source}/{update.reference.slug}"


def _edited(file: Path, updates: Sequence[StepUpdate]) -> str:
    text = file.read_bytes().decode("utf-8")
    try:
        return edit_mappings(text, [edit for update in updates for edit in _edits(update)])
    except Conflict as error:
        message = f"{updates[0].use.label}: {error.message}"
        raise Conflict(error.code, message, error.hint) from error


def _edits(update: StepUpdate) -> Iterator[MappingEdit]:
    use, merge = update.use, update.merge
    if update.reference != use.reference:
        yield MappingEdit(use.path, replaced={"uses": str(update.reference)})
    if merge.renamed or merge.dropped or merge.replaced or merge.added:
        yield MappingEdit(
            (*use.path, "with"), merge.replaced, merge.renamed, frozenset(merge.dropped), merge.added
        )


def _apply_one(
    catalog: Catalog,
    project: ProjectFolder,
    template: str,
    updates: tuple[StepUpdate, ...],
    repository: Repository | None,
) -> Applied:
    edited = {file: text for file, text in preview(updates).items() if text != _text(file)}
    for file, text in edited.items():
        write_atomically(file, text.encode("utf-8"))
    files = [*edited, *_relock(catalog, project, updates)]
    made = None
    if repository is not None and files:
        names = [_name_in(repository, file) for file in files]
        made = commit_paths(repository, read_git_settings(repository), names, _message(template, updates))
    return Applied(template, updates, tuple(files), made)


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8")


def _relock(catalog: Catalog, project: ProjectFolder, updates: Sequence[StepUpdate]) -> list[Path]:
    """Bring the lock along, where there is one. Returns the files that this changed."""
    lock = read_lock(project.lock_file)
    if lock is None:
        return []
    used = {str(use.reference) for use in project.uses()}
    gone = {str(update.use.reference) for update in updates} - used
    entries: Mapping[str, LockEntry] = {
        name: entry for name, entry in lock.templates.items() if name not in gone
    } | {
        str(update.reference): _entry(catalog, update) for update in updates if is_lockable(update.reference)
    }
    if entries == lock.templates:
        return []
    write_lock(project.lock_file, replace(lock, templates=entries))
    return [project.lock_file]


def _entry(catalog: Catalog, update: StepUpdate) -> LockEntry:
    where = update.target.provenance
    return lock_entry(catalog, Reference(where.source, where.slug, where.version, blob=where.blob))


def _repository(project: ProjectFolder, files: Iterable[Path]) -> Repository:
    """The repository that the project lies in, with no uncommitted changes in these files."""
    root = Repository(project.folder).root()
    if root is None:
        raise Invalid(
            "not-a-repository",
            f'"{project.folder}" is in no git repository, so there is nothing to commit to',
            hint="Leave --commit out, or begin with `git init`.",
        )
    repository = Repository(root)
    names = [_name_in(repository, file) for file in files if file.exists()]
    changed = uncommitted(repository, names)
    if changed:
        raise Conflict(
            "uncommitted-changes",
            f'"{changed[0]}" has uncommitted changes, which the update\'s commit would take along',
            hint="Commit them or put them aside, or leave --commit out.",
        )
    return repository


def _name_in(repository: Repository, file: Path) -> str:
    """The file's path in the repository. Raises Invalid for a link that leads out of it."""
    real = real_path(file)
    if not real.is_relative_to(repository.folder):
        message = f'"{file}" leads out of the repository "{repository.folder}"'
        raise Invalid("outside-repository", message, "Leave --commit out, and commit it where it lies.")
    return real.relative_to(repository.folder).as_posix()


def _message(template: str, updates: Sequence[StepUpdate]) -> str:
    """What changes for whom: the versions, the steps, and why it matters."""
    version = updates[0].target.provenance.version
    lines = [f"Update {template} to {version}", ""]
    for update in updates:
        current = update.state.current
        since = f" (was {current.provenance.version})" if current else ""
        lines.append(f'- {update.use.label}: step "{update.use.step}"{since}')
    differences = [
        item for update in updates if update.state.comparison for item in update.state.comparison.differences
    ]
    reasons = list(dict.fromkeys(explain_migration(differences)))
    if reasons:
        lines += ["", *(f"- {reason}" for reason in reasons)]
    return "\n".join(lines) + "\n"
