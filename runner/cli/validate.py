"""`treadle validate`, with the rules for processes and projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registry.cli.validate import validate_command

if TYPE_CHECKING:
    from registry.model import Problem
    from registry.text.yaml_document import YamlDocument


def _process_rules(document: YamlDocument) -> list[Problem]:
    from registry.errors import UserError
    from registry.project.project_file import find_project
    from runner.documents import process_rules, read_project, unknown_names

    problems = process_rules(document)
    folder = Path(document.file).absolute().parent
    try:
        project = find_project(folder)
        if project is not None:
            problems += unknown_names(document, read_project(project.file, folder))
    except UserError:
        pass  # the project has problems of its own, told when it is validated
    return problems


def _project_rules(document: YamlDocument) -> list[Problem]:
    from runner.documents import project_rules

    return project_rules(document)


validate = validate_command({"process": _process_rules, "project": _project_rules})
