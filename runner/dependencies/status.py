"""Updating the steps of a project to newer versions of their templates.

First where each use stands, then what an update would do to it, then the edit of the process file, the lock and,
if asked for, a commit. Only what changes its meaning is touched in a file; all else stays, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.details import TemplateDetails
from registry.compatibility.compare import ChangeClass, Comparison, compare, interface_breaks
from registry.compatibility.migration import ValueMigration, VersionChoice, choose_version, merge_values
from registry.errors import NotFound, UserError
from registry.model import LIBRARY_SOURCE, Notice, NoticeKind, Reference, VersionInfo
from registry.project.cool_down import Ripeness
from registry.project.lock_file import Lock, read_lock
from registry.publishing.patch import LibraryCopy, newer_base
from runner.dependencies.uses import StepUse
from runner.planner import violation

_VERSION_UNKNOWN = frozenset({"version-not-found", "variant-not-found"})
_NOTHING_PENDING: Mapping[str, TemplateDetails] = {}


@dataclass(frozen=True, slots=True)
class UseStatus:
    """Where a use stands.

    current: what it uses now, None for a version that its source doesn't have
    target: what it can be updated to
    held_back: the newest version if that is too fresh
    held_until: the day (YYYY-MM-DD) from which it is not
    passed_over: a newer version that asks for more than the update may
    notices, deleted: what is held against the template
    base: a newer version of the template that it uses a copy of
    error: why nothing can be told
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
    held_until: str | None = None
    passed_over: VersionInfo | None = None

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
    """Looks at uses.

    ripeness: which versions are too fresh
    only: the gravest change that is looked for, None for any
    pending: what templates of the library will be by the time, by slug
    """

    catalog: Catalog
    lock: Lock
    ripeness: Ripeness
    only: ChangeClass | None = None
    pending: Mapping[str, TemplateDetails] = field(default_factory=dict)
    _details: dict[Reference, TemplateDetails] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        catalog: Catalog,
        lock_file: Path,
        ripeness: Ripeness,
        only: ChangeClass | None = None,
        pending: Mapping[str, TemplateDetails] = _NOTHING_PENDING,
    ) -> UpdateChecker:
        """Raises Invalid for a lock that cannot be read."""
        return cls(catalog, read_lock(lock_file) or Lock(), ripeness, only, pending)

    def check(self, use: StepUse, wish: UpdateRequest | None = None) -> UseStatus:
        """Where a use stands, in view of what was asked for. What cannot be read is told, not raised."""
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
            asked = self._show(wish.explicit)
            if not self._allowed(current, asked):
                return UseStatus(use, current, passed_over=_info(asked))
            return self._moved(use, current, asked)
        if use.reference.latest:
            return _told(UseStatus(use, current), current)
        where = current.provenance
        pending = self.pending.get(where.slug) if where.source == LIBRARY_SOURCE else None
        if pending is not None and pending.provenance.version != where.version:
            return _told(self._moved(use, current, pending), pending)
        choice, target, passed_over = self._choose(use, current.versions, where.version, where.blob, current)
        state = self._moved(use, current, target) if target else UseStatus(use, current)
        newest = self._version(use.reference, current.versions[0])
        held_until = self._held_until(use, choice)
        state = replace(state, held_back=choice.held_back, held_until=held_until, passed_over=passed_over)
        return _told(replace(state, base=self._base(newest)), newest)

    def _held_until(self, use: StepUse, choice: VersionChoice) -> str | None:
        held = choice.held_back
        return self.ripeness.day(use.reference.source, held.date) if held else None

    def _allowed(self, current: TemplateDetails, target: TemplateDetails) -> bool:
        """Whether the update asks for no more than it may."""
        return self.only is None or not compare(current.template, target.template).change.graver_than(
            self.only
        )

    def _base(self, newest: TemplateDetails) -> VersionInfo | None:
        """The version that a copy in the library could be brought to."""
        if newest.origin is None:
            return None
        copy = LibraryCopy(newest, newest.origin, newest.patched)
        return newer_base(self.catalog, copy, self.ripeness.until(copy.base_reference.source))

    def _from_unknown(self, use: StepUse, wish: UpdateRequest | None) -> UseStatus:
        """A use of a version that its source doesn't have: it can be updated, but nothing compared."""
        if wish is not None and wish.explicit is not None:
            return UseStatus(use, None, self._show(wish.explicit))
        newest = self._show(Reference(use.reference.source, use.reference.slug))
        choice, target, _ = self._choose(use, newest.versions, -1, "", None)
        state = UseStatus(use, None, target, choice.held_back, held_until=self._held_until(use, choice))
        return _told(state, newest)

    def _choose(
        self,
        use: StepUse,
        versions: Sequence[VersionInfo],
        version: int,
        blob: str,
        current: TemplateDetails | None,
    ) -> tuple[VersionChoice, TemplateDetails | None, VersionInfo | None]:
        """The newest version that is ripe, that nobody has revoked and that asks for no more than it may; and the
        newest that asks for more. Whoever uses a revoked version does not wait for its remedy."""
        left, passed_over = list(versions), None
        revoked = current is not None and _is_revoked(current)
        until = None if revoked else self.ripeness.until(use.reference.source)
        while True:
            choice = choose_version(left, version, blob, until)
            if choice.target is None:
                return choice, None, passed_over
            target = self._version(use.reference, choice.target)
            if not _is_revoked(target):
                if current is None or self._allowed(current, target):
                    return choice, target, passed_over
                passed_over = passed_over or choice.target
            left.remove(choice.target)

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


def _is_revoked(details: TemplateDetails) -> bool:
    return any(notice.standing is NoticeKind.REVOKED for notice in details.notices)


def _info(details: TemplateDetails) -> VersionInfo:
    where = details.provenance
    return VersionInfo(where.version, where.slug, where.blob, where.commit, where.author, where.date, ())


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
