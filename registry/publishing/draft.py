"""A draft: the template that somebody wrote, read and checked once, and brought up to what was published of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from registry.compatibility.three_way import Files, numbered
from registry.errors import Invalid, UserError
from registry.home import real_path, write_atomically
from registry.library.library import Library
from registry.lint.linter import lint_subjects
from registry.lint.subject import Subject, subject_of
from registry.model import Problem, Severity, StepTemplate
from registry.template.document import TemplateDocument, read_folder, to_folder, write_json
from registry.template.folder_format import TEMPLATE_FILE
from registry.template.portable import check_names, check_slug
from registry.text.json_document import JsonDocument
from registry.validation.check import check_path

# The library gives the number, so nobody has to raise it.
_GIVEN_HERE = ("version-not-raised",)


@dataclass(frozen=True, slots=True)
class Draft:
    """A template to be published.

    slug: its name in the library
    path: the folder or JSON file
    in_place: it is the library's own folder, edited in its work tree
    content: the template
    files: its folder, with whatever version it says
    json: the document of a JSON file
    warnings: those of validation and lint
    """

    slug: str
    path: Path
    in_place: bool
    content: TemplateDocument
    files: Files = field(repr=False)
    json: JsonDocument | None = field(repr=False)
    warnings: tuple[Problem, ...]

    @property
    def template(self) -> StepTemplate:
        return self.content.template

    def numbered(self, version: int) -> Files:
        """Its folder with that version in template.yaml; every other byte stays."""
        return self.files if self.template.version == version else numbered(self.files, version)


def read_draft(path: Path, slug: str | None, library: Library) -> Draft:
    """The template at `path`, validated and linted. Raises Invalid with every problem it has, NotFound."""
    subject, problems = _checked(path)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        count = f"{len(errors)} problem{'s' if len(errors) > 1 else ''}"
        hint = f"Correct it, then check: `treadle validate {path} && treadle lint {path}`."
        raise Invalid("template-invalid", f'"{path}" cannot be published: it has {count}', hint, problems)
    if subject is None:
        hint = f"A template folder has a {TEMPLATE_FILE}."
        raise Invalid("no-template-yaml", f'"{path}" is not a template folder', hint)
    name = slug if slug is not None else real_path(path).name if path.is_dir() else path.stem
    check_slug(name)
    files = subject.files if subject.files is not None else to_folder(subject.content)
    check_names(files, f'"{path}"')
    in_place = real_path(path) == real_path(library.folder / name)
    if in_place:
        files = library.as_committed(name, files)
    return Draft(
        name,
        path,
        in_place,
        subject.content,
        files,
        subject.json,
        tuple(problems),
    )


def _checked(path: Path) -> tuple[Subject | None, list[Problem]]:
    """The template itself, and the problems of everything at the path (its tests, say)."""
    checked = list(check_path(path))
    problems = [problem for each in checked for problem in each.problems]
    if any(each.errors for each in checked):
        return None, problems
    subjects = [subject for each in checked if (subject := subject_of(each))]
    problems += lint_subjects(subjects, ignore=_GIVEN_HERE).problems
    return next((subject for subject in subjects if subject.path == path), None), problems


def bring_up(draft: Draft, published: Files, version: int) -> tuple[Problem, ...]:
    """Write what was published of a draft over it, so that it stands on that version from now on; what the library
    had beyond it comes along. Only bytes that differ are written.

    The commit is made already: where the draft cannot be written, that is a warning.
    """
    try:
        for path, content in _changes(draft, published, version).items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                write_atomically(path, content)
    except (OSError, UserError) as error:
        hint = f'Set "version: {version}" in it yourself, or the next publish takes it for an older copy.'
        message = f'"{draft.path}" could not be brought to version {version}: {error}'
        return (Problem(message, "draft-not-updated", hint=hint, severity=Severity.WARNING),)
    return ()


def _changes(draft: Draft, published: Files, version: int) -> Mapping[Path, bytes | None]:
    """What differs from the draft: files by their paths, None for one that is gone."""
    if draft.json is None:
        names = sorted(draft.files.keys() | published.keys())
        files = {name: published.get(name) for name in names if draft.files.get(name) != published.get(name)}
        return {draft.path / name: content for name, content in files.items()}
    if published == draft.numbered(version):
        if draft.template.version == version:
            return {}
        if "Version" in draft.content.value:
            text = draft.json.replaced({("Version",): version}).encode()
            return {draft.path: b"\xef\xbb\xbf" * draft.json.byte_order_mark + text}
        numbered_value = {**draft.content.value, "Version": version}
        return {draft.path: write_json(replace(draft.content, value=numbered_value))}
    return {draft.path: write_json(read_folder(published))}
