"""`treadle runs list|show|logs|artifacts`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from registry.cli.context import Context
    from runner.runs.history import Runs

Command = Callable[..., Any]

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_run_argument = click.argument("run", default="last", metavar="[RUN]")


@click.group()
def runs() -> None:
    """Look at earlier and live runs.

    RUN is a run's id, its beginning or its end as long as that is unique, or "last": the latest run, which is meant
    where none is given.
    """


@runs.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most."
)
@click.option("--all", "show_all", is_flag=True, help="All of them.")
@_json_option
@click.pass_obj
def list_runs(context: Context, limit: int, show_all: bool, as_json: bool) -> None:
    """List runs, the latest first."""
    from registry.cli.problems import show_problems
    from runner.cli.runs_view import record_to_json, records_table

    records, problems = _runs(context).latest(None if show_all else limit)
    if as_json:
        click.echo(json.dumps([record_to_json(record) for record in records], indent=2, ensure_ascii=False))
    else:
        click.echo(records_table(records), color=None if context.color else False)
    show_problems(problems)


@runs.command("show")
@_run_argument
@_json_option
@click.pass_obj
def show_run(context: Context, run: str, as_json: bool) -> None:
    """Show how a run went: steps on their targets, outputs, artifacts."""
    from runner.cli.runs_view import details_text, details_to_json
    from runner.runs.history import details

    found = details(_runs(context).find(run))
    if as_json:
        click.echo(json.dumps(details_to_json(found), indent=2, ensure_ascii=False))
    else:
        click.echo(details_text(found), color=None if context.color else False)


@runs.command()
@_run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--step", metavar="NAME", help="Only this step.")
@click.option("--target", metavar="NAME", help="Only this target.")
@click.option("--json", "as_json", is_flag=True, help="Print all events, as JSON lines.")
@click.pass_obj
def logs(
    context: Context, run: str, follow: bool, step: str | None, target: str | None, as_json: bool
) -> None:
    """Print what the scripts of a run printed. With -v, verbose lines too."""
    from runner.cli.runs_view import LogView
    from runner.runs import journal

    folder = _runs(context).find(run).folder
    view = LogView(step, target, context.verbose)
    for event in journal.follow(folder) if follow else journal.read(folder):
        if as_json:
            click.echo(json.dumps(event, ensure_ascii=False))
        elif lines := view.lines(event):
            click.echo("\n".join(lines), color=None if context.color else False)


@runs.command()
@_run_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Copy them into DIR.",
)
@_json_option
@click.pass_obj
def artifacts(context: Context, run: str, output: Path | None, as_json: bool) -> None:
    """List the artifacts of a run, or copy them."""
    from runner.cli.runs_view import artifact_to_json, artifacts_table
    from runner.runs.history import copy_artifacts, details

    found = details(_runs(context).find(run)).artifacts
    if output is not None:
        found = copy_artifacts(found, output)
    if as_json:
        click.echo(json.dumps([artifact_to_json(one) for one in found], indent=2, ensure_ascii=False))
    else:
        click.echo(artifacts_table(found))


def _runs(context: Context) -> Runs:
    from runner.runs.history import Runs

    return Runs(context.home.runs)
