"""`treadle runs resume|retry|intervene`: runs taken up again."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import json_option
from runner.cli.run import progress_option, watch_run
from runner.cli.run_choice import all_projects_option, find_run, run_argument
from runner.model import Choice


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
        partial(service.resume, record, restart),
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
        partial(service.retry, record, failed),
    )


def _answers(command: Any) -> Any:
    """Adds an option for each answer."""
    helps = {
        Choice.PROCEED: "Go on.",
        Choice.ABORT: "The manual step has failed.",
        Choice.RETRY: "Try the failed action again.",
        Choice.IGNORE: "Go on as if it had not failed; the run ends with warnings.",
        Choice.EXCLUDE: "Go on without this target.",
        Choice.FAIL: "Let it have failed.",
    }
    for choice, words in helps.items():
        command = click.option(f"--{choice}", "choice", flag_value=choice.value, help=words)(command)
    return command


@click.command()
@run_argument
@_answers
@click.option("--take", is_flag=True, help="Only take responsibility: nobody else may answer then.")
@click.option("--notes", metavar="TEXT", default="", help="A word about it, for the record.")
@click.option("--step", metavar="NAME", help="The question of this step or action, where there are several.")
@click.option("--target", metavar="NAME", help="The question on this target.")
@all_projects_option
@progress_option
@json_option
@pass_context
def intervene(
    context: Context,
    run: str,
    choice: str | None,
    take: bool,
    notes: str,
    step: str | None,
    target: str | None,
    all_projects: bool,
    progress: str,
    as_json: bool,
) -> None:
    """Answer what a run asks, and go on with it here.

    `treadle runs show` has the questions of a run that waits, with their answers. You answer as whoever is logged in,
    or as TREADLE_USER says.

    \b
    Examples:
      treadle runs intervene last --proceed --notes "looks good"
      treadle runs intervene last --retry --target web-1
    """
    from registry.errors import Invalid
    from runner.app import run_service
    from runner.runs.intervention import Intervention, user_name
    from runner.runs.recovery import refuse_finished, refuse_live

    if (choice is None) != take:
        message = (
            "say what the answer is" if choice is None else "--take answers nothing: give one of the two"
        )
        raise Invalid(
            "answer-missing", message, "Give --proceed, --abort, --retry, --ignore, --exclude or --fail."
        )
    record = find_run(context, run, all_projects)
    refuse_live(record.folder)
    refuse_finished(record.folder)
    service = run_service(context, locked=False)
    answer = Intervention(None if take else Choice(choice or ""), user_name(), notes, step, target)
    if take:
        service.take(record, answer)
        context.say(f"{answer.by} is responsible for it now.")
        return
    plan = service.plan_of(record)
    watch_run(context, plan, progress, as_json, partial(service.resume, record, None, answer=answer))
