"""Which sources there are: Treadle's own, the user's, the project's, and what the environment says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from registry.errors import Invalid
from registry.home import Home
from registry.model import Problem
from registry.project import Project, read_settings
from registry.sources import SourceDefinition, read_address, read_sources

COMMUNITY_SOURCE = "community"
COMMUNITY_VARIABLE = "TREADLE_COMMUNITY_URL"
COMMUNITY = SourceDefinition(
    COMMUNITY_SOURCE, "https://github.com/OctopusDeploy/Library", folder="step-templates"
)


def source_definitions(
    home: Home, project: Project | None, environ: Mapping[str, str]
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
    document, _ = read_settings(home.config_file, "a settings file")
    problems: list[Problem] = []
    sources = read_sources(document, home.config_file, problems)
    if problems:
        message = f"{home.config_file}: {problems[0].message}"
        raise Invalid("settings-invalid", message, problems[0].hint, problems)
    return sources
