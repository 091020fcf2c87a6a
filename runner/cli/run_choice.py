"""Which runs a command is about: arguments and options, and the runs that they choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from registry.cli.context import Context
from runner.cli.complete import complete_environment, complete_process, complete_project_name, complete_run
from runner.model import Status

if TYPE_CHECKING:
    from runner.runs.history import RunFilter, RunRecord, Runs

F = TypeVar("F", bound=Callable[..., Any])

run_argument = click.argument("run", default="last", metavar="[RUN]", shell_complete=complete_run)
all_projects_option = click.option("--all-projects", is_flag=True, help="Runs of every project.")


def filter_options(command: F) -> F:
    """Adds the options that choose runs, given to the command as `**chosen` for `_filter`."""
    statuses = click.Choice([status.value for status in Status])
    for option in (
        all_projects_option,
        click.option(
            "--project",
            metavar="NAME",
            shell_complete=complete_project_name,
            help="Only runs of this project, wherever it lies.",
        ),
        click.option("--status", type=statuses, metavar="STATUS", help="Only runs that stand so: failed ..."),
        click.option(
            "--environment",
            "-e",
            metavar="ENV",
            shell_complete=complete_environment,
            help="Only runs in this environment.",
        ),
        click.option(
            "--process", metavar="NAME", shell_complete=complete_process, help="Only runs of this process."
        ),
    ):
        command = option(command)
    return command


def run_filter(
    context: Context,
    *,
    all_projects: bool = False,
    project: str | None = None,
    process: str | None = None,
    environment: str | None = None,
    status: str | None = None,
) -> RunFilter:
    """The runs that options choose: those of the project here, unless another one or all of them are asked for."""
    from runner.runs.history import RunFilter

    here = context.project()
    folder = None if all_projects or project or here is None else here.folder
    return RunFilter(folder, project, process, environment, Status(status) if status else None)


def find_run(context: Context, run: str, all_projects: bool) -> RunRecord:
    return known_runs(context).find(run, run_filter(context, all_projects=all_projects))


def known_runs(context: Context) -> Runs:
    from runner.runs.history import Runs

    return Runs(context.home.runs)
