"""`treadle runs list|show|logs|artifacts|prune|intervene|resume|retry`."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import NumberType, dry_run_option, json_option, paged
from registry.cli.output import counted, echo, page_output, print_json, print_json_line, tell
from registry.errors import Invalid
from runner.cli.complete import complete_step_of_run, complete_target_of_run
from runner.cli.recover import intervene, resume, retry
from runner.cli.run_choice import (
    all_projects_option,
    filter_options,
    find_run,
    known_runs,
    run_argument,
    run_filter,
)

_UNITS = {"h": 1 / 24, "d": 1, "w": 7}


@click.group(cls=Group)
def runs() -> None:
    """Look at earlier and live runs, and take them up again.

    RUN is a run's id, its beginning or its end as long as that is unique, or "last": the latest run of this project,
    which is meant where none is given.
    """


@runs.command("list")
@click.option(
    "-n",
    "--limit",
    metavar="N",
    type=NumberType(1, 100_000),
    default=20,
    show_default=True,
    help="How many at most.",
)
@click.option("--all", "show_all", is_flag=True, help="All of them.")
@filter_options
@json_option
@pass_context
@paged
def list_runs(context: Context, limit: int, show_all: bool, as_json: bool, **chosen: Any) -> None:
    """List the runs of this project, the latest first."""
    from registry.cli.problems import show_problems
    from runner.cli.runs_view import record_data, show_records

    wanted = run_filter(context, **chosen)
    records, problems = known_runs(context).latest(None if show_all else limit, wanted)
    if as_json:
        print_json([record_data(record) for record in records])
    elif records:
        show_records(records, all_projects=wanted.folder is None)
    elif known_runs(context).ids():
        tell("There are no such runs. See those of all projects: treadle runs list --all-projects")
    else:
        tell("There are no runs yet. Start one with: treadle run PROCESS -e ENVIRONMENT")
    show_problems(problems)


@runs.command("show")
@run_argument
@all_projects_option
@json_option
@pass_context
@paged
def show_run(context: Context, run: str, all_projects: bool, as_json: bool) -> None:
    """Show how a run went: steps on their targets, outputs, artifacts."""
    from runner.cli.runs_view import details_data, details_text
    from runner.runs.story import details

    found = details(find_run(context, run, all_projects))
    if as_json:
        print_json(details_data(found))
    else:
        tell(details_text(found))


@runs.command()
@run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--step", metavar="NAME", shell_complete=complete_step_of_run, help="Only this step.")
@click.option("--target", metavar="NAME", shell_complete=complete_target_of_run, help="Only this target.")
@click.option("-t", "--timestamps", is_flag=True, help="Begin each line with its time.")
@all_projects_option
@click.option("--json", "as_json", is_flag=True, help="Print all events, as JSON lines.")
@pass_context
def logs(
    context: Context,
    run: str,
    follow: bool,
    step: str | None,
    target: str | None,
    timestamps: bool,
    all_projects: bool,
    as_json: bool,
) -> None:
    """Print what the scripts of a run printed. With -v, verbose lines too.

    A line begins with its target and │, with ! for a warning, with × for what came on standard error.
    """
    from runner.cli.runs_view import LogView
    from runner.runs import journal

    if not follow:
        page_output()
    folder = find_run(context, run, all_projects).folder
    view = LogView(
        step,
        target,
        verbose=context.verbose,
        timestamps=timestamps,
        events=journal.read(folder, logs=False),
    )
    for event in journal.follow(folder) if follow else journal.read(folder):
        if as_json:
            print_json_line(event)
        elif lines := view.lines(event):
            echo("\n".join(lines))


@runs.command()
@run_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Copy them into DIR.",
)
@all_projects_option
@json_option
@pass_context
@paged
def artifacts(context: Context, run: str, output: Path | None, all_projects: bool, as_json: bool) -> None:
    """List the artifacts of a run, or copy them."""
    from runner.cli.runs_view import artifact_data, artifacts_table
    from runner.runs.history import copy_artifacts
    from runner.runs.story import details

    found = details(find_run(context, run, all_projects)).artifacts
    if output is not None:
        found = copy_artifacts(found, output)
    if as_json:
        print_json([artifact_data(one) for one in found])
    else:
        echo(artifacts_table(found))


@runs.command()
@click.option("--keep", metavar="N", type=NumberType(0, 100_000), help="Keep the latest N.")
@click.option("--older-than", metavar="AGE", help="Only runs older than this, such as 12h, 30d or 4w.")
@filter_options
@dry_run_option
@json_option
@pass_context
def prune(
    context: Context, keep: int | None, older_than: str | None, dry_run: bool, as_json: bool, **chosen: Any
) -> None:
    """Remove old runs of this project: their logs, outputs and artifacts.

    A run that is live or waits for a person stays. To keep only so many of each project for good, set
    TREADLE_KEEP_RUNS.

    \b
    Examples:
      treadle runs prune --keep 20 --dry-run
      treadle runs prune --older-than 30d --all-projects
    """
    from runner.cli.runs_view import record_data
    from runner.runs.prune import prune_runs, runs_to_prune

    if keep is None and older_than is None:
        raise Invalid("nothing-to-prune", "say what to remove", "Give --keep N, --older-than AGE or both.")
    age = timedelta(0) if older_than is None else _age(older_than)
    doomed = runs_to_prune(known_runs(context), run_filter(context, **chosen), keep=keep or 0, older_than=age)
    if not dry_run:
        prune_runs(context.home.runs, doomed)
    if as_json:
        print_json({"pruned": [record_data(record) for record in doomed], "dry_run": dry_run})
        return
    for record in doomed:
        context.say(f"  {record.run}  {record.process}")
    context.say(f"{'Would remove' if dry_run else 'Removed'} {counted(len(doomed), 'run')}.")


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([hdw])", text.strip())
    if found is None:
        raise Invalid("age-invalid", f'"{text}" is not an age', "Write a number and h, d or w, such as 30d.")
    return timedelta(days=int(found[1]) * _UNITS[found[2]])


runs.add_command(intervene)
runs.add_command(resume)
runs.add_command(retry)
