"""`treadle init [DIR]`."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import dry_run_option, json_option
from registry.cli.written import tell_written


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@dry_run_option
@json_option
@pass_context
def init(context: Context, folder: Path, dry_run: bool, as_json: bool) -> None:
    """Start a project: a treadle.yaml and a first process, deploy.yaml, that runs at once.

    Both are full of comments. Nothing that exists is overwritten.
    """
    import shlex

    from runner.documents.new_project import start_project

    written = start_project(folder, dry_run=dry_run)
    if as_json:
        tell_written(context, folder, written, dry_run=dry_run, as_json=True)
        return
    for path in written:
        context.say(f"{'would write' if dry_run else 'wrote'} {path}")
    if not dry_run:
        where = "" if folder == Path() else f"-C {shlex.quote(str(folder))} "
        context.say(f"\nSee what it would do:  treadle {where}plan deploy -e Test")
        context.say(f"Run it:                treadle {where}run deploy -e Test")
