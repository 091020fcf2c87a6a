"""What a rule looks at: one template, in either form, with what surrounds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import Invalid
from registry.git.repository import Repository
from registry.home import real_path
from registry.model import Problem, StepTemplate
from registry.template.document import TemplateDocument, read_folder, template_of
from registry.template.folder_format import TEMPLATE_FILE, yaml_path
from registry.template.octopus import CUSTOM_SCRIPT, SCRIPT_BODY, SCRIPT_SYNTAX
from registry.template.platform import Verdict, template_verdict
from registry.text.json_document import JsonDocument, load_json
from registry.text.yaml_document import YamlDocument

if TYPE_CHECKING:
    from registry.validation.check import Checked

SourceContents = Mapping[str, bytes | Mapping[str, bytes]]
"""Templates that lie in sources, by what messages call them (`community/slack`; the last part is the slug): Octopus
JSON, or the files of a folder by relative path."""

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

    path: the JSON file or the folder
    document: the JSON, or template.yaml
    files: those of the folder by relative path, None for a JSON file
    committed: the template at git's HEAD, None where git doesn't have it
    """

    path: Path
    document: JsonDocument | YamlDocument
    content: TemplateDocument
    files: Mapping[str, bytes] | None = None
    committed: Mapping[str, Any] | None = None

    @property
    def value(self) -> Mapping[str, Any]:
        return self.content.value

    @property
    def template(self) -> StepTemplate:
        return self.content.template

    @property
    def json(self) -> JsonDocument | None:
        return self.document if isinstance(self.document, JsonDocument) else None

    @property
    def slug(self) -> str:
        return real_path(self.path).name.removesuffix(".json")

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
            if key.startswith(CUSTOM_SCRIPT) and text:
                kind = {"ps1": "PowerShell", "sh": "Bash", "py": "Python"}.get(key.rpartition(".")[2], "")
                found.append(Script(kind, text, ("Properties", key), self._file("properties", key)))
        return tuple(found)

    @cached_property
    def verdict(self) -> Verdict | None:
        """Where it can run; None where that is not judged."""
        return template_verdict(self.template)

    def position(self, path: DocumentPath) -> tuple[int, int]:
        """Line and column, in the JSON or in template.yaml, of what stands at `path` of the Octopus value."""
        return self.document.position(path if self.files is None else yaml_path(path))

    def _file(self, word: str, key: str) -> str | None:
        if self.files is None:
            return None
        view = self.document.value
        entry = view.get(word, {})
        name = entry.get("file") if word == "script" else (entry.get(key) or {}).get("file")
        return str(self.path / name) if name else None


def load_subjects(paths: Iterable[Path]) -> tuple[list[Subject], list[Problem]]:
    """The valid templates at and below `paths`, and the errors of what cannot be linted.

    Raises NotFound as `validate` does.
    """
    from registry.validation.check import check_paths

    checked = check_paths(paths)
    return with_committed([subject for each in checked if (subject := subject_of(each))]), _errors(checked)


def source_subjects(contents: SourceContents) -> tuple[list[Subject], list[Problem]]:
    """The valid templates among those that lie in sources, and the errors of the others."""
    from registry.validation.check import check_content

    checked = [check_content(content, name) for name, content in contents.items()]
    return [subject for each in checked if (subject := subject_of(each))], _errors(checked)


def _errors(checked: Iterable[Checked]) -> list[Problem]:
    return [error for each in checked if each.kind in ("", *_TEMPLATES) for error in each.errors]


def subject_of(checked: Checked) -> Subject | None:
    """A document that was checked, to be linted; None for what is not a template, or not a valid one."""
    if checked.errors:
        return None
    if isinstance(checked.document, JsonDocument) and checked.kind == "step-template":
        return Subject(Path(checked.file), checked.document, template_of(checked.document))
    if checked.content is not None:
        assert isinstance(checked.document, YamlDocument)
        return Subject(Path(checked.file).parent, checked.document, checked.content, checked.files)
    return None


def with_committed(subjects: list[Subject]) -> list[Subject]:
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
    return real_path(subject.path).parent


def _committed_in(root: Path, subjects: list[Subject]) -> list[Subject]:
    names = [name for subject in subjects for name in _object_names(root, subject).values()]
    contents = dict(Repository(root).blobs(names))
    found: list[Subject] = []
    for subject in subjects:
        objects = _object_names(root, subject)
        held = {file: contents[name] for file, name in objects.items() if name in contents}
        found.append(replace(subject, committed=_parsed(held)))
    return found


def _object_names(root: Path, subject: Subject) -> dict[str, str]:
    """File -> git's name for it at HEAD; the JSON file has the empty name."""
    place = real_path(subject.path).relative_to(root).as_posix()
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
