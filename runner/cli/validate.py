"""`treadle validate`, with the rules for processes and projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.cli.validate import validate_command

if TYPE_CHECKING:
    from registry.model import Problem
    from registry.yamldoc import YamlDocument


def _process_rules(document: YamlDocument) -> list[Problem]:
    from runner.documents import process_rules

    return process_rules(document)


def _project_rules(document: YamlDocument) -> list[Problem]:
    from runner.documents import project_rules

    return project_rules(document)


validate = validate_command({"process": _process_rules, "project": _project_rules})
