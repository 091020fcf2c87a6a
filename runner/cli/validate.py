"""`treadle validate`, with the rules for processes and projects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from registry.cli.validate import validate_command

if TYPE_CHECKING:
    from registry.model import Problem
    from registry.project.project_file import ProjectSettings
    from registry.text.yaml_document import YamlDocument
    from runner.model import Process
    from runner.project import Project


def _process_rules(document: YamlDocument, found: Sequence[Problem]) -> list[Problem]:
    from registry.errors import UserError
    from registry.model import errors_of
    from registry.project.project_file import find_project
    from runner.documents import process_of, process_rules, read_project, unknown_names
    from runner.planner import name_problems

    problems = process_rules(document, found)
    if errors_of([*found, *problems]):
        return problems
    folder = Path(document.file).absolute().parent
    try:
        settings = find_project(folder)
        project = read_project(settings.file if settings else None, folder)
    except UserError:
        return problems  # the project has problems of its own, told when it is validated
    process = process_of(document)
    problems += [*name_problems(process, project), *_value_problems(process, project, settings)]
    return problems if settings is None else [*problems, *unknown_names(document, project)]


def _value_problems(process: Process, project: Project, settings: ProjectSettings | None) -> list[Problem]:
    """About what steps give to their templates; sources that were never synced have nothing to say."""
    from registry.catalog.catalog import Catalog
    from registry.errors import UserError
    from registry.home import Home
    from registry.project.lock_file import LOCK_FILE, read_lock
    from runner.dependencies.local import with_local_templates
    from runner.dependencies.lock import LockedResolver
    from runner.model import TemplateUse
    from runner.planner import value_problems

    if not any(isinstance(action.does, TemplateUse) for action in process.actions):
        return []
    try:
        folder = settings.folder if settings else Path.cwd()
        lock = read_lock(settings.folder / LOCK_FILE) if settings else None
        with Catalog.open(Home.locate(), settings) as catalog:
            resolve = with_local_templates(folder, LockedResolver(lambda: catalog, lock))
            return value_problems(process, project, resolve)
    except UserError:
        return []  # a lock or a home that cannot be used is told by what needs it


def _project_rules(document: YamlDocument, found: Sequence[Problem]) -> list[Problem]:
    from registry.errors import Invalid, UserError
    from registry.model import errors_of
    from registry.project.project_file import read_project_settings
    from runner.documents import project_rules

    problems = project_rules(document, found)
    if errors_of([*found, *problems]):
        return problems
    try:
        return [*problems, *_scope_problems(read_project_settings(Path(document.file)))]
    except Invalid as error:
        return [*problems, *(problem for problem in error.problems if problem not in problems)]
    except UserError:
        return problems  # of its sources or library, which other commands tell


def _variable_set_rules(document: YamlDocument, found: Sequence[Problem]) -> list[Problem]:
    from runner.documents import variable_set_rules

    return variable_set_rules(document, found)


def _scope_problems(settings: ProjectSettings) -> list[Problem]:
    from runner.documents import process_names, read_project, step_names
    from runner.planner import ambiguity_problems, scope_problems

    library = (settings.library,) if settings.library else ()
    project = read_project(settings.file, Path.cwd())
    problems = scope_problems(
        project,
        lambda: step_names(settings.folder, library, settings.ignore),
        lambda: process_names(settings.folder, library, settings.ignore),
    )
    return [*problems, *ambiguity_problems(project)]


validate = validate_command(
    {"process": _process_rules, "project": _project_rules, "variable-set": _variable_set_rules}
)
