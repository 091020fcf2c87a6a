"""The use-cases of keeping a project up to date: what the command line calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.compatibility.compare import ChangeClass, compare
from registry.errors import Invalid, NotFound, UserError
from registry.home import Home, real_path
from registry.model import Reference, VersionInfo
from registry.project.cool_down import CoolDown, Ripeness
from registry.project.lock_file import LOCK_FILE
from registry.project.project_file import ProjectSettings as RegistryProject
from registry.publishing.patch import LibraryCopy, RebasedCopy, find_copy, rebase_copy
from registry.suggest import did_you_mean
from runner.dependencies.apply import Applied, ProjectFolder, apply
from runner.dependencies.decisions import (
    DECISIONS_FILE,
    Decision,
    read_decisions,
    write_decisions,
)
from runner.dependencies.status import (
    StepUpdate,
    UpdateChecker,
    UpdateRequest,
    UseStatus,
    hold_shared_entries,
)
from runner.dependencies.uses import StepPlace, StepUse

_EXPRESSION = "#{"


@dataclass(frozen=True, slots=True)
class UpdateOptions:
    """What to update: `wishes` (everything, if there are none), in these steps only if any are named. `given` are
    values for parameters; `only` is the gravest change that is taken, None for any; `pending` are copies in the
    library as they will be, where that is only tried."""

    wishes: tuple[UpdateRequest, ...] = ()
    steps: tuple[str, ...] = ()
    given: Mapping[str, str] | None = None
    only: ChangeClass | None = None
    pending: tuple[RebasedCopy, ...] = ()


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """How an update ended: `applied` by template; `held` are waiting for a person; `decisions` is the file to
    fill in, if one was written; `idle` are uses with nothing to do or that cannot be updated."""

    applied: tuple[Applied, ...]
    held: tuple[StepUpdate, ...]
    idle: tuple[UseStatus, ...]
    decisions: Path | None = None

    @property
    def refused(self) -> list[UseStatus]:
        return [state for state in self.idle if state.error is not None]


@dataclass(frozen=True, slots=True)
class UpdateService:
    """`cool_down` is how long a version of a foreign source must have been there."""

    catalog: Catalog
    project: ProjectFolder
    cool_down: CoolDown

    @classmethod
    @contextmanager
    def open(
        cls, home: Home, project: RegistryProject | None, directory: Path, cool_down: CoolDown
    ) -> Iterator[UpdateService]:
        """The service for a project, or for the processes in a folder that is in none."""
        folder = real_path(project.folder if project else directory)
        library = (project.library,) if project and project.library else ()
        ignore = project.ignore if project else ()
        with Catalog.open(home, project) as catalog:
            yield cls(
                catalog,
                ProjectFolder(folder, real_path(directory), folder / LOCK_FILE, library, ignore),
                cool_down,
            )

    def outdated(self) -> list[UseStatus]:
        """Where every use of a template stands that can be read (see `unreadable`). Asks no source."""
        checker = self._surveyor()
        return [checker.check(use) for use in self.project.uses()]

    def unreadable(self) -> tuple[UserError, ...]:
        """Why some processes, or steps of theirs, are not among the uses."""
        return self.project.unreadable()

    def prepare(self, request: UpdateOptions) -> tuple[list[StepUpdate], list[UseStatus]]:
        """What an update would do, and the uses that it has nothing to do for. Writes nothing.

        Raises NotFound for a template or step that no process uses; Invalid for a value that no update takes,
        or a secret in clear.
        """
        checker, uses = self._surveyor(request), self.project.uses()
        _check_steps(request.steps, [use.step for use in uses])
        given = request.given or {}
        updates: list[StepUpdate] = []
        idle: list[UseStatus] = []
        for wish in request.wishes or (None,):
            concerned = _concerned(wish, uses) if wish else uses
            chosen = [use for use in concerned if not request.steps or use.step in request.steps]
            states = [checker.check(use, wish) for use in chosen]
            updates += checker.prepare(states, given, wish)
            idle += [state for state in states if state.target is None]
        _check_given(given, updates)
        return hold_shared_entries(updates), idle

    def bring_copies(self, request: UpdateOptions, *, dry_run: bool = False) -> list[RebasedCopy]:
        """Bring the library's copies that the concerned steps use to newer versions of their bases, each in one
        commit of the library. Raises as `prepare` and `registry.publishing.patch.rebase_copy`.
        """
        updates, idle = self.prepare(replace(request, given=None))
        bases = {
            item.use.reference.slug: item.base
            for item in [*(update.state for update in updates), *idle]
            if item.base is not None
        }
        done = []
        for slug, base in bases.items():
            copy = find_copy(self.catalog, slug)
            if copy is not None and self._is_taken(copy, base, request.only):
                aside = self.project.folder / f"{slug}.merge"
                done.append(rebase_copy(self.catalog, copy, base, aside, dry_run=dry_run))
        return done

    def update(self, request: UpdateOptions, *, commit: bool = False) -> UpdateReport:
        """Do the updates that need nobody, and write down those that need a decision.

        Raises as `prepare` and `runner.dependencies.apply.apply`.
        """
        updates, idle = self.prepare(request)
        held = tuple(update for update in updates if not update.ready)
        conflicts = [update for update in held if update.merge.needs_decision]
        begun = self._begun(conflicts)
        applied = apply(self.catalog, self.project, updates, commit=commit)
        if conflicts:
            write_decisions(self._decisions_file, conflicts, begun)
        return UpdateReport(tuple(applied), held, tuple(idle), self._decisions_file if conflicts else None)

    def resolve(self, file: Path, *, commit: bool = False, dry_run: bool = False) -> UpdateReport:
        """Do the updates that somebody has decided about in `file`; what is left of it stays, else it is removed.

        Raises NotFound, Invalid with all problems of the file, NotFound for a step that is no longer so.
        """
        checker, uses = self._surveyor(), self.project.uses()
        decisions = [(_use_of(item, uses), item) for item in read_decisions(real_path(file))]
        together = hold_shared_entries(
            [update for use, item in decisions for update in _decided(checker, use, item)]
        )
        if dry_run:
            return UpdateReport((), tuple(together), ())
        applied = apply(self.catalog, self.project, together, commit=commit)
        held = tuple(update for update in together if not update.ready)
        if held:
            write_decisions(real_path(file), held, {use.place: item for use, item in decisions})
        else:
            file.unlink()
        return UpdateReport(tuple(applied), held, (), file if held else None)

    def _is_taken(self, copy: LibraryCopy, base: VersionInfo, only: ChangeClass | None) -> bool:
        if only is None:
            return True
        target = replace(copy.base_reference, version=base.version, blob=base.blob)
        there = self.catalog.find(target).document.template
        return not compare(copy.details.template, there).change.graver_than(only)

    def _surveyor(self, request: UpdateOptions = UpdateOptions()) -> UpdateChecker:
        definitions = {item.name: item for item in self.catalog.definitions()}
        ripeness = Ripeness(self.cool_down, datetime.now(UTC), definitions)
        pending = {copy.copy.slug: after for copy in request.pending if (after := copy.becomes)}
        return UpdateChecker.open(self.catalog, self.project.lock_file, ripeness, request.only, pending)

    @property
    def _decisions_file(self) -> Path:
        return self.project.folder / DECISIONS_FILE

    def _begun(self, conflicts: Sequence[StepUpdate]) -> dict[StepPlace, Decision]:
        """What somebody has decided already about the same updates. Raises Invalid for a file with mistakes."""
        if not conflicts or not self._decisions_file.is_file():
            return {}
        known = {(item.process, item.step, item.uses): item for item in read_decisions(self._decisions_file)}
        found = {}
        for update in conflicts:
            use, where = update.use, update.target.provenance
            item = known.get((use.file, use.step, str(use.reference)))
            if item and item.becomes == Reference(where.source, where.slug, where.version):
                found[use.place] = item
        return found


def _concerned(wish: UpdateRequest, uses: Sequence[StepUse]) -> list[StepUse]:
    found = [use for use in uses if wish.concerns(use)]
    if found:
        return found
    names = sorted({f"{use.reference.source}/{use.reference.slug}" for use in uses})
    name = f"{wish.reference.source}/{wish.reference.slug}"
    hint = did_you_mean(name, names) or "There is nothing to update."
    raise NotFound("template-not-used", f'no process uses "{name}"', hint)


def _use_of(decision: Decision, uses: Sequence[StepUse]) -> StepUse:
    """The use that a decision is about, if it is still there."""
    about = (decision.process, decision.step, decision.uses)
    for use in uses:
        if about == (use.file, use.step, str(use.reference)):
            return use
    message = f'"{decision.process}" has no step "{decision.step}" that uses "{decision.uses}" any more'
    raise NotFound("step-not-found", message, "Write the file again: `treadle update --all`.")


def _decided(checker: UpdateChecker, use: StepUse, decision: Decision) -> list[StepUpdate]:
    """The update that a decision is about, as complete as the decision makes it."""
    wish = UpdateRequest(decision.becomes)
    if not wish.concerns(use):
        wish = UpdateRequest(use.reference, decision.becomes)
    state = checker.check(use, wish)
    if state.error is not None:
        raise state.error
    given = {name: value for name, value in decision.values.items() if value is not None and decision.apply}
    updates = checker.prepare([state], given, wish, accepted=decision.apply)
    _check_given(given, updates)
    return updates


def _check_steps(asked: Sequence[str], known: Sequence[str]) -> None:
    for step in asked:
        if step not in known:
            hint = did_you_mean(step, known)
            raise NotFound("step-not-found", f'no step "{step}" uses a template', hint)


def _check_given(given: Mapping[str, str], updates: Sequence[StepUpdate]) -> None:
    """Raises Invalid for a value that nothing takes, and for a secret that would stand in a file in clear."""
    parameters = {item.name: item for update in updates for item in update.target.template.parameters}
    for name, value in given.items():
        if name not in parameters:
            hint = did_you_mean(name, parameters) or "It names a parameter of the new version."
            raise Invalid("value-not-taken", f'no update takes a value for "{name}"', hint)
        if parameters[name].sensitive and value and _EXPRESSION not in value:
            raise Invalid(
                "plain-secret",
                f'"{name}" is a secret; its value would stand in the process in clear',
                hint=f'Refer to a sensitive variable: "{name}=#{{My.Secret}}".',
            )
