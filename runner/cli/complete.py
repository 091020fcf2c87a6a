"""What a shell offers for processes, environments, targets, steps and runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem, split_arg_string

from registry.cli.complete import completing, files
from registry.cli.context import Context
from registry.errors import UserError
from registry.text.visible import visible_line

if TYPE_CHECKING:
    from runner.model import Project

_MOST_RUNS = 50


@completing
def complete_process(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The processes here and beside the project file, by name; files where a path is typed."""
    from runner.documents.process import process_files

    if "/" in typed or typed.startswith((".", "~")):
        return [files(typed)]
    return sorted({path.stem for folder in _folders(context) for path in process_files(folder)}) or [
        files(typed)
    ]


@completing
def complete_environment(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The project's environments."""
    return [environment.name for environment in _project(context).environments]


@completing
def complete_variable(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The project's variables."""
    return [variable.name for variable in _project(context).variables]


@completing
def complete_target(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The project's targets."""
    return [target.name for target in _project(context).targets]


@completing
def complete_step(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The steps of the process that is named on the command line. An option without its value yet keeps click from
    reading what stands before it, so the words are looked at themselves."""
    from runner.documents import find_process, read_process

    for word in split_arg_string(os.environ.get("COMP_WORDS", ""))[2:]:
        with suppress(UserError):
            process = read_process(find_process(word, _folders(context)), context.directory)
            return [step.name for step in process.steps]
    return []


@completing
def complete_run(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The ids of the latest runs, with what they were."""
    from runner.runs.history import LAST, Runs

    records, _ = Runs(context.home.runs).latest(_MOST_RUNS)
    yield LAST
    for record in records:
        where = f" in {record.environment}" if record.environment else ""
        yield CompletionItem(record.run, help=visible_line(f"{record.process}{where}: {record.status}"))


def _folders(context: Context) -> list[Path]:
    project = context.project()
    return [context.directory, *([project.folder] if project else [])]


def _project(context: Context) -> Project:
    from runner.documents import read_project

    project = context.project()
    return read_project(project.file if project else None, context.directory)
