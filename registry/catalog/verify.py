"""`verify`: whether every byte that the registry keeps is the one that was put there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.notices import notices_altered
from registry.catalog.sources import OpenSource
from registry.errors import UserError
from registry.git.command import GitFailedError
from registry.git.repository import Repository
from registry.index.database import Index, SourceState
from registry.index.writer import IndexTarget, index_repository
from registry.model import LIBRARY_SOURCE, Problem, Reference
from registry.project.lock_file import Lock


def verify(catalog: Catalog, lock: Lock | None) -> list[Problem]:
    """What is not as it was: in the mirrors, the library and its work tree, the index, the lock. Asks no remote.

    Every git object is hashed again, the index is made again beside the real one, every locked content is read
    and its digest compared. Raises IndexDamagedError.
    """
    catalog.index.check()
    problems = list(_verify_library(catalog))
    for source in catalog.open_sources():
        problems += _verify_source(catalog, source)
    for reference, entry in (lock.templates if lock else {}).items():
        try:
            catalog.find(Reference.parse(reference), entry)
            if not catalog.has_origin(Reference.parse(reference), entry):
                problems.append(_other_origin(reference))
        except UserError as error:
            problems.append(Problem(error.message, error.code, reference, error.hint))
    return problems


def _other_origin(reference: str) -> Problem:
    message = f'"{reference}" is locked to an address, path or commit that its content does not come from'
    hint = "If the source has moved or rewrote its history, run `treadle lock --renew`."
    return Problem(message, "locked-origin-altered", reference, hint)


def _verify_library(catalog: Catalog) -> Iterator[Problem]:
    """A library that cannot be read looks like one that has nothing yet."""
    library = catalog.library
    if library.head() is not None or not library.folder.is_dir() or not any(library.folder.iterdir()):
        return
    try:
        library.repository.check_objects()
        if not (library.repository.git_folder() / "logs/HEAD").is_file():
            return
        reason = "its branch is gone"
    except GitFailedError as error:
        reason = error.reason
    message = f'the library "{library.folder}" is damaged: {reason}'
    yield Problem(message, "objects-damaged", LIBRARY_SOURCE, "Restore it from a clone.")


def _verify_source(catalog: Catalog, source: OpenSource) -> Iterator[Problem]:
    if source.git is None:
        return
    repository = Repository(source.git, trusted=source.mirrored)
    try:
        repository.check_objects()
    except GitFailedError as error:
        hint = (
            f"Fetch it again: `treadle source sync {source.name} --again`."
            if source.mirrored
            else "Restore it from a clone."
        )
        yield Problem(
            f'source "{source.name}" is damaged: {error.reason}', "objects-damaged", source.name, hint
        )
        return
    if _indexed_anew(repository, source.state) != catalog.index.all_facts(source.state.id):
        message = f'the index of source "{source.name}" does not say what git says'
        hint = f'Delete "{catalog.home.index_file}": it is made again.'
        yield Problem(message, "index-altered", source.name, hint)
    altered = notices_altered(catalog.home, source)
    if altered is not None:
        message = f'the notices kept of source "{source.name}" are not what its commit says'
        yield Problem(message, "notices-altered", source.name, f'Delete "{altered}": it is made again.')
    if source.name == LIBRARY_SOURCE:
        yield from _verify_work_tree(catalog)


def _indexed_anew(repository: Repository, state: SourceState) -> list[tuple[object, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder) / "index.sqlite")
        target = IndexTarget(state.key, state.name, state.ref, state.folder, state.commit)
        index_repository(index, repository, target)
        made = index.source(state.key)
        rows = index.all_facts(made.id) if made else []
        index.close()
    return rows


def _verify_work_tree(catalog: Catalog) -> Iterator[Problem]:
    for path in catalog.library.changed_files():
        message = f'"{path}" of the library is not what its last commit holds'
        yield Problem(message, "work-tree-altered", path, "Publish it, or restore it with git.")
