"""`treadle runs resume|retry`: runs taken up again."""

from __future__ import annotations

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import json_option
from runner.cli.run import progress_option, watch_run
from runner.cli.run_choice import all_projects_option, find_run, run_argument


@click.command()
@run_argument
@click.option(
    "--restart/--no-restart",
    default=None,
    help="What becomes of actions that were cut off and are not marked restartable: repeat them, or let them count as "
    "failed.",
)
@all_projects_option
@progress_option
@json_option
@pass_context
def resume(
    context: Context, run: str, restart: bool | None, all_projects: bool, progress: str, as_json: bool
) -> None:
    """Go on with a run that was interrupted, from its first unfinished action.

    What has ended is not run again; later steps find its outputs. An action that was cut off is repeated if its step
    says restartable: true. Of others, say whether they are; until then nothing happens, and the exit code is 4.

    \b
    Example:
      treadle runs resume last --restart
    """
    from runner.app import run_service
    from runner.runs.recovery import refuse_finished, refuse_live

    record = find_run(context, run, all_projects)
    refuse_live(record.folder)
    refuse_finished(record.folder)
    service = run_service(context, locked=False)
    watch_run(
        context,
        service.plan_of(record),
        progress,
        as_json,
        lambda listen, cancellation, tell: service.resume(record, restart, listen, cancellation, tell),
    )


@click.command()
@run_argument
@click.option("--failed", is_flag=True, help="Only what did not succeed; the rest counts as done.")
@all_projects_option
@progress_option
@json_option
@pass_context
def retry(context: Context, run: str, failed: bool, all_projects: bool, progress: str, as_json: bool) -> None:
    """Run once more what a run has run: the same plan, with the same templates, values and skipped steps.

    With --failed, actions that succeeded are not run again, as far as nothing before them on their target has to be;
    later ones find their outputs.

    \b
    Example:
      treadle runs retry last --failed
    """
    from runner.app import run_service

    record = find_run(context, run, all_projects)
    service = run_service(context, locked=False)
    watch_run(
        context,
        service.plan_of(record),
        progress,
        as_json,
        lambda listen, cancellation, tell: service.retry(record, failed, listen, cancellation, tell),
    )
