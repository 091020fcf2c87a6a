"""Who uses a template: over projects, their work trees and branches, and their locks.

A template is the same wherever it is reached from: what one project calls `library/notify` another may call
`team/notify`. A project is read as it lies there, and as each branch of its repository holds it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from registry.errors import Invalid, UserError
from registry.git.command import GitFailedError
from registry.git.repository import Repository
from registry.home import Home, real_path
from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE, Problem, Reference, Severity
from registry.project.lock_file import LOCK_FILE, Lock, parse_lock
from registry.project.process_file import MAX_BYTES, SUFFIXES, is_ignored, parse_process_file, template_uses
from registry.project.project_file import PROJECT_FILE, ProjectSettings, find_project
from registry.project.source_definition import read_address, unknown_source
from registry.project.source_settings import source_definitions

WORK_TREE = "work tree"


@dataclass(frozen=True, slots=True)
class Usage:
    """A step that uses a template, or an entry of a lock (`step` None).

    `file` is relative to `project`, `line` 1-based. `version` is the one in use, None where that is simply the
    latest. `places` are the branches that say so, and WORK_TREE.
    """

    project: Path
    file: str
    line: int | None
    step: str | None
    reference: str
    version: int | None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UsageReport:
    """`searched` are the folders of all projects that were read, `problems` what could not be."""

    usages: tuple[Usage, ...]
    searched: tuple[Path, ...]
    problems: tuple[Problem, ...]


def find_usage(
    home: Home,
    reference: Reference,
    asking: ProjectSettings | None,
    folders: Iterable[Path],
    environ: Mapping[str, str] | None = None,
) -> UsageReport:
    """Every use of the template that `reference` means for the project `asking`, in the projects in `folders`.

    A reference with a version means uses of that version only. Raises NotFound for an unknown source.
    """
    env = os.environ if environ is None else environ
    wanted = _meanings(home, asking, env).get(reference.source)
    if wanted is None:
        raise unknown_source(reference.source, list(_meanings(home, asking, env)))
    usages: list[Usage] = []
    problems: list[Problem] = []
    searched = tuple(dict.fromkeys(real_path(folder) for folder in folders))
    for folder in searched:
        try:
            project = find_project(folder)
            meanings = _meanings(home, project, env)
            names = {name for name, meaning in meanings.items() if meaning & wanted}
            usages += _merged(_usages(folder, project, names, reference.slug))
            problems += _unreadable(folder, project)
        except (UserError, GitFailedError) as error:
            hint = "It may use the template: look yourself."
            message = f'"{folder}" could not be read: {error}'
            problems.append(Problem(message, "project-unreadable", hint=hint, severity=Severity.WARNING))
    if reference.version is not None:
        usages = [usage for usage in usages if usage.version in (reference.version, None)]
    return UsageReport(tuple(usages), searched, tuple(problems))


def _meanings(
    home: Home, project: ProjectSettings | None, env: Mapping[str, str]
) -> Mapping[str, frozenset[str]]:
    """What each source name stands for in a project: the addresses that mean the same repository."""
    library = project.library if project and project.library else home.library
    definitions = source_definitions(home, project, env)
    return {
        BUILTIN_SOURCE: frozenset({BUILTIN_SOURCE}),
        LIBRARY_SOURCE: frozenset(_addresses(library)),
        **{name: frozenset({definition.url}) for name, definition in definitions.items()},
    }


def _addresses(library: Path) -> Iterator[str]:
    """Where a library is, and where it comes from and goes to."""
    yield str(real_path(library))
    if library.is_dir():
        for url in Repository(library).remotes():
            with suppress(Invalid):
                yield read_address(url, library)[0]


def _merged(usages: Iterable[Usage]) -> list[Usage]:
    """Uses that several places have alike, once, with all of them."""
    places: dict[Usage, list[str]] = {}
    for usage in usages:
        places.setdefault(replace(usage, places=()), []).extend(usage.places)
    return [replace(usage, places=tuple(found)) for usage, found in places.items()]


def _usages(folder: Path, project: ProjectSettings | None, names: set[str], slug: str) -> Iterator[Usage]:
    for place, files in _places(folder, project):
        yield from (replace(usage, places=(place,)) for usage in _in_files(folder, files, names, slug))


def _unreadable(folder: Path, project: ProjectSettings | None) -> Iterator[Problem]:
    """Processes of the work tree that may use the template, and cannot be read."""
    for file, data in _work_tree(folder, project).items():
        process = parse_process_file(folder / file, data, str(folder / file)) if file != LOCK_FILE else None
        if process is not None and process.error is not None:
            hint = "The process may use the template: look yourself."
            for problem in process.error.findings:
                yield replace(problem, code="process-unreadable", hint=hint, severity=Severity.WARNING)


def _in_files(folder: Path, files: Mapping[str, bytes], names: set[str], slug: str) -> Iterator[Usage]:
    lock = _read_lock(files.get(LOCK_FILE))
    seen = set()
    for file, data in files.items():
        for use in template_uses(data, file):
            reference = use.reference
            if reference.source in names and reference.slug == slug:
                seen.add(str(reference))
                version = _version(reference, lock)
                yield Usage(folder, file, use.line, use.step, str(reference), version)
    for text, entry in lock.templates.items():
        reference = Reference.parse(text)
        if reference.source in names and reference.slug == slug and text not in seen:
            yield Usage(folder, LOCK_FILE, None, None, text, entry.version)


def _version(reference: Reference, lock: Lock) -> int | None:
    entry = lock.templates.get(str(reference))
    if entry is not None:
        return entry.version
    return None if reference.open else reference.version


def _read_lock(data: bytes | None) -> Lock:
    try:
        return parse_lock(data, LOCK_FILE) if data is not None else Lock()
    except UserError:
        return Lock()


# --- files of a project, in its work tree and in every branch


def _places(folder: Path, project: ProjectSettings | None) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Each place with its process files and its lock, by their paths in the project."""
    yield WORK_TREE, _work_tree(folder, project)
    repository = Repository(folder)
    root = repository.root()
    if root is None:
        return
    inside = folder.relative_to(root).as_posix()
    prefix = "" if inside == "." else f"{inside}/"
    library, ignore = (project.library, project.ignore) if project else (None, ())
    held = (
        f"{library.relative_to(folder).as_posix()}/" if library and library.is_relative_to(folder) else None
    )
    for branch, commit in repository.branches().items():
        found = {
            entry.path.removeprefix(prefix): entry.id
            for entry in repository.entries(commit)
            if entry.path.startswith(prefix) and _is_wanted(entry.path.removeprefix(prefix), held, ignore)
        }
        sizes = repository.sizes(list(found.values()))
        small = [blob for blob in found.values() if sizes.get(blob, 0) <= MAX_BYTES]
        contents = dict(repository.blobs(small))
        yield branch, {path: contents[blob] for path, blob in found.items() if blob in contents}


def _work_tree(folder: Path, project: ProjectSettings | None) -> Mapping[str, bytes]:
    library, ignore = (project.library, project.ignore) if project else (None, ())
    files = {}
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and real_path(here / name) != library
        )
        for name in sorted(names):
            path = here / name
            relative = path.relative_to(folder).as_posix()
            if _is_wanted(relative, None, ignore) and path.is_file() and path.stat().st_size <= MAX_BYTES:
                files[relative] = path.read_bytes()
    return files


def _is_wanted(path: str, library: str | None, ignore: Sequence[str]) -> bool:
    """Whether a file may be a process, or is the lock; `library` is the folder of the library, with a slash."""
    parts = path.split("/")
    if any(part.startswith(".") for part in parts) or (library and path.startswith(library)):
        return False
    if path == LOCK_FILE:
        return True
    return path.endswith(SUFFIXES) and parts[-1] != PROJECT_FILE and not is_ignored(path, ignore)
