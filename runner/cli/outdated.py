"""`treadle outdated`: which steps could use a newer version, and what that would mean."""

from __future__ import annotations

import click

from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import cool_down_option, json_option, paged
from registry.cli.output import print_json
from registry.project.cool_down import CoolDown


@click.command()
@cool_down_option
@click.option("--all", "everything", is_flag=True, help="Steps that are up to date, too.")
@json_option
@pass_context
@paged
def outdated(context: Context, cool_down: CoolDown, everything: bool, as_json: bool) -> None:
    """List the steps whose template has a newer version, with the kind of change and the reasons for it.

    Also told: templates that are deprecated, revoked or deleted, and versions held back because they are fresh.
    Exit code 1 when there is something to do. No source is asked: run treadle source sync first.
    """
    from registry.cli.problems import show_problems
    from runner.cli.update_view import show_states, state_data, unreadable_data
    from runner.dependencies.update import UpdateService

    with UpdateService.open(context.home, context.project(), context.directory, cool_down) as service:
        states = service.outdated()
        unreadable = service.unreadable()
    shown = [state for state in states if everything or state.worth_showing]
    if as_json:
        print_json([*map(state_data, shown), *map(unreadable_data, unreadable)])
    else:
        show_states(context, shown, len(states))
    show_problems([problem for error in unreadable for problem in error.findings])
    if unreadable or any(state.error for state in states):
        exit_with(2)
    if any(state.outdated for state in states):
        exit_with(1)
