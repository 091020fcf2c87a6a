"""What a rule looks at: one template, in either form, with what surrounds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from registry.errors import Invalid
from registry.git.repository import Repository
from registry.model import Problem, StepTemplate, errors_of
from registry.template.document import read_folder
from registry.template.files import read_bytes, template_files
from registry.template.folder_format import TEMPLATE_FILE, yaml_path
from registry.template.octopus import SCRIPT_BODY, SCRIPT_SYNTAX, to_template
from registry.text.document import Document
from registry.text.json_document import JsonDocument, load_json
from registry.text.yaml_document import load_yaml

DocumentPath = tuple[str | int, ...]

_TEMPLATES = ("step-template", "template-folder")


@dataclass(frozen=True)
class Script:
    """One script body of a template. `path` is where it stands in the Octopus value, `file` its own file."""

    syntax: str
    text: str
    path: DocumentPath
    file: str | None

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@dataclass(frozen=True)
class Subject:
    """A template to be linted.

    `path` is the JSON file or the folder. `committed` is the template at git's HEAD: None where git doesn't
    have it.
    """

    path: Path
    document: Document
    value: Mapping[str, Any]
    files: Mapping[str, bytes] | None = None
    committed: Mapping[str, Any] | None = None
    json: JsonDocument | None = field(default=None, repr=False)

    @cached_property
    def template(self) -> StepTemplate:
        return to_template(self.value, str(self.path))

    @property
    def slug(self) -> str:
        return self.path.resolve().name.removesuffix(".json")

    @cached_property
    def scripts(self) -> tuple[Script, ...]:
        """The main script first, then those of the phases of a package deployment."""
        properties = self.template.properties
        main = properties.get(SCRIPT_BODY)
        syntax = properties.get(SCRIPT_SYNTAX) or "PowerShell"
        found = (
            [Script(syntax, main, ("Properties", SCRIPT_BODY), self._file("script", SCRIPT_BODY))]
            if main
            else []
        )
        for key, text in properties.items():
            if key.startswith("Octopus.Action.CustomScripts.") and text:
                kind = {"ps1": "PowerShell", "sh": "Bash", "py": "Python"}.get(key.rpartition(".")[2], "")
                found.append(Script(kind, text, ("Properties", key), self._file("properties", key)))
        return tuple(found)

    def position(self, path: DocumentPath) -> tuple[int, int]:
        """Line and column, in the JSON or in template.yaml, of what stands at `path` of the Octopus value."""
        return self.document.position(path if self.files is None else yaml_path(path))

    def _file(self, word: str, key: str) -> str | None:
        if self.files is None:
            return None
        view = load_yaml(self.files[TEMPLATE_FILE].decode("utf-8-sig"), "").value
        entry = view.get(word, {})
        name = entry.get("file") if word == "script" else (entry.get(key) or {}).get("file")
        return str(self.path / name) if name else None


def load_subjects(paths: Iterable[Path]) -> tuple[list[Subject], list[Problem]]:
    """The valid templates at and below `paths`, and the errors of what can't be linted.

    Raises NotFound as `validate` does.
    """
    from registry.validation.check import check_paths

    subjects: list[Subject] = []
    errors: list[Problem] = []
    for checked in check_paths(paths):
        wrong = errors_of(checked.problems)
        path = Path(checked.file)
        if wrong and checked.kind in ("", *_TEMPLATES):
            errors += wrong
        elif checked.kind == "template-folder":
            subjects.append(_folder_subject(path.parent))
        elif checked.kind == "step-template":
            subjects.append(_json_subject(path))
    return _with_committed(subjects), errors


@dataclass(frozen=True)
class TemplateContent:
    """A template that lies in no folder of the user's.

    name: what messages call it, such as `community/slack`; its last part is the slug
    content: its Octopus JSON, or the files of its folder by their paths
    """

    name: str
    content: bytes | Mapping[str, bytes] = field(repr=False)


def content_subject(given: TemplateContent) -> tuple[list[Subject], list[Problem]]:
    """The template, if it is valid, and the errors of one that is not."""
    from registry.validation.check import check_template, check_template_folder

    path = Path(given.name)
    try:
        if isinstance(given.content, bytes):
            document = load_json(given.content, given.name)
            wrong = errors_of(check_template(document))
            subject = Subject(path, document, document.value, json=document)
        else:
            subject = _files_subject(path, given.content)
            view = load_yaml(given.content[TEMPLATE_FILE].decode("utf-8-sig"), subject.document.file)
            wrong = errors_of(check_template_folder(view, given.content, given.name))
    except Invalid as error:
        return [], list(error.problems)
    return ([], wrong) if wrong else ([subject], [])


def _json_subject(path: Path) -> Subject:
    document = load_json(read_bytes(path), str(path))
    return Subject(path, document, document.value, json=document)


def _folder_subject(folder: Path) -> Subject:
    return _files_subject(folder, template_files(folder))


def _files_subject(folder: Path, files: Mapping[str, bytes]) -> Subject:
    name = str(folder / TEMPLATE_FILE)
    value = read_folder(files, str(folder)).value
    return Subject(folder, load_yaml(files[TEMPLATE_FILE].decode("utf-8-sig"), name), value, files)


def _with_committed(subjects: list[Subject]) -> list[Subject]:
    """Every subject with what git holds of it at HEAD; all of a repository in one go."""
    roots = {folder: Repository(folder).root() for folder in {_folder(subject) for subject in subjects}}
    by_root: dict[Path, list[Subject]] = {}
    done: list[Subject] = []
    for subject in subjects:
        root = roots[_folder(subject)]
        if root is None:
            done.append(subject)
        else:
            by_root.setdefault(root, []).append(subject)
    for root, group in by_root.items():
        done += _committed_in(root, group)
    return sorted(done, key=lambda subject: str(subject.path))


def _folder(subject: Subject) -> Path:
    return subject.path.resolve().parent


def _committed_in(root: Path, subjects: list[Subject]) -> list[Subject]:
    names = [name for subject in subjects for name in _object_names(root, subject).values()]
    contents = dict(Repository(root).blobs(names))
    found: list[Subject] = []
    for subject in subjects:
        objects = _object_names(root, subject)
        held = {file: contents[name] for file, name in objects.items() if name in contents}
        found.append(_replaced(subject, _parsed(held)))
    return found


def _object_names(root: Path, subject: Subject) -> dict[str, str]:
    """File -> git's name for it at HEAD; the JSON file has the empty name."""
    place = subject.path.resolve().relative_to(root).as_posix()
    if subject.files is None:
        return {"": f"HEAD:{place}"}
    return {file: f"HEAD:{place}/{file}" for file in subject.files}


def _parsed(held: Mapping[str, bytes]) -> Mapping[str, Any] | None:
    try:
        if "" in held:
            value = load_json(held[""], "HEAD").value
            return value if isinstance(value, dict) else None
        return read_folder(held, "HEAD").value if TEMPLATE_FILE in held else None
    except Invalid:
        return None  # what was committed was no template: nothing to compare with


def _replaced(subject: Subject, committed: Mapping[str, Any] | None) -> Subject:
    return Subject(subject.path, subject.document, subject.value, subject.files, committed, subject.json)
