"""Taking in a share bundle: its templates into the library, its processes and their lock into the project.

A template that can be reached here already, with the same content, stays where it is. The others become versions
of the library, under the numbers they have; a number never gets a second meaning. Processes come with exact
references: what was shared is what runs. The same bundle again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from registry.catalog.catalog import Catalog
from registry.catalog.locking import lock_entry
from registry.errors import Conflict, NotFound
from registry.index.entry import Entry
from registry.library.message import one_line
from registry.library.origin import Origin, import_message
from registry.library.writer import LibraryWriter, writing
from registry.model import LIBRARY_SOURCE, Reference
from registry.project.lock_file import LOCK_FILE, Lock, read_lock, write_lock
from registry.project.process_file import repoint
from registry.project.project_file import read_versioned_yaml
from registry.publishing.uniqueness import Identity, check_unique, identity_of
from registry.sharing.bundle import Bundle, Needs, SharedTemplate, references_of
from registry.template.files import write_files


class TemplateStatus(StrEnum):
    PRESENT = "present"
    ADDED = "added"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class BundledTemplate:
    """`reference` is the exact one that the content has here."""

    shared: SharedTemplate
    reference: Reference
    status: TemplateStatus


@dataclass(frozen=True, slots=True)
class BundleImport:
    """What a bundle becomes here. `processes` are all its files by path, `changed` those to be written;
    `lock_changed` whether treadle.lock is one of them; `commit` is the library's, None where nothing came to it,
    or it was only tried."""

    templates: tuple[BundledTemplate, ...]
    processes: Mapping[Path, bytes]
    changed: tuple[Path, ...]
    lock_changed: bool
    commit: str | None = None


def import_bundle(
    catalog: Catalog, bundle: Bundle, folder: Path, *, force: bool = False, dry_run: bool = False
) -> BundleImport:
    """Take a bundle into the library and the project in `folder`.

    Everything that can be refused is refused before the first byte is written: Conflict where a file has other
    content (unless `force`), a template's name, title or id is taken, its number has another content, or the
    library's copy was changed. The library gets its commits first; killed after that, the same again completes it.
    """
    head = catalog.library.head()
    planned = _plan(catalog, bundle, folder, force)
    if dry_run:
        return planned
    commit = None
    new = any(item.status is not TemplateStatus.PRESENT for item in planned.templates)
    if new or head is not None:  # which also finishes what a killed process left there
        with writing(catalog.library, "import") as writer:
            if writer.tip.commit != head:
                planned = _plan(catalog, bundle, folder, force)
            commit = _write_templates(writer, planned.templates, bundle.name)
    write_files(planned.processes, force=force, dry_run=False)
    known = read_lock(folder / LOCK_FILE)
    lock = _lock(catalog, _used(planned.templates, bundle), known)
    if lock is not None and lock != known:
        write_lock(folder / LOCK_FILE, lock)
    return replace(planned, lock_changed=lock != known, commit=commit)


def _plan(catalog: Catalog, bundle: Bundle, folder: Path, force: bool) -> BundleImport:
    templates = tuple(_Classifier(catalog, catalog.library_entries()).all(bundle.templates))
    references = {name: str(item.reference) for item in templates for name in item.shared.references}
    processes = {folder / name: repoint(data, name, references) for name, data in bundle.processes.items()}
    changed = write_files(processes, force=force, dry_run=True)
    known = read_lock(folder / LOCK_FILE)
    missing = {str(name) for name in _used(templates, bundle)} - set(known.templates if known else ())
    return BundleImport(templates, processes, changed, bool(missing))


def _used(templates: Sequence[BundledTemplate], bundle: Bundle) -> list[Reference]:
    """What the bundle's processes use, as it is called here."""
    names = {str(reference) for reference in references_of(list(bundle.processes.values()))}
    return [item.reference for item in templates if names.intersection(item.shared.references)]


# --- templates


@dataclass(frozen=True, slots=True)
class _Classifier:
    """Judges templates by the library's head, and by those judged before: `coming` are their digests by slug and
    version, `asked` their claims."""

    catalog: Catalog
    entries: Sequence[Entry]
    coming: dict[tuple[str, int], str] = field(default_factory=dict)
    asked: list[Identity] = field(default_factory=list)

    def all(self, shared: Sequence[SharedTemplate]) -> Iterator[BundledTemplate]:
        """What becomes of each template, older versions first."""
        for item in sorted(shared, key=lambda item: (item.version, item.slug, item.provenance.source)):
            yield self._present_elsewhere(item) or self._in_library(item)

    def _present_elsewhere(self, item: SharedTemplate) -> BundledTemplate | None:
        source = item.provenance.source
        there = None if source == LIBRARY_SOURCE else _present(self.catalog, source, item.slug, item)
        return BundledTemplate(item, there, TemplateStatus.PRESENT) if there else None

    def _in_library(self, item: SharedTemplate) -> BundledTemplate:
        slug = _slug(item, self.entries)
        reference = Reference(LIBRARY_SOURCE, slug, item.version)
        if self.coming.get((slug, item.version)) == item.digest or _present(
            self.catalog, LIBRARY_SOURCE, slug, item
        ):
            return BundledTemplate(item, reference, TemplateStatus.PRESENT)
        if (slug, item.version) in self.coming:
            raise Conflict("version-clash", f'the bundle has two contents for "{reference}"')
        self._claim(slug, item)
        entry = next((entry for entry in self.entries if entry.slug == slug), None)
        if entry is not None:
            _refuse_other(self.catalog, item, entry)
        self.coming[slug, item.version] = item.digest
        status = TemplateStatus.UPDATED if entry else TemplateStatus.ADDED
        return BundledTemplate(item, reference, status)

    def _claim(self, slug: str, item: SharedTemplate) -> None:
        template = item.document.template
        owner = f'the bundle\'s "{item.provenance.source}/{item.slug}"'
        claim = Identity(slug, template.name, template.id, owner)
        held = [identity_of(entry) for entry in self.entries]
        check_unique(claim, (other for other in [*self.asked, *held] if not other.is_same(claim)))
        self.asked.append(claim)


def _present(catalog: Catalog, source: str, slug: str, item: SharedTemplate) -> Reference | None:
    """The exact reference under which this content can be reached here already."""
    reference = Reference(source, slug, item.version)
    try:
        found = catalog.copy(reference)
    except NotFound:
        return None
    return reference if found.digest == item.digest else None


def _slug(item: SharedTemplate, entries: Sequence[Entry]) -> str:
    """Its name in the library: that of the template with the same id, which may have been renamed here."""
    identity = item.document.template.id.casefold()
    same = [entry.slug for entry in entries if identity and entry.guid.casefold() == identity]
    return same[0] if same and item.slug not in same else item.slug


def _refuse_other(catalog: Catalog, item: SharedTemplate, entry: Entry) -> None:
    """Raises Conflict where the library's template cannot get this content as a newer version."""
    name = f"{LIBRARY_SOURCE}/{entry.slug}"
    if any(version.version == item.version for version in catalog.versions(Reference.parse(name))):
        raise Conflict(
            "version-clash",
            f'"{name}@{item.version}" is another content here than in the bundle',
            hint="A number has one meaning in a library. Have the sender publish a new version and export again.",
        )
    if item.version < entry.version:
        raise Conflict(
            "version-older",
            f'the library has "{name}@{entry.version}", and the bundle the older version {item.version}',
            hint="Have the sender update and export again.",
        )
    origin = catalog.library.origin(entry.slug)
    if origin is not None and catalog.copy(Reference.parse(name)).digest != origin.digest:
        raise Conflict(
            "template-modified",
            f'"{name}" was changed here after its import from "{origin.source}@{origin.version}"',
            hint="Publish your changes under another name, remove this copy, and import again.",
        )


def _write_templates(writer: LibraryWriter, templates: Sequence[BundledTemplate], sender: str) -> str | None:
    """The new contents in one commit, further versions of the same templates in further ones; all of them become
    visible at once."""
    rounds: list[list[BundledTemplate]] = []
    seen: Counter[str] = Counter()
    for item in templates:
        if item.status is not TemplateStatus.PRESENT:
            if seen[item.reference.slug] == len(rounds):
                rounds.append([])
            rounds[seen[item.reference.slug]].append(item)
            seen[item.reference.slug] += 1
    if not rounds:
        return None
    return writer.commit_series(
        [
            ({item.reference.slug: item.shared.files for item in items}, _message(items, sender))
            for items in rounds
        ]
    )


def _message(items: Sequence[BundledTemplate], sender: str) -> str:
    named = [(item.shared.document.template.name, _origin(item, sender)) for item in items]
    return import_message(named, f" from {sender}")


def _origin(item: BundledTemplate, sender: str) -> Origin:
    """Where the content comes from: the sender's source, or what the sender's library had it from."""
    shared, where = item.shared, item.shared.provenance
    if shared.origin and shared.origin.digest == shared.digest:
        return replace(shared.origin, template=item.reference.slug)
    if where.source == LIBRARY_SOURCE:
        where = replace(where, source=one_line(sender))
    return Origin.of(item.reference.slug, where, shared.digest)


# --- what the processes need


def missing_needs(needs: Needs, project_file: Path | None) -> Needs:
    """What of the needs the project doesn't define. Names are compared without case."""
    value: Mapping[str, Any] = read_versioned_yaml(project_file, "a project")[1] if project_file else {}
    variables, environments = (_folded(value.get(key) or {}) for key in ("variables", "environments"))
    targets = (value.get("targets") or {}).values()
    roles = _folded(role for target in targets for role in target.get("roles", ()))
    return Needs(
        tuple(item for item in needs.variables if item.name.casefold() not in variables),
        tuple(name for name in needs.roles if name.casefold() not in roles),
        tuple(name for name in needs.environments if name.casefold() not in environments),
    )


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


# --- the lock


def _lock(catalog: Catalog, references: Sequence[Reference], known: Lock | None) -> Lock | None:
    """The project's lock with these references in it, too; what was locked before stays."""
    if not references:
        return known
    before = known or Lock()
    entries = {str(reference): lock_entry(catalog, reference) for reference in references}
    return Lock({**entries, **before.templates}, before.images)
