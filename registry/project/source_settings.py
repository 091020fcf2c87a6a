"""Which sources there are: Treadle's own, the user's, the project's, and what the environment says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from registry.errors import Conflict, Invalid, NotFound
from registry.home import Home, make_folder, write_atomically
from registry.model import Problem
from registry.project.project_file import ProjectSettings, read_versioned_yaml
from registry.project.source_definition import SourceDefinition, read_address, read_sources

COMMUNITY_SOURCE = "community"
COMMUNITY_VARIABLE = "TREADLE_COMMUNITY_URL"
COMMUNITY = SourceDefinition(
    COMMUNITY_SOURCE, "https://github.com/OctopusDeploy/Library", folder="step-templates"
)


def source_definitions(
    home: Home, project: ProjectSettings | None, environ: Mapping[str, str]
) -> dict[str, SourceDefinition]:
    """All sources by name. The project's hide the user's, these hide Treadle's own; `TREADLE_COMMUNITY_URL`
    replaces the address of `community`, wherever that is defined. Raises Invalid.
    """
    found = {COMMUNITY_SOURCE: COMMUNITY, **user_sources(home), **(project.sources if project else {})}
    if environ.get(COMMUNITY_VARIABLE):
        address, credentials = read_address(environ[COMMUNITY_VARIABLE], Path.cwd())
        found[COMMUNITY_SOURCE] = replace(found[COMMUNITY_SOURCE], url=address, credentials=credentials)
    return found


def user_sources(home: Home) -> dict[str, SourceDefinition]:
    """The sources that the user defined for all projects. Raises Invalid with all problems."""
    if not home.config_file.is_file():
        return {}
    document, _ = read_versioned_yaml(home.config_file, "a settings file")
    problems: list[Problem] = []
    sources = read_sources(document, home.config_file, problems)
    if problems:
        raise Invalid.of("settings-invalid", home.config_file, problems)
    return sources


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A source added to, or removed from, a file; `changed` False where everything was as asked already.

    `credentials_dropped`: the address held some, and they were not written.
    """

    source: SourceDefinition
    file: Path
    changed: bool
    credentials_dropped: bool = False


def add_source(
    home: Home, project: ProjectSettings | None, wanted: SourceDefinition, *, dry_run: bool
) -> SourceChange:
    """Write the definition to the project's treadle.yaml, or outside of a project to the user's settings.

    Raises Conflict where another source has the name, or the file cannot be edited.
    """
    from registry.text.yaml_edit import add_entry

    file, known = _files(home, project)[0]
    change = SourceChange(
        replace(wanted, defined_in=file), file, wanted.name not in known, wanted.credentials is not None
    )
    if not change.changed:
        present = known[wanted.name]
        if (present.url, present.ref, present.folder) != (wanted.url, wanted.ref, wanted.folder):
            raise Conflict(
                "source-exists",
                f'there is a source "{wanted.name}" already: "{present.url}" in "{file}"',
                hint=f"Take another name, or remove it first: `treadle source remove {wanted.name}`.",
            )
    elif not dry_run:
        if file == home.config_file:
            make_folder(file.parent)
        text = file.read_bytes().decode() if file.is_file() else "version: 1\n"
        write_atomically(file, add_entry(text, "sources", wanted.name, _entry(wanted, file)).encode())
    return change


def remove_source(home: Home, project: ProjectSettings | None, name: str, *, dry_run: bool) -> SourceChange:
    """Delete the definition where it is written. Raises NotFound, Invalid for one of Treadle's own."""
    from registry.text.yaml_edit import remove_entry

    for file, known in _files(home, project):
        if name in known:
            if not dry_run:
                text = file.read_bytes().decode()
                write_atomically(file, remove_entry(text, "sources", name).encode())
            return SourceChange(known[name], file, changed=True)
    if name == COMMUNITY_SOURCE:
        raise Invalid("source-fixed", f'"{name}" is defined by Treadle itself and is in no file')
    raise NotFound(
        "source-not-found", f'no source "{name}" is defined here', hint="See `treadle source list`."
    )


def _files(home: Home, project: ProjectSettings | None) -> list[tuple[Path, Mapping[str, SourceDefinition]]]:
    """The files that can define sources, the nearest first, with what they define."""
    own = [(project.file, project.sources)] if project else []
    return [*own, (home.config_file, user_sources(home))]


def _entry(source: SourceDefinition, file: Path) -> dict[str, str]:
    """The definition as it is written; a path beside or below the file becomes relative to it."""
    address = source.url
    if address.startswith("/") and Path(address).is_relative_to(file.parent):
        address = f"./{Path(address).relative_to(file.parent)}"
    entry = {"git": address, "ref": source.ref, "path": source.folder}
    return {key: value for key, value in entry.items() if value is not None}
