"""Process and project files: YAML <-> the runner's nouns.

Reading collects every problem of a file, with its position, before it gives up.
"""

from runner.documents.expressions import unknown_names
from runner.documents.process import (
    find_process,
    parse_process,
    process_names,
    process_of,
    process_paths,
    process_rules,
    read_process,
    step_names,
)
from runner.documents.project import project_rules, read_project
from runner.documents.values import read_values, text
from runner.documents.variable_sets import variable_set_rules

__all__ = [
    "find_process",
    "parse_process",
    "process_names",
    "process_of",
    "process_paths",
    "process_rules",
    "project_rules",
    "read_process",
    "read_project",
    "read_values",
    "step_names",
    "text",
    "unknown_names",
    "variable_set_rules",
]
