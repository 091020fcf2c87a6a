"""Sending a patch to where the template came from: a branch, ready for a pull request, in a clone of the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.errors import Conflict, Invalid, Unavailable
from registry.git.command import GitFailedError
from registry.git.repository import Repository
from registry.git.settings import read_git_settings
from registry.git.workspace import commit
from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE, Provenance, Reference
from registry.project.source_definition import SourceDefinition
from registry.publishing.patch import LibraryCopy
from registry.template.document import to_folder, write_json


@dataclass(frozen=True, slots=True)
class Contribution:
    """`path` is the changed file (or folder) in the clone at `folder`, `version` its new number there."""

    folder: Path
    branch: str
    path: str
    version: int
    commit: str | None
    url: str


def prepare_contribution(
    catalog: Catalog, copy: LibraryCopy, folder: Path, message: str | None = None, *, dry_run: bool = False
) -> Contribution:
    """Commit a patched copy as the next version of its base, on a branch of its own in a new clone at `folder`.

    Asks no remote; nothing is pushed. Raises Invalid for a copy without changes or without a repository behind
    it, Conflict where the base has moved on, or `folder` isn't empty.
    """
    definition = _source(catalog, copy)
    where = _head(catalog, copy)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(
            "folder-not-empty", f'"{folder}" is not empty', "Name a folder that doesn't exist yet."
        )
    version = where.version + 1
    made = Contribution(folder, f"treadle/{where.slug}-{version}", where.path, version, None, definition.url)
    if dry_run:
        return made
    files = _files(catalog, copy, where.path, version)
    text = message or f"Update {copy.details.template.name} to version {version}"
    try:
        clone = _clone(catalog, definition, made)
        for name, content in files.items():
            (clone.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (clone.folder / name).write_bytes(content)
        settings = read_git_settings(clone)
        return replace(made, commit=commit(clone, settings, sorted(files), f"{text}\n"))
    except GitFailedError as error:
        raise Unavailable("clone-failed", f'no clone could be made in "{folder}": {error.reason}') from error


def _head(catalog: Catalog, copy: LibraryCopy) -> Provenance:
    """What the source holds now, if that is what the copy stands on."""
    base = Reference.parse(copy.base.source)
    where = catalog.show(base).provenance
    if where.blob != copy.base.blob:
        raise Conflict(
            "base-moved",
            f'"{base}" is at version {where.version}, the patch stands on {copy.base.version}',
            hint=f"Bring it along first: `treadle patch library/{copy.slug}`.",
        )
    return where


def _clone(catalog: Catalog, definition: SourceDefinition, made: Contribution) -> Repository:
    from registry.git.transport import clone_from_mirror

    state = catalog.source_summaries(definition.name)[0].state
    assert state is not None, "a template of it was shown"
    mirror = catalog.home.mirror(definition.mirror_key)
    branch = state.ref or "main"
    clone_from_mirror(mirror, definition.mirror_ref, definition.url, branch, made.folder, made.branch)
    return Repository(made.folder)


def _source(catalog: Catalog, copy: LibraryCopy) -> SourceDefinition:
    name = Reference.parse(copy.base.source).source
    if name in (BUILTIN_SOURCE, LIBRARY_SOURCE):
        raise Invalid(
            "no-repository", f'"{copy.base.source}" comes with Treadle: there is no repository to send it to'
        )
    if not copy.patched:
        raise Invalid(
            "not-patched",
            f'"library/{copy.slug}" is as "{copy.base.source}@{copy.base.version}" is: there is nothing to send',
            hint="Change it, publish it to the library, and try again.",
        )
    return catalog.definitions(name)[0]


def _files(catalog: Catalog, copy: LibraryCopy, path: str, version: int) -> Mapping[str, bytes]:
    """The copy in the form that the source has, with the source's next version number."""
    where = copy.details.provenance
    document = catalog.document(Reference(LIBRARY_SOURCE, copy.slug, where.version, blob=where.blob))
    numbered = replace(document, value={**document.value, "Version": version})
    if path.endswith(".json"):
        return {path: write_json(numbered)}
    return {f"{path}/{name}": content for name, content in to_folder(numbered).items()}
