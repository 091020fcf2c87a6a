"""The project: the nearest treadle.yaml, as far as the registry is concerned.

Only `version`, `sources`, `library`, `cool_down` and `ignore` are read here; the rest belongs to the runner.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import Invalid, Unavailable
from registry.home import real_path
from registry.model import Problem
from registry.project.source_definition import MAX_DAYS, SourceDefinition, is_days, read_sources
from registry.text.document import problem_at

if TYPE_CHECKING:
    from registry.text.yaml_document import YamlDocument

PROJECT_FILE = "treadle.yaml"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """`library` is the folder of the team's own templates, `cool_down` how many days updates wait; None where the
    project says nothing of it. `ignore` are patterns of files that are not processes of the project."""

    file: Path
    sources: Mapping[str, SourceDefinition]
    library: Path | None
    cool_down: float | None = None
    ignore: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return self.file.parent


def find_project(start: Path) -> ProjectSettings | None:
    """The project that `start` lies in: of the nearest treadle.yaml upwards. Raises Invalid, Unavailable."""
    here = real_path(start)
    for folder in (here, *here.parents):
        if (folder / PROJECT_FILE).is_file():
            return read_project_settings(folder / PROJECT_FILE)
    return None


def read_project_settings(file: Path) -> ProjectSettings:
    """The project in `file`. Raises Invalid with all problems of the sections read here, Unavailable."""
    document, value = read_versioned_yaml(file, "a project")
    problems: list[Problem] = []
    sources = read_sources(document, file, problems)
    library = _library(value.get("library"), document, file, problems)
    cool_down = _cool_down(value.get("cool_down"), document, problems)
    ignore = _ignore(value.get("ignore"), document, problems)
    if problems:
        raise Invalid.of("project-invalid", file, problems)
    return ProjectSettings(file, sources, library, cool_down, ignore)


def read_versioned_yaml(file: Path, what: str) -> tuple[YamlDocument, Mapping[str, Any]]:
    """A YAML file with `version: 1` in it, and its mapping. `what` is what it should be, for messages."""
    from registry.text.document import decode_utf8
    from registry.text.yaml_document import load_yaml

    try:
        data = file.read_bytes()
    except OSError as error:
        raise Unavailable("file-unreadable", f'cannot read "{file}": {error.strerror}') from error
    document = load_yaml(decode_utf8(data, str(file)), str(file))
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        raise Invalid("not-a-mapping", f"{file}: this is not {what}: expected keys and values")
    if value.get("version", _VERSION) != _VERSION:
        raise Invalid(
            "unknown-version",
            f'{file}: version "{value["version"]}" is unknown, expected {_VERSION}',
            hint="This file is for another Treadle: upgrade.",
        )
    return document, value


def _library(section: Any, document: YamlDocument, file: Path, problems: list[Problem]) -> Path | None:
    if section is None:
        return None
    if isinstance(section, dict) and isinstance(section.get("git"), str) and section["git"]:
        with suppress(RuntimeError, ValueError, OSError):  # `~nobody`, or a NUL
            return real_path(file.parent / Path(section["git"]).expanduser())
    message = '"library" needs the path of a folder under "git"'
    hint = "Write library: {git: ./library}."
    problems.append(problem_at(document, ("library",), message, "library-invalid", hint))
    return None


def _cool_down(value: Any, document: YamlDocument, problems: list[Problem]) -> float | None:
    if value is None or is_days(value):
        days: float | None = value
        return days
    message = f'"cool_down" needs a number of days, at most {MAX_DAYS}'
    problems.append(problem_at(document, ("cool_down",), message, "cool-down-invalid", "Write cool_down: 7."))
    return None


def _ignore(value: Any, document: YamlDocument, problems: list[Problem]) -> tuple[str, ...]:
    if value is None or (isinstance(value, list) and all(isinstance(item, str) and item for item in value)):
        return tuple(value or ())
    message = '"ignore" needs a list of files and folders'
    problems.append(
        problem_at(document, ("ignore",), message, "ignore-invalid", "Write ignore: [ci/, drafts/*.yaml].")
    )
    return ()
