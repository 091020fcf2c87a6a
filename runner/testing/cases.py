"""Finding templates and the tests that belong to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from registry.catalog.details import is_test
from registry.errors import Invalid, NotFound
from registry.git.objects import tree_id
from registry.home import real_path
from registry.model import Problem, Provenance, Reference, ResolvedTemplate
from registry.template.document import read_folder
from registry.template.files import read_bytes, template_files
from registry.template.folder_format import TEMPLATE_FILE
from runner.planner import Resolve
from runner.testing.documents import read_test
from runner.testing.model import TemplateTest

_FOLDER_SOURCE = "folder"


@dataclass(frozen=True, slots=True)
class Case:
    """A template with one of its tests."""

    template: ResolvedTemplate
    test: TemplateTest


def name_of(template: ResolvedTemplate) -> str:
    """What people call it: a folder by its path, as they gave it."""
    reference = template.reference
    return template.provenance.path if reference.source == _FOLDER_SOURCE else str(reference)


FilesOf = Callable[[Reference], Mapping[str, bytes]]
"""The files of the folder that a reference means, by their paths in it."""


def find_cases(paths: Iterable[str], tests: Path | None, resolve: Resolve, files_of: FilesOf) -> list[Case]:
    """The tests of template folders, of folders of such, and of templates by reference: those in the folder `tests`,
    where it is given, else those beside each template.

    Raises NotFound for a path or reference that isn't there, Invalid for files that cannot be read; all their
    problems at once.
    """
    found: list[Case] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found += _cases(path, tests, resolve, files_of)
        except Invalid as error:
            problems += error.problems
            if not error.problems:
                raise
    if problems:
        raise Invalid("invalid-tests", "there are problems in templates or their tests", problems=problems)
    return found


def _cases(path: str, tests: Path | None, resolve: Resolve, files_of: FilesOf) -> Iterator[Case]:
    folder = Path(path)
    if folder.is_dir():
        for template_folder in _template_folders(folder):
            files = template_files(template_folder)
            template = _from_folder(template_folder, files)
            own = tests or template_folder / "tests"
            yield from (Case(template, test) for test in _tests_in(own))
        return
    try:
        reference = Reference.parse(path)
    except ValueError:
        raise NotFound(
            "path-not-found",
            f'"{path}" is neither a folder nor a template reference',
            hint="Give a template folder, a folder of such, or SOURCE/NAME.",
        ) from None
    template = resolve(reference)
    found = _tests_in(tests) if tests is not None else _tests_among(files_of(reference), str(reference))
    yield from (Case(template, test) for test in found)


def _tests_among(files: Mapping[str, bytes], name: str) -> list[TemplateTest]:
    """The tests that lie beside a template in its source. Raises Invalid where there is none."""
    found = [read_test(files[path], f"{name}/{path}") for path in sorted(files) if is_test(path)]
    if not found:
        message = f'"{name}" has no tests of its own'
        raise Invalid("tests-missing", message, hint="Add --tests with the folder that they are in.")
    return found


def _template_folders(folder: Path) -> list[Path]:
    if (folder / TEMPLATE_FILE).is_file():
        return [folder]
    found = sorted(file.parent for file in folder.glob(f"*/{TEMPLATE_FILE}"))
    if not found:
        raise NotFound(
            "no-templates",
            f'there is no template folder in "{folder}"',
            hint=f"A template has a {TEMPLATE_FILE}.",
        )
    return found


def _from_folder(folder: Path, files: Mapping[str, bytes]) -> ResolvedTemplate:
    template = read_folder(files, str(folder)).template
    slug = real_path(folder).name
    place = Provenance(_FOLDER_SOURCE, slug, str(folder), template.version, tree_id(files))
    return ResolvedTemplate(Reference(_FOLDER_SOURCE, slug), template, place)


def _tests_in(folder: Path) -> Iterator[TemplateTest]:
    if not folder.is_dir():
        return
    for file in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
        if file.is_symlink():
            raise Invalid(
                "link-in-template", f'"{file}" is a link: links are not followed', hint="Copy the file."
            )
        yield read_test(read_bytes(file), str(file))
