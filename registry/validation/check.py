"""Checking files and folders: what each of them is, by its content, and all its problems."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from registry.errors import Invalid, NotFound, Untrusted, UserError
from registry.home import real_path
from registry.model import Problem, Severity, errors_of
from registry.project.process_file import is_ignored, is_process
from registry.project.project_file import find_project
from registry.suggest import did_you_mean_inline
from registry.template.document import TemplateDocument, read_folder
from registry.template.files import read_bytes, template_files
from registry.template.folder_format import TEMPLATE_FILE, yaml_path
from registry.text.document import Document, decode_utf8, in_order, problem_at
from registry.text.json_document import JsonDocument, load_json
from registry.text.yaml_document import YamlDocument, load_yaml
from registry.validation.json_schema import MAX_PROBLEMS, known_keys, validate
from registry.validation.template_rules import breaches

_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Checked:
    """One document that was looked at, and what was read for it: nobody has to read it again.

    kind: the short name of its schema, empty where it is none of ours
    document: None where it cannot be read
    files: those of a template folder by relative path
    content: the template in a template folder that keeps to the schema
    """

    file: str
    kind: str
    problems: tuple[Problem, ...]
    document: JsonDocument | YamlDocument | None = field(default=None, repr=False)
    files: Mapping[str, bytes] | None = field(default=None, repr=False)
    content: TemplateDocument | None = field(default=None, repr=False)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)


Rules = Mapping[str, Callable[[YamlDocument, Sequence[Problem]], Iterable[Problem]]]
"""By kind of document: rules beyond its schema; they get what the schema found, and say nothing that may follow from
that only."""

_NO_RULES: Rules = {}


def check_paths(paths: Iterable[Path], rules: Rules = _NO_RULES) -> list[Checked]:
    """Check files, template folders and folders with any of them, each document once.

    `rules` are those of kinds that this package doesn't know more of than the schema (processes, projects).
    Raises NotFound where there is nothing at a path, or a folder holds none of our documents.
    """
    found: dict[str, Checked] = {}
    for path in paths:
        here = {checked.file: checked for checked in check_path(path, rules)}
        if not here:
            raise NotFound("nothing-to-check", f'there is no document to check in "{path}"')
        found |= here
    return list(found.values())


def check_path(path: Path, rules: Rules = _NO_RULES) -> Iterator[Checked]:
    """Check a file, a template folder, or everything below a folder that is one of our documents.

    Raises NotFound where there is nothing at `path`.
    """
    if path.is_file():
        # A file that was asked for by name is a finding even where it is none of our documents.
        yield check_file(path, rules)
    elif path.is_dir():
        for file in _not_ignored(_documents_below(path), path):
            checked = check_file(file, rules)
            if checked.kind or checked.problems[0].code != "unknown-document":
                yield checked
    else:
        raise NotFound("path-not-found", f'"{path}" does not exist', "Give a file or a folder.")


def check_file(path: Path, rules: Rules = _NO_RULES) -> Checked:
    """Check one file; a template.yaml together with the files beside it."""
    try:
        data = read_bytes(path)
        if path.suffix in _YAML:
            return _check_yaml(load_yaml(decode_utf8(data, str(path)), str(path)), path, rules)
        return _check_json(load_json(data, str(path)))
    except Untrusted as error:
        return Checked(str(path), "", (Problem(error.message, error.code, hint=error.hint, file=str(path)),))
    except Invalid as error:
        return Checked(str(path), "", error.problems)


def check_content(content: bytes | Mapping[str, bytes], name: str) -> Checked:
    """Check a template that lies in a source: its Octopus JSON, or the files of its folder by relative path. `name` is
    what messages call it."""
    try:
        if isinstance(content, bytes):
            return _check_json(load_json(content, name))
        file = f"{name}/{TEMPLATE_FILE}"
        document = load_yaml(decode_utf8(content[TEMPLATE_FILE], file), file)
        return check_template_folder(document, content, name)
    except Invalid as error:
        return Checked(name, "", error.problems)


def check_template(document: JsonDocument) -> list[Problem]:
    """All problems of a template in Octopus JSON."""
    problems = validate(document.value, "step-template", document)
    if not errors_of(problems):
        problems += _rule_problems(document.value, document)
    if document.byte_order_mark:
        message = "the file begins with a byte order mark, which Octopus refuses"
        problems.append(
            problem_at(
                document, (), message, "byte-order-mark", "Save it as UTF-8 without.", Severity.WARNING
            )
        )
    return in_order([*problems, *_misspelt_keys(document)])


def check_template_folder(document: YamlDocument, files: Mapping[str, bytes], folder: str) -> Checked:
    """Check a template folder; `document` is its template.yaml, `files` all its files."""
    checked = Checked(document.file, "template-folder", (), document, files)
    problems = validate(document.value, "template-folder", document)
    if errors_of(problems):
        return replace(checked, problems=tuple(problems))
    try:
        content = read_folder(files, folder, document)
    except Invalid as error:
        return replace(checked, problems=error.problems)
    found = in_order([*problems, *_rule_problems(content.value, document, as_view=True)])
    return replace(checked, problems=tuple(found), content=content)


def _check_json(document: JsonDocument) -> Checked:
    value = document.value
    if isinstance(value, dict) and ("ActionType" in value or "Parameters" in value):
        return Checked(document.file, "step-template", tuple(check_template(document)), document)
    return Checked(document.file, "", (_unknown(document, "an Octopus step template"),), document)


def _check_yaml(document: YamlDocument, path: Path, rules: Rules) -> Checked:
    kind = _kind(document, path)
    if kind == "template-folder":
        return check_template_folder(document, template_files(path.parent), str(path.parent))
    if kind:
        problems = validate(document.value, kind, document)
        if kind in rules:
            problems = in_order([*problems, *rules[kind](document, problems)])
    else:
        problems = [
            _unknown(document, "a template folder, a process, a project, a variable set or a template test")
        ]
    return Checked(document.file, kind, tuple(problems), document)


def _kind(document: YamlDocument, path: Path) -> str:
    """Told by name where the name is fixed, else by the keys that only one kind of document has."""
    keys = document.value if isinstance(document.value, dict) else {}
    if path.name == TEMPLATE_FILE or "action_type" in keys:
        return "template-folder"
    if path.stem == "treadle":
        return "project"
    if path.parent.name == "tests" and (path.parent.parent / TEMPLATE_FILE).is_file():
        return "template-test"
    if is_process(keys):
        return "process"
    if {"targets", "environments", "sources"} & set(keys):
        return "project"
    return "variable-set" if type(keys.get("version")) is int and "variables" in keys else ""


def _unknown(document: Document, expected: str) -> Problem:
    return problem_at(document, (), f"this is none of our documents: expected {expected}", "unknown-document")


def _rule_problems(value: Any, document: Document, as_view: bool = False) -> list[Problem]:
    return [
        problem_at(
            document,
            yaml_path(breach.path) if as_view else breach.path,
            breach.message,
            breach.code,
            breach.hint,
            breach.severity,
        )
        for breach in breaches(value)
    ]


def _misspelt_keys(document: JsonDocument) -> Iterator[Problem]:
    """Keys that Octopus would ignore and that look like a slip of the one it knows."""
    known = known_keys("step-template")
    unknown = [key for key in document.value if key not in known]
    for key in unknown[:MAX_PROBLEMS]:
        meant = did_you_mean_inline(key, known)
        if meant:
            message = f'unknown key "{key}"{meant}'
            yield problem_at(document, (key,), message, "unknown-key", severity=Severity.WARNING, at_key=True)


def _not_ignored(files: Iterable[Path], folder: Path) -> Iterator[Path]:
    """The files without those that the project which `folder` lies in ignores."""
    try:
        project = find_project(folder)
    except UserError:
        project = None  # what is wrong with it is reported when it is checked itself
    if project is None or not project.ignore:
        yield from files
        return
    for file in files:
        path = real_path(file)
        inside = path.relative_to(project.folder).as_posix() if path.is_relative_to(project.folder) else ""
        if not is_ignored(inside, project.ignore):
            yield file


def _documents_below(folder: Path) -> Iterator[Path]:
    """JSON and YAML files in order of their names; hidden folders and links are left out."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if path.suffix in (".json", *_YAML) and not path.is_symlink():
                yield path
