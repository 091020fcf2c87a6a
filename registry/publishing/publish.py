"""Publishing: a template that somebody wrote becomes the library's next version of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from registry.catalog.catalog import Catalog
from registry.catalog.sources import library_state
from registry.compatibility.compare import Comparison, compare
from registry.errors import Conflict, Invalid
from registry.index.content import read_content, read_folder_files
from registry.index.database import Index
from registry.library.library import Library
from registry.library.message import commit_message, one_line
from registry.library.writer import writing
from registry.lint.linter import lint
from registry.model import Problem, Severity, StepTemplate, TemplateForm
from registry.publishing.uniqueness import Identity, check_slug, check_unique, library_identities
from registry.template.document import TemplateDocument, read_folder, read_template, to_folder
from registry.template.files import read_bytes, template_files
from registry.template.folder_format import TEMPLATE_FILE
from registry.text.yaml_edit import set_number
from registry.validation.check import check_path

# The library gives the number, so nobody has to raise it.
_GIVEN_HERE = ("version-not-raised",)


@dataclass(frozen=True, slots=True)
class Published:
    """`previous` is the version that the library had, None for a new template; `commit` None: it was only
    tried; `warnings` are those of validation and lint."""

    slug: str
    name: str
    version: int
    previous: int | None
    comparison: Comparison | None
    commit: str | None
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is to be published: the files of its folder, with whatever version they say."""

    slug: str
    files: Mapping[str, bytes]
    template: StepTemplate
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _NextVersion:
    """The next version, on top of one commit of the library."""

    files: Mapping[str, bytes]
    published: Published


def publish(
    catalog: Catalog,
    path: Path,
    slug: str | None = None,
    message: str | None = None,
    *,
    push: bool = False,
    dry_run: bool = False,
) -> Published:
    """Commit the template folder or JSON file at `path` as the next version in the library.

    The version is the highest that the library ever had of it, plus one; what the file says counts for a new
    template only. With `push` the commit is made on top of what the remote holds and is shared before it shows
    here. Publishing the library's own folder `slug` publishes the edits in its work tree.

    Raises Invalid with all problems of the template, Conflict where nothing changed, a slug, title or id is
    taken, the id is another than before, or uncommitted changes are in the way; Unavailable for a remote.
    """
    index, library = catalog.index, catalog.library
    draft = _read(path, slug)
    if dry_run:
        return _next_version(index, library, library.head(), draft).published
    in_place = path.resolve() == (library.folder / draft.slug).resolve()
    edited = (draft.slug,) if in_place else ()
    with writing(library, "publish") as writer:
        made: list[_NextVersion] = []

        def prepare(base: str | None) -> tuple[Mapping[str, Mapping[str, bytes]], str]:
            made.append(_next_version(index, library, base, draft))
            return {draft.slug: made[-1].files}, _message(made[-1].published, message)

        commit = (
            writer.commit_and_push(prepare, edited)
            if push
            else writer.commit(*prepare(library.head()), edited)
        )
    return replace(made[-1].published, commit=commit)


def _read(path: Path, slug: str | None) -> _Draft:
    """The template at `path`, validated and linted. Raises Invalid with every problem it has."""
    problems = [problem for checked in check_path(path) for problem in checked.problems]
    if not any(problem.severity is Severity.ERROR for problem in problems):
        problems += lint([path], ignore=_GIVEN_HERE).problems
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        message = f'"{path}" can\'t be published: it has {len(errors)} problem' + (
            "s" if len(errors) > 1 else ""
        )
        hint = f"Correct it, then check: treadle validate {path} && treadle lint {path}"
        raise Invalid("template-invalid", message, hint, problems)
    if path.is_dir():
        files = template_files(path)
        document = read_folder(files, str(path))
    else:
        document = read_template(read_bytes(path), str(path))
        files = to_folder(document)
    name = slug if slug is not None else path.resolve().name if path.is_dir() else path.stem
    check_slug(name)
    return _Draft(name, files, document.template, tuple(problems))


def _next_version(index: Index, library: Library, base: str | None, draft: _Draft) -> _NextVersion:
    """The draft as the next version on top of `base`."""
    state = library_state(index, library, base)
    claim = Identity(draft.slug, draft.template.name, draft.template.id, f'"{draft.slug}"')
    check_unique(claim, (other for other in library_identities(index, state) if other.slug != draft.slug))
    record = index.head_record(state.id, draft.slug) if state else None
    if state is None or record is None:
        number = max(draft.template.version, 1)
        published = Published(draft.slug, draft.template.name, number, None, None, None, draft.warnings)
        return _NextVersion(_with_version(draft.files, number), published)
    old = read_content(library.repository, record)
    _refuse_other(draft, old)
    if record.shape is TemplateForm.FOLDER:
        present = read_folder_files(library.repository, record.id)
        if _with_version(draft.files, record.version) == present:
            raise Conflict(
                "nothing-changed", f'"{draft.slug}" is the library\'s version {record.version} already'
            )
    ever = index.records(state.id, record.lineage)
    number = max(item.version for item in ever if item.main) + 1
    published = Published(
        slug=draft.slug,
        name=draft.template.name,
        version=number,
        previous=record.version,
        comparison=compare(old.template, draft.template),
        commit=None,
        warnings=draft.warnings,
    )
    return _NextVersion(_with_version(draft.files, number), published)


def _refuse_other(draft: _Draft, old: TemplateDocument) -> None:
    if draft.template.id.casefold() != old.template.id.casefold():
        raise Conflict(
            "id-changed",
            f'"{draft.slug}" has the id {draft.template.id or "-"}, the library\'s has {old.template.id}',
            hint="An id never changes: take the old one, or publish under another name with --as.",
        )


def _with_version(files: Mapping[str, bytes], number: int) -> dict[str, bytes]:
    """The files with that version in template.yaml; every other byte of it stays."""
    text = files[TEMPLATE_FILE].decode("utf-8-sig")
    return {**files, TEMPLATE_FILE: set_number(text, "version", number).encode()}


def _message(published: Published, message: str | None) -> str:
    trailers = [("Publish", f"{published.slug}@{published.version}")]
    if published.comparison:
        trailers.append(("Change", published.comparison.change.value))
    return commit_message(message or one_line(f"Publish {published.name} {published.version}"), trailers)
