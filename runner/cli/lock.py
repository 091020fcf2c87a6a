"""`treadle lock`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import dry_run_option, json_option
from registry.cli.output import counted, print_json

if TYPE_CHECKING:
    from runner.dependencies.lock import LockChange


@click.command()
@click.option("--renew", is_flag=True, help="Ask anew what every reference means, also those locked already.")
@click.option(
    "--locked", is_flag=True, help="Write nothing; exit code 5, with the reasons, if the file would change."
)
@dry_run_option
@json_option
@pass_context
def lock(context: Context, renew: bool, locked: bool, dry_run: bool, as_json: bool) -> None:
    """Write treadle.lock: the exact content that each reference of the project's processes means.

    Commit the file. From then on plan and run use that content, whatever a source holds later; --locked refuses
    references that the lock doesn't know, and is the default where the environment variable CI is set.
    """
    from registry.cli.problems import show_problems
    from runner.app import connect
    from runner.dependencies.lock import lock_project

    project = context.project()
    folder = project.folder if project else context.directory
    library = (project.library,) if project and project.library else ()
    with context.catalog() as catalog:
        change = lock_project(
            folder,
            catalog,
            connect,
            leave_out=library,
            ignore=project.ignore if project else (),
            renew=renew,
            locked=locked,
            dry_run=dry_run,
        )
    problems = [problem for error in change.errors for problem in error.findings]
    if as_json:
        templates = {name: asdict(entry) for name, entry in change.after.templates.items()}
        print_json(
            {
                "changed": change.changed,
                "templates": templates,
                "images": dict(change.after.images),
                "problems": [asdict(problem) for problem in problems],
                "dry_run": dry_run,
            }
        )
    else:
        _tell(context, change, dry_run)
        show_problems(problems)
    if problems:
        exit_with(2)


def _tell(context: Context, change: LockChange, dry_run: bool) -> None:

    before = change.before.templates if change.before else {}
    for name, entry in change.after.templates.items():
        if before.get(name) != entry:
            context.say(
                f"{'+' if name not in before else '~'} {name}  version {entry.version} ({entry.blob[:9]})"
            )
    for name in before:
        if name not in change.after.templates:
            context.say(f"- {name}")
    for name in change.local:
        context.say(f"  {name}  is a folder of the project, and is not locked")
    count = len(change.after.templates)
    if not change.changed:
        context.say(f"{change.file.name} is up to date: {counted(count, 'template')}.")
    else:
        verb = "would hold" if dry_run else "holds"
        images = counted(len(change.after.images), "image")
        context.say(f"{change.file.name} {verb} {counted(count, 'template')} and {images}.")
