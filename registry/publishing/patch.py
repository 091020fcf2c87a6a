"""Patched copies: a template of another source with local changes that survive its updates.

A copy in the library remembers its base in the trailers of its commit. What was changed here since is the patch;
bringing the copy to a newer base applies it again, by three-way merge.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.details import TemplateDetails
from registry.compatibility.compare import Comparison, compare
from registry.compatibility.migration import choose_version
from registry.compatibility.three_way import Files, MergedFiles, merge_folders, numbered
from registry.errors import Conflict, Invalid, NotFound, UserError
from registry.home import write_atomically
from registry.index.content import read_folder_files
from registry.library.message import commit_message, one_line
from registry.library.origin import Origin
from registry.library.writer import writing
from registry.model import LIBRARY_SOURCE, Problem, Provenance, Reference, Severity, StepTemplate, VersionInfo
from registry.project.project_file import read_versioned_yaml
from registry.publishing.import_ import ImportStatus, import_templates
from registry.template.document import digest, read_folder, to_folder
from registry.template.files import template_files
from registry.template.folder_format import TEMPLATE_FILE
from registry.text.yaml_document import dump_yaml
from registry.validation.check import check_path

NOTE_FILE = ".treadle-merge.yaml"
_MARKERS = (b"<<<<<<< ", b"||||||| ", b">>>>>>> ")


@dataclass(frozen=True, slots=True)
class LibraryCopy:
    """A template of the library that came from another source: `base` is what it stands on, `patched` says that
    it was changed since."""

    details: TemplateDetails
    base: Origin
    patched: bool

    @property
    def slug(self) -> str:
        return self.details.provenance.slug

    @property
    def base_reference(self) -> Reference:
        """The exact base."""
        return replace(Reference.parse(self.base.source), version=self.base.version, blob=self.base.blob)


@dataclass(frozen=True, slots=True)
class RebasedCopy:
    """A copy brought to a newer base. `version` is what it is in the library now (or would be), `commit` None when
    nothing was written; `conflicts` are the files that need a person, and `folder` is where they lie; `template` is
    what it says then, None with conflicts."""

    copy: LibraryCopy
    base: Provenance
    version: int
    comparison: Comparison
    conflicts: tuple[str, ...] = ()
    commit: str | None = None
    folder: Path | None = None
    template: StepTemplate | None = None

    @property
    def becomes(self) -> TemplateDetails | None:
        """What the library shows of it afterwards, also where it was only tried; None with conflicts."""
        if self.template is None:
            return None
        where = replace(self.copy.details.provenance, version=self.version, commit=None)
        return replace(self.copy.details, template=self.template, provenance=where)


def find_copy(catalog: Catalog, slug: str, version: int | None = None) -> LibraryCopy | None:
    """The library's template `slug` as a copy; None where it was written here. Raises NotFound."""
    details = catalog.show(Reference(LIBRARY_SOURCE, slug, version))
    return LibraryCopy(details, details.origin, details.patched) if details.origin else None


def start_patch(
    catalog: Catalog, reference: Reference, slug: str | None = None, *, dry_run: bool = False
) -> LibraryCopy | None:
    """Copy a template to the library, to be changed there; a copy that is there already stays as it is.

    None when it was only tried. Raises as `import_templates`; Conflict where the library has another of that name.
    """
    name = slug if slug is not None else catalog.show(reference).provenance.slug
    try:
        present = find_copy(catalog, name)
    except NotFound:
        present = None
    if (
        present is None
        or present.base.source != f"{reference.source}/{catalog.show(reference).provenance.slug}"
    ):
        import_templates(catalog, [reference], name, dry_run=dry_run)
        present = None if dry_run else find_copy(catalog, name)
    return present


def newer_base(catalog: Catalog, copy: LibraryCopy, ripe_until: datetime | None) -> VersionInfo | None:
    """The newest version that the base has since, committed until `ripe_until`; None where there is none.

    Raises as `Catalog.find`.
    """
    versions = catalog.show(copy.base_reference).versions
    return choose_version(versions, copy.base.version, copy.base.blob, ripe_until).target


def rebase_copy(
    catalog: Catalog, copy: LibraryCopy, onto: VersionInfo, conflicts_in: Path, *, dry_run: bool = False
) -> RebasedCopy:
    """Bring a copy to a newer version of its base: one commit in the library, its next version.

    With conflicts nothing is committed: the merged folder is written to `conflicts_in`, to be corrected and given
    to `finish_merge`; a merge that lies there already stays. Raises Conflict where that folder holds something else, or
    uncommitted changes are in the way.
    """
    target = replace(Reference.parse(copy.base.source), version=onto.version, blob=onto.blob)
    theirs = catalog.show(target)
    comparison = compare(copy.details.template, theirs.template)
    if not copy.patched:
        return _followed(catalog, copy, target, theirs, comparison, dry_run=dry_run)
    version = max(item.version for item in copy.details.versions) + 1
    merged = _merge(catalog, copy, target, version)
    if theirs.provenance.version >= version and _says(merged, theirs):
        # The base has all that was changed here: the copy is an unchanged one again.
        version = theirs.provenance.version
        merged = MergedFiles(numbered(merged.files, version), ())
    template = None if merged.conflicts else read_folder(merged.files, copy.slug).template
    done = RebasedCopy(copy, theirs.provenance, version, comparison, merged.conflicts, template=template)
    if dry_run:
        return done
    origin = Origin.of(copy.slug, theirs.provenance, theirs.digest)
    if merged.conflicts:
        _write_aside(conflicts_in, merged.files, copy, target)
        return replace(done, folder=conflicts_in)
    return replace(done, commit=_commit(catalog, copy, merged.files, origin, version))


def finish_merge(catalog: Catalog, folder: Path) -> RebasedCopy:
    """Commit a merge whose conflicts were resolved in `folder`, and remove it.

    Raises NotFound for a folder that is none of a merge, Invalid with all problems while there are any, Conflict
    where the copy changed meanwhile.
    """
    note = folder / NOTE_FILE
    if not note.is_file():
        raise NotFound(
            "no-merge",
            f'"{folder}" holds no merge of a patched template',
            "It is written by `treadle patch`.",
        )
    _, value = read_versioned_yaml(note, "a note about a merge")
    copy = find_copy(catalog, str(value.get("template")))
    if copy is None or copy.details.provenance.blob != value.get("ours"):
        message = f'"library/{value.get("template")}" changed since the merge in "{folder}" began'
        raise Conflict(
            "copy-changed",
            message,
            f"Remove the folder, and run `treadle patch library/{value.get('template')}`.",
        )
    _refuse_unfinished(folder)
    files = template_files(folder)
    template = read_folder(files, str(folder)).template
    theirs = catalog.show(Reference.parse(str(value.get("onto"))))
    commit = _commit(
        catalog, copy, files, Origin.of(copy.slug, theirs.provenance, theirs.digest), template.version
    )
    shutil.rmtree(folder)
    comparison = compare(copy.details.template, template)
    return RebasedCopy(copy, theirs.provenance, template.version, comparison, commit=commit)


def _followed(
    catalog: Catalog,
    copy: LibraryCopy,
    target: Reference,
    theirs: TemplateDetails,
    comparison: Comparison,
    *,
    dry_run: bool,
) -> RebasedCopy:
    """An unchanged copy simply becomes the newer version."""
    report = import_templates(catalog, [target], copy.slug, dry_run=dry_run)
    assert report.items[0].status is not ImportStatus.ADDED
    version = theirs.provenance.version
    return RebasedCopy(
        copy, theirs.provenance, version, comparison, commit=report.commit, template=theirs.template
    )


def _merge(catalog: Catalog, copy: LibraryCopy, target: Reference, version: int) -> MergedFiles:
    """The three-way merge; a result that is not a template any more is a conflict in its template.yaml."""
    base = to_folder(catalog.document(copy.base_reference))
    ours = read_folder_files(catalog.library.repository, copy.details.provenance.blob)
    theirs = to_folder(catalog.document(target))
    names = (
        f"library/{copy.slug}@{copy.details.provenance.version}",
        f"base {copy.base.version}",
        str(target),
    )
    merged = merge_folders(base, ours, theirs, names, version)
    if not merged.conflicts:
        try:
            read_folder(merged.files, copy.slug)
        except UserError:
            return MergedFiles(merged.files, (TEMPLATE_FILE,))
    return merged


def _says(merged: MergedFiles, theirs: TemplateDetails) -> bool:
    """Whether the merge came to exactly what the new base says."""
    if merged.conflicts:
        return False
    return digest(read_folder(numbered(merged.files, theirs.provenance.version))) == theirs.digest


def _commit(catalog: Catalog, copy: LibraryCopy, files: Files, origin: Origin, version: int) -> str:
    name = copy.details.template.name
    subject = one_line(f"Bring {name} to {origin.source} {origin.version}")
    trailers = [("Publish", f"{copy.slug}@{version}"), *origin.trailers()]
    message = commit_message(subject, trailers, "The local changes were applied again.")
    with writing(catalog.library, "patch") as writer:
        now = find_copy(catalog, copy.slug)
        if now is None or now.details.provenance != copy.details.provenance:
            raise Conflict(
                "copy-changed", f'"library/{copy.slug}" changed meanwhile', "Run the command again."
            )
        return writer.commit({copy.slug: files}, message)


def _write_aside(folder: Path, files: Files, copy: LibraryCopy, target: Reference) -> None:
    if (folder / NOTE_FILE).is_file():
        return  # somebody is at work on it
    if folder.exists():
        message = f'"{folder}" is in the way: the merge would be written there'
        raise Conflict("folder-exists", message, "Move it, and run the command again.")
    note = {
        "version": 1,
        "template": copy.slug,
        "ours": copy.details.provenance.blob,
        "onto": str(target),
    }
    for name, content in {**files, NOTE_FILE: dump_yaml(note).encode()}.items():
        write_atomically(folder / name, content)


def _refuse_unfinished(folder: Path) -> None:
    problems = list(_markers_left(folder))
    if not problems:
        found = (problem for checked in check_path(folder) for problem in checked.problems)
        problems = [problem for problem in found if problem.severity is Severity.ERROR]
    if problems:
        message = f'the merge in "{folder}" is not finished'
        raise Invalid(
            "merge-unfinished", message, f"Then run again: `treadle patch --resolve {folder}`.", problems
        )


def _markers_left(folder: Path) -> Iterator[Problem]:
    for name, content in template_files(folder).items():
        for number, line in enumerate(content.splitlines(), 1):
            if line.startswith(_MARKERS):
                message = "a conflict marker is left: decide what is right here, and remove it"
                yield Problem(message, "conflict-marker", file=str(folder / name), line=number, column=1)
