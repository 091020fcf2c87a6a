"""Changes to the variables of a project: setting them, sealing them, other keys.

Files are written whole, and only where they read back without new problems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import Invalid, NotFound, UserError
from registry.home import Home, exclusive, write_atomically
from registry.model import Problem, errors_of
from registry.suggest import suggest
from registry.text.document import decode_utf8, in_order
from registry.text.yaml_document import YamlDocument, load_yaml
from registry.validation.json_schema import validate
from runner.documents import project_rules, variable_set_rules
from runner.documents.loading import label_of, read_file
from runner.documents.variable_edits import (
    NewValue,
    reseal,
    seal_clear_values,
    sealed_texts,
    set_value,
)
from runner.variables.keys import KeyRing, add_key, read_keys
from runner.variables.sealing import SealingKey, key_id_of
from runner.variables.sources.sealed import open_value, seal_value


@dataclass(frozen=True, slots=True)
class VariableFiles:
    """The files of a project that hold variables: its own first, then its variable sets. `environ` says which keys
    hold."""

    home: Home
    environ: Mapping[str, str]
    directory: Path
    project: Path

    def keys(self) -> KeyRing:
        return read_keys(self.home, self.environ)

    def turn(self) -> AbstractContextManager[None]:
        """Held while files are read, edited and written, so that no change overwrites another."""
        return exclusive(self.home.lock_file("variables"), "change variables")

    def documents(self) -> list[_File]:
        """Raises NotFound, Invalid for what cannot be read."""
        own = self._read(self.project)
        sets = own.value.get("variable_sets")
        paths = [path for path in sets if isinstance(path, str)] if isinstance(sets, list) else []
        return [own, *(self._read(self.project.parent / path) for path in paths)]

    def _read(self, path: Path) -> _File:
        label = label_of(path, self.directory)
        data = read_file(path, label)
        mark = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
        text = decode_utf8(data, label)
        return _File(path, load_yaml(text, label), mark + text, path == self.project)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    document: YamlDocument
    text: str
    is_project: bool

    @property
    def value(self) -> Mapping[str, Any]:
        return self.document.value if isinstance(self.document.value, dict) else {}

    @property
    def variables(self) -> Mapping[str, Any]:
        section = self.value.get("variables")
        return section if isinstance(section, dict) else {}


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became, or would become, of a file: the variables that changed, and its new text."""

    file: str
    variables: tuple[str, ...]


def set_variable(
    files: VariableFiles,
    name: str,
    value: str,
    scope: Mapping[str, tuple[str, ...]],
    *,
    sensitive: bool,
    dry_run: bool = False,
) -> FileChange:
    """Give a variable of the project a value, sealed where it is sensitive or is to be.

    Raises NotFound where there is no key; Invalid for what the file would not read as; Conflict where its layout does
    not allow the edit.
    """
    with files.turn():
        own = files.documents()[0]
        name = next((known for known in own.variables if known.casefold() == name.casefold()), name)
        sealed = sensitive or is_sensitive(files, name)
        text = seal_value(sealing_key(files), name, value) if sealed else value
        after = set_value(own.document, own.text, name, NewValue(text, scope, sealed))
        return _write(own, after, (name,), dry_run=dry_run)


def encrypt_variables(
    files: VariableFiles, names: Iterable[str] = (), *, dry_run: bool = False
) -> list[FileChange]:
    """Seal the values that sensitive variables have in clear; with `names` those of these, which become sensitive.

    Raises as `set_variable`; NotFound for a name that is not there.
    """
    wanted = frozenset(name.casefold() for name in names)

    def seal(name: str, value: str) -> str:
        return seal_value(sealing_key(files), name, value)

    with files.turn():
        documents = files.documents()
        known = [name for one in documents for name in one.variables]
        for name in names:
            if name.casefold() not in {other.casefold() for other in known}:
                raise _unknown(name, known)
        edited = [(one, *seal_clear_values(one.document, one.text, seal, wanted)) for one in documents]
        return [_write(one, after, tuple(sealed), dry_run=dry_run) for one, after, sealed in edited if sealed]


def rotate_key(files: VariableFiles, *, dry_run: bool = False) -> tuple[SealingKey, list[FileChange]]:
    """Make a new key the current one, and seal everything in the project with it. Older keys stay, for other projects.

    Nothing is written unless all of it can be opened. Raises as `open_sealed` and `add_key`.
    """
    present = files.keys()
    made = SealingKey.new()

    def again(name: str, sealed: str) -> str:
        try:
            return seal_value(made, name, open_value(tuple(present), name, sealed))
        except UserError as error:
            raise type(error)(error.code, f'variable "{name}": {error.message}', error.hint) from None

    changes = [(one, *reseal(one.document, one.text, again)) for one in files.documents()]
    if not dry_run:
        add_key(files.home, files.environ, made)
    return made, [_write(one, after, tuple(names), dry_run=dry_run) for one, after, names in changes if names]


def keys_in_use(files: VariableFiles) -> dict[str, list[str]]:
    """The ids of the keys that the project's values are sealed with, each with the names of the variables."""
    used: dict[str, list[str]] = {}
    for one in files.documents():
        for name, _, sealed in sealed_texts(one.document):
            try:
                used.setdefault(key_id_of(sealed), []).append(name)
            except UserError:
                continue  # told by what validates it
    return used


def sealing_key(files: VariableFiles) -> SealingKey:
    """The key to seal with: the one that the project's values are sealed with, where it is here, so that everybody who
    opens these opens the new one, too; else the current one. Raises NotFound where there is none."""
    ring = files.keys()
    used = keys_in_use(files)
    return next((key for key in ring if key.id in used), None) or ring.current


def is_sensitive(files: VariableFiles, name: str) -> bool:
    """Whether the project or one of its sets calls a variable sensitive."""
    found = [
        raw
        for one in files.documents()
        for known, raw in one.variables.items()
        if known.casefold() == name.casefold() and isinstance(raw, dict)
    ]
    return any(
        raw.get("sensitive") is True or (raw.get("prompt") or {}).get("control") == "Sensitive"
        for raw in found
    )


def _unknown(name: str, known: list[str]) -> NotFound:
    return NotFound("variable-not-found", f'there is no variable "{name}"', suggest(name, known))


def _write(file: _File, after: str, names: tuple[str, ...], *, dry_run: bool) -> FileChange:
    """Raises Invalid, with nothing written, where the new text would have problems that the old one had not."""
    problems = _problems(load_yaml(after.removeprefix("\ufeff"), file.document.file), file.is_project)
    before = {(one.code, one.message) for one in _problems(file.document, file.is_project)}
    found = [one for one in problems if (one.code, one.message) not in before]
    if found:
        raise Invalid.of("invalid-document", file.document.file, found)
    if not dry_run and after != file.text:
        write_atomically(file.path, after.encode())
    return FileChange(file.document.file, names)


def _problems(document: YamlDocument, is_project: bool) -> list[Problem]:
    found = validate(document.value, "project" if is_project else "variable-set", document)
    rules = project_rules if is_project else variable_set_rules
    return in_order(errors_of([*found, *rules(document, found)]))
