"""Updating the steps of a project to newer versions of their templates.

First where each use stands, then what an update would do to it, then the edit of the process file, the lock and,
if asked for, a commit. Only what changes its meaning is touched in a file; all else stays, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from registry.catalog import Catalog
from registry.compare import Comparison, compare, interface_breaks
from registry.details import TemplateDetails, VersionInfo
from registry.errors import NotFound, UserError
from registry.lock import Lock, read_lock
from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE, Deprecation, Reference
from registry.patching import Copy, newer_base
from registry.updates import Merge, choose_version, merge_values
from runner.planner import violation
from runner.uses import Use

_VERSION_UNKNOWN = frozenset({"version-not-found", "variant-not-found"})
_OWN_SOURCES = (BUILTIN_SOURCE, LIBRARY_SOURCE)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a use stands.

    `current` is what it uses now (None for a version that its source doesn't have),
    `target` what it can be updated to, `held_back` the newest version if that is
    too fresh; `deprecated` and `deleted` are the source's word on the template; `error` says why nothing can be
    told. `base` is a newer version of the template that it uses a copy of.
    """

    use: Use
    current: TemplateDetails | None = None
    target: TemplateDetails | None = None
    held_back: VersionInfo | None = None
    comparison: Comparison | None = None
    deprecated: Deprecation | None = None
    deleted: bool = False
    base: VersionInfo | None = None
    error: UserError | None = None

    @property
    def outdated(self) -> bool:
        """Whether there is something to do about it now."""
        told = self.deprecated is not None or self.deleted
        return self.target is not None or self.base is not None or told

    @property
    def notable(self) -> bool:
        return self.outdated or self.held_back is not None or self.error is not None


@dataclass(frozen=True, slots=True)
class StepUpdate:
    """What an update does to one use. `reference` is what the step uses afterwards; it stays the same where the
    lock alone decides. `waits_for` names a step that shares the lock's entry and is not ready."""

    standing: Standing
    reference: Reference
    merge: Merge
    waits_for: str | None = None

    @property
    def use(self) -> Use:
        return self.standing.use

    @property
    def target(self) -> TemplateDetails:
        assert self.standing.target is not None
        return self.standing.target

    @property
    def ready(self) -> bool:
        return self.merge.complete and self.waits_for is None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for: this template, this version of it; `to` another template in its place."""

    reference: Reference
    to: Reference | None = None

    def concerns(self, use: Use) -> bool:
        return (use.reference.source, use.reference.slug) == (self.reference.source, self.reference.slug)

    @property
    def explicit(self) -> Reference | None:
        """The version that was asked for by name, if one was."""
        if self.to is not None:
            return self.to
        return self.reference if self.reference.version is not None or self.reference.latest else None


@dataclass(frozen=True)
class Surveyor:
    """Looks at uses. `ripe_until` is the instant after which versions are too fresh, None for no cool-down; the
    team's own sources know none."""

    catalog: Catalog
    lock: Lock
    ripe_until: datetime | None
    _details: dict[Reference, TemplateDetails] = field(default_factory=dict)

    @classmethod
    def open(cls, catalog: Catalog, lock_file: Path, now: datetime, cool_down: timedelta) -> Surveyor:
        """Raises Invalid for a lock that can't be read."""
        lock = read_lock(lock_file) or Lock()
        return cls(catalog, lock, now - cool_down if cool_down else None)

    def stand(self, use: Use, wish: Wish | None = None) -> Standing:
        """Where a use stands, in view of what was asked for. What can't be read is told, not raised."""
        try:
            return self._stand(use, wish)
        except UserError as error:
            return Standing(use, error=error)

    def _stand(self, use: Use, wish: Wish | None) -> Standing:
        try:
            current = self._show(self._exact(use.reference))
        except NotFound as error:
            if error.code not in _VERSION_UNKNOWN:
                raise
            return self._from_unknown(use, wish)
        if wish is not None and wish.explicit is not None:
            return self._moved(use, current, self._show(wish.explicit))
        if use.reference.latest:
            return _told(Standing(use, current), current)
        where = current.provenance
        choice = choose_version(current.versions, where.version, where.blob, self._ripe_until(use))
        target = self._version(use.reference, choice.target) if choice.target else None
        standing = self._moved(use, current, target) if target else Standing(use, current)
        newest = self._version(use.reference, current.versions[0])
        return _told(replace(standing, held_back=choice.held_back, base=self._base(newest)), newest)

    def _base(self, newest: TemplateDetails) -> VersionInfo | None:
        """The version that a copy in the library could be brought to."""
        if newest.origin is None:
            return None
        copy = Copy(newest, newest.origin, newest.patched)
        ripe_until = None if copy.base_reference.source in _OWN_SOURCES else self.ripe_until
        return newer_base(self.catalog, copy, ripe_until)

    def _from_unknown(self, use: Use, wish: Wish | None) -> Standing:
        """A use of a version that its source doesn't have: it can be updated, but nothing compared."""
        if wish is not None and wish.explicit is not None:
            return Standing(use, None, self._show(wish.explicit))
        newest = self._show(Reference(use.reference.source, use.reference.slug))
        choice = choose_version(newest.versions, -1, "", self._ripe_until(use))
        target = self._version(use.reference, choice.target) if choice.target else None
        return _told(Standing(use, None, target, choice.held_back), newest)

    def _ripe_until(self, use: Use) -> datetime | None:
        return None if use.reference.source in _OWN_SOURCES else self.ripe_until

    def _moved(self, use: Use, current: TemplateDetails, target: TemplateDetails) -> Standing:
        if target.provenance == current.provenance:
            return Standing(use, current)
        return Standing(use, current, target, comparison=compare(current.template, target.template))

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
        standings: Iterable[Standing],
        given: Mapping[str, str],
        wish: Wish | None = None,
        *,
        accepted: bool = False,
    ) -> list[StepUpdate]:
        """The updates of those that have a target. `given` are values by parameter, `accepted` as in
        `merge_values`."""
        found = []
        for standing in standings:
            if standing.target is not None:
                old = standing.current.template if standing.current else None
                new = standing.target.template
                merge = merge_values(old, new, standing.use.values, given, violation, accepted=accepted)
                found.append(StepUpdate(standing, self._reference(standing, wish), merge))
        return found

    def _reference(self, standing: Standing, wish: Wish | None) -> Reference:
        """What the process says after the update."""
        assert standing.target is not None
        was, where = standing.use.reference, standing.target.provenance
        named = wish.to if wish and wish.to else was
        asked = wish.explicit if wish else None
        if named is was and str(was) in self.lock.templates and self._still_fits(was, standing.target):
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


def _told(standing: Standing, newest: TemplateDetails) -> Standing:
    """The standing with what the newest version says of the template."""
    return replace(standing, deprecated=newest.template.deprecated, deleted=newest.deleted)


def hold_together(updates: Sequence[StepUpdate]) -> list[StepUpdate]:
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
