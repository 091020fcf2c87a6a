"""What a shell offers for processes, environments, targets, steps and runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem, split_arg_string

from registry.cli.complete import completing, files
from registry.cli.context import Context
from registry.errors import UserError
from registry.text.visible import visible_line
from runner.cli.process_choice import process_folders, process_path

if TYPE_CHECKING:
    from runner.project import Project
    from runner.runs.history import RunDetails

_MOST_RUNS = 50
_MOST_READ = 1_000


@completing
def complete_process(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The processes here and beside the project file, by name; files where a path is typed."""
    from runner.documents.process import process_files

    if "/" in typed or typed.startswith((".", "~")):
        return [files(typed)]
    return sorted({path.stem for folder in process_folders(context) for path in process_files(folder)}) or [
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
    from runner.documents import read_process

    for word in split_arg_string(os.environ.get("COMP_WORDS", ""))[2:]:
        with suppress(UserError):
            process = read_process(process_path(context, word), context.directory)
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


@completing
def complete_project_name(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The projects that runs are of."""
    from runner.runs.history import Runs

    records, _ = Runs(context.home.runs).latest(_MOST_READ)
    return sorted({record.project for record in records})


@completing
def complete_step_of_run(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The steps of the run that is named on the command line, else of the latest."""
    return [step.step for step in _run_named(context).steps]


@completing
def complete_target_of_run(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The targets of the run that is named on the command line, else of the latest."""
    found = _run_named(context)
    return dict.fromkeys(action.target for step in found.steps for action in step.actions if action.target)


@completing
def complete_step_in_use(context: Context, typed: str) -> Iterable[CompletionItem | str]:
    """The steps of all processes here that use a template."""
    from runner.dependencies.uses import find_uses

    project = context.project()
    folder = project.folder if project else context.directory
    return dict.fromkeys(use.step for use in find_uses(folder, context.directory).uses)


def _run_named(context: Context) -> RunDetails:
    from runner.runs.history import LAST, RunFilter, Runs
    from runner.runs.story import details

    here = context.project()
    runs, of_project = Runs(context.home.runs), RunFilter(here.folder if here else None)
    for word in split_arg_string(os.environ.get("COMP_WORDS", ""))[3:]:
        with suppress(UserError):
            return details(runs.find(word, of_project))
    return details(runs.find(LAST, of_project))


def _project(context: Context) -> Project:
    from runner.documents import read_project

    project = context.project()
    return read_project(project.file if project else None, context.directory)
