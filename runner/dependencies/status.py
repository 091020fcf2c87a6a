"""Updating the steps of a project to newer versions of their templates.

First where each use stands, then what an update would do to it, then the edit of the process file, the lock and,
if asked for, a commit. Only what changes its meaning is touched in a file; all else stays, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.details import TemplateDetails
from registry.compatibility.compare import Comparison, compare, interface_breaks
from registry.compatibility.migration import ValueMigration, VersionChoice, choose_version, merge_values
from registry.errors import NotFound, UserError
from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE, Notice, NoticeKind, Reference, VersionInfo
from registry.project.lock_file import Lock, read_lock
from registry.publishing.patch import LibraryCopy, newer_base
from runner.dependencies.uses import StepUse
from runner.planner import violation

_VERSION_UNKNOWN = frozenset({"version-not-found", "variant-not-found"})
_OWN_SOURCES = (BUILTIN_SOURCE, LIBRARY_SOURCE)


@dataclass(frozen=True, slots=True)
class UseStatus:
    """Where a use stands.

    `current` is what it uses now (None for a version that its source doesn't have),
    `target` what it can be updated to, `held_back` the newest version if that is
    too fresh; `notices` and `deleted` are what is held against the template; `error` says why nothing can be
    told. `base` is a newer version of the template that it uses a copy of.
    """

    use: StepUse
    current: TemplateDetails | None = None
    target: TemplateDetails | None = None
    held_back: VersionInfo | None = None
    comparison: Comparison | None = None
    notices: tuple[Notice, ...] = ()
    deleted: bool = False
    base: VersionInfo | None = None
    error: UserError | None = None

    @property
    def outdated(self) -> bool:
        """Whether there is something to do about it now."""
        return bool(self.target or self.base or self.notices or self.deleted)

    @property
    def worth_showing(self) -> bool:
        return self.outdated or self.held_back is not None or self.error is not None


@dataclass(frozen=True, slots=True)
class StepUpdate:
    """What an update does to one use. `reference` is what the step uses afterwards; it stays the same where the
    lock alone decides. `waits_for` names a step that shares the lock's entry and is not ready."""

    state: UseStatus
    reference: Reference
    merge: ValueMigration
    waits_for: str | None = None

    @property
    def use(self) -> StepUse:
        return self.state.use

    @property
    def target(self) -> TemplateDetails:
        assert self.state.target is not None
        return self.state.target

    @property
    def ready(self) -> bool:
        return self.merge.complete and self.waits_for is None


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """What a user asks for: this template, this version of it; `to` another template in its place."""

    reference: Reference
    to: Reference | None = None

    def concerns(self, use: StepUse) -> bool:
        return (use.reference.source, use.reference.slug) == (self.reference.source, self.reference.slug)

    @property
    def explicit(self) -> Reference | None:
        """The version that was asked for by name, if one was."""
        if self.to is not None:
            return self.to
        return self.reference if self.reference.version is not None or self.reference.latest else None


@dataclass(frozen=True)
class UpdateChecker:
    """Looks at uses. `ripe_until` is the instant after which versions are too fresh, None for no cool-down; the
    team's own sources know none."""

    catalog: Catalog
    lock: Lock
    ripe_until: datetime | None
    _details: dict[Reference, TemplateDetails] = field(default_factory=dict)

    @classmethod
    def open(cls, catalog: Catalog, lock_file: Path, now: datetime, cool_down: timedelta) -> UpdateChecker:
        """Raises Invalid for a lock that can't be read."""
        lock = read_lock(lock_file) or Lock()
        return cls(catalog, lock, now - cool_down if cool_down else None)

    def check(self, use: StepUse, wish: UpdateRequest | None = None) -> UseStatus:
        """Where a use stands, in view of what was asked for. What can't be read is told, not raised."""
        try:
            return self._check(use, wish)
        except UserError as error:
            return UseStatus(use, error=error)

    def _check(self, use: StepUse, wish: UpdateRequest | None) -> UseStatus:
        try:
            current = self._show(self._exact(use.reference))
        except NotFound as error:
            if error.code not in _VERSION_UNKNOWN:
                raise
            return self._from_unknown(use, wish)
        if wish is not None and wish.explicit is not None:
            return self._moved(use, current, self._show(wish.explicit))
        if use.reference.latest:
            return _told(UseStatus(use, current), current)
        where = current.provenance
        choice, target = self._choose(use, current.versions, where.version, where.blob)
        state = self._moved(use, current, target) if target else UseStatus(use, current)
        newest = self._version(use.reference, current.versions[0])
        return _told(replace(state, held_back=choice.held_back, base=self._base(newest)), newest)

    def _base(self, newest: TemplateDetails) -> VersionInfo | None:
        """The version that a copy in the library could be brought to."""
        if newest.origin is None:
            return None
        copy = LibraryCopy(newest, newest.origin, newest.patched)
        ripe_until = None if copy.base_reference.source in _OWN_SOURCES else self.ripe_until
        return newer_base(self.catalog, copy, ripe_until)

    def _from_unknown(self, use: StepUse, wish: UpdateRequest | None) -> UseStatus:
        """A use of a version that its source doesn't have: it can be updated, but nothing compared."""
        if wish is not None and wish.explicit is not None:
            return UseStatus(use, None, self._show(wish.explicit))
        newest = self._show(Reference(use.reference.source, use.reference.slug))
        choice, target = self._choose(use, newest.versions, -1, "")
        return _told(UseStatus(use, None, target, choice.held_back), newest)

    def _choose(
        self, use: StepUse, versions: Sequence[VersionInfo], version: int, blob: str
    ) -> tuple[VersionChoice, TemplateDetails | None]:
        """The newest version that is ripe and that nobody has revoked."""
        left = list(versions)
        while True:
            choice = choose_version(left, version, blob, self._ripe_until(use))
            if choice.target is None:
                return choice, None
            target = self._version(use.reference, choice.target)
            if not any(notice.standing is NoticeKind.REVOKED for notice in target.notices):
                return choice, target
            left.remove(choice.target)

    def _ripe_until(self, use: StepUse) -> datetime | None:
        return None if use.reference.source in _OWN_SOURCES else self.ripe_until

    def _moved(self, use: StepUse, current: TemplateDetails, target: TemplateDetails) -> UseStatus:
        if target.provenance == current.provenance:
            return UseStatus(use, current)
        return UseStatus(use, current, target, comparison=compare(current.template, target.template))

    def _exact(self, reference: Reference) -> Reference:
        entry = self.lock.templates.get(str(reference))
        if entry is None or reference.latest:
            return reference
        return Reference(reference.source, reference.slug, entry.version, blob=entry.blob)

    def _version(self, reference: Reference, item: VersionInfo) -> TemplateDetails:
        return self._show(Reference(reference.source, reference.slug, item.version, blob=item.blob))

    def _show(self, reference: Reference) -> TemplateDetails:
        if reference not in self._details:
            self._details[reference] = self.catalog.show(reference)
        return self._details[reference]

    # --- what an update would do

    def prepare(
        self,
        states: Iterable[UseStatus],
        given: Mapping[str, str],
        wish: UpdateRequest | None = None,
        *,
        accepted: bool = False,
    ) -> list[StepUpdate]:
        """The updates of those that have a target. `given` are values by parameter, `accepted` as in
        `merge_values`."""
        found = []
        for state in states:
            if state.target is not None:
                old = state.current.template if state.current else None
                new = state.target.template
                merge = merge_values(old, new, state.use.values, given, violation, accepted=accepted)
                found.append(StepUpdate(state, self._reference(state, wish), merge))
        return found

    def _reference(self, state: UseStatus, wish: UpdateRequest | None) -> Reference:
        """What the process says after the update."""
        assert state.target is not None
        was, where = state.use.reference, state.target.provenance
        named = wish.to if wish and wish.to else was
        asked = wish.explicit if wish else None
        if named is was and str(was) in self.lock.templates and self._still_fits(was, state.target):
            return was
        if asked is not None and asked.blob:
            return replace(asked, source=named.source, slug=named.slug)
        if named is not was and was.version is None and not (asked and asked.version is not None):
            return Reference(named.source, named.slug)
        return Reference(named.source, named.slug, where.version, open=was.open)

    def _still_fits(self, reference: Reference, target: TemplateDetails) -> bool:
        """Whether the lock may let a reference mean that version."""
        if reference.version is None:
            return True
        if not reference.open or target.provenance.version < reference.version:
            return False
        base = self._show(replace(reference, open=False))
        return not interface_breaks(base.template, target.template)


def _told(state: UseStatus, newest: TemplateDetails) -> UseStatus:
    """The state with what is held against the version in use, or against the template as it is now."""
    used = state.current.notices if state.current else ()
    lasting = (notice for notice in newest.notices if not notice.versions)
    return replace(state, notices=tuple(dict.fromkeys([*used, *lasting])), deleted=newest.deleted)


def hold_shared_entries(updates: Sequence[StepUpdate]) -> list[StepUpdate]:
    """Steps that share an entry of the lock move together: one that is not ready holds the others."""
    shared = {
        update.use.reference: update.use.step
        for update in updates
        if update.reference == update.use.reference and not update.merge.complete
    }
    return [
        replace(update, waits_for=shared[update.reference])
        if update.merge.complete and update.reference == update.use.reference and update.reference in shared
        else update
        for update in updates
    ]
