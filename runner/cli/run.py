"""`treadle run PROCESS -e ENV`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import json_option
from registry.cli.output import echo, print_json
from registry.errors import Invalid
from runner.cli.answers import can_ask, with_answers
from runner.cli.complete import complete_process
from runner.cli.inputs import audience_options, input_options, lock_options, read_inputs
from runner.cli.signals import cancel_on_signals
from runner.model import RunResult, Status
from runner.plan import Plan

if TYPE_CHECKING:
    from runner.cli.run_view import RunView
    from runner.planner import Inputs
    from runner.runs.service import RunService

_EXIT_CODES = {Status.SUCCESS: 0, Status.SUCCESS_WITH_WARNINGS: 0, Status.CANCELLED: 130, Status.WAITING: 4}


progress_option = click.option(
    "--progress",
    type=click.Choice(["auto", "live", "plain", "json"]),
    default="auto",
    help="auto: a live tree on a terminal, plain lines elsewhere; json: the events, one a line. --json prints the "
    "result alone, at the end.",
)


@click.command("run")
@click.argument("process", shell_complete=complete_process)
@input_options
@audience_options
@lock_options
@click.option("--allow-revoked", is_flag=True, help="Only warn of templates that were revoked.")
@click.option("--strict", is_flag=True, help="Warnings are errors: nothing runs.")
@click.option(
    "--queue/--no-queue",
    default=True,
    help="Whether to wait for other runs of this project in this environment (default: yes).",
)
@progress_option
@json_option
@pass_context
def run_command(
    context: Context,
    process: str,
    environment: str | None,
    variables: tuple[str, ...],
    var_files: tuple[Path, ...],
    skip: tuple[str, ...],
    targets: tuple[str, ...],
    exclude_targets: tuple[str, ...],
    channel: str | None,
    tenant_tags: tuple[str, ...],
    guided_failure: bool | None,
    locked: bool | None,
    offline: bool,
    allow_revoked: bool,
    strict: bool,
    queue: bool,
    progress: str,
    as_json: bool,
) -> None:
    """Run PROCESS: every step on its targets, each in a container of its own.

    Exit code 0: all steps succeeded. 1: a step failed, or every step was skipped without --skip or disabled asking for
    it. 2: nothing ran, the input is wrong. 3: the engine or Treadle itself failed. 4: the run waits for a person, see
    `treadle runs intervene`; on a terminal it asks here. 130: cancelled with Ctrl-C.

    \b
    Example:
      treadle run deploy -e Test --var Release=1.4
    """
    from registry.cli.problems import show_warnings
    from runner.app import run_service

    if as_json and progress != "auto":
        raise Invalid("usage", "--json and --progress exclude each other", "Give one of them.")
    service = replace(run_service(context, locked=locked, offline=offline), queued=queue)
    inputs = replace(
        read_inputs(environment, variables, var_files, skip, targets, exclude_targets),
        channel=channel,
        tenant_tags=tenant_tags,
        guided_failure=guided_failure,
        allow_revoked=allow_revoked,
        ask=can_ask() and not as_json and progress != "json",
    )
    plan = _plan(service, process, inputs)
    show_warnings(plan.warnings, strict=strict)
    watch_run(
        context,
        plan,
        progress,
        as_json,
        partial(service.run, plan),
    )


def watch_run(
    context: Context, plan: Plan, progress: str, as_json: bool, do: Callable[..., RunResult]
) -> None:
    """Carry out a run, show it, and exit with its code. `do` gets a listener, a cancellation, whom to tell of
    preparations, and what asks a person."""
    from runner.cli.ask import terminal_answerer
    from runner.execution.cancellation import Cancellation

    if as_json and progress != "auto":
        raise Invalid("usage", "--json and --progress exclude each other", "Give one of them.")
    cancellation = Cancellation()
    with (
        _view(plan, context, "none" if as_json else progress) as view,
        cancel_on_signals(cancellation, view.notice),
    ):
        asks = not as_json and progress != "json" and not context.quiet
        ask = terminal_answerer(view, cancellation) if asks else None
        result = do(view.show, cancellation, _silence if context.quiet else _tell, ask)
    if as_json:
        _print_result(context, result.run)
    idle = result.status is Status.SKIPPED and result.as_asked
    exit_with(0 if idle else _EXIT_CODES.get(result.status, 1))


def _plan(service: RunService, process: str, inputs: Inputs) -> Plan:
    """The plan, with the prompted variables as a person answers them, where one is there to ask."""
    sources = service.sources()
    plan = service.plan(process, inputs, sources)
    if not (inputs.ask and plan.prompts):
        return plan
    return service.plan(process, with_answers(inputs, plan.prompts), sources)


def _print_result(context: Context, run: str) -> None:
    from runner.cli.runs_view import details_data
    from runner.runs.history import Runs
    from runner.runs.story import details

    print_json(details_data(details(Runs(context.home.runs).record(run))))


def _view(plan: Plan, context: Context, progress: str) -> RunView:
    from runner.cli.run_view import JsonView, LiveView, PlainView, QuietView, SilentView

    if progress == "auto":
        progress = "live" if sys.stdout.isatty() and not context.quiet else "plain"
    if progress == "json":
        return JsonView()
    if progress == "none":
        return SilentView()
    if context.quiet:
        return QuietView()
    if progress == "live":
        from rich.console import Console

        return LiveView(plan, context.verbose, Console(no_color=not context.color, highlight=False))
    return PlainView(plan, context.verbose)


def _tell(line: str) -> None:
    echo(line, err=True)


def _silence(_: str) -> None:
    """Nobody wants to know about preparations."""
