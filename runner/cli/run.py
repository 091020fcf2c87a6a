"""`treadle run PROCESS -e ENV`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli.context import Context
from runner.cli.inputs import input_options, lock_options, read_inputs
from runner.model import Plan, Status

if TYPE_CHECKING:
    from runner.cli.run_view import RunView
    from runner.execution.action import Cancellation

_CANCELLING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_EXIT_CODES = {Status.SUCCESS: 0, Status.SUCCESS_WITH_WARNINGS: 0, Status.CANCELLED: 130}


@click.command("run")
@click.argument("process")
@input_options
@lock_options
@click.option("--allow-revoked", is_flag=True, help="Only warn of templates that were revoked.")
@click.option("--strict", is_flag=True, help="Warnings are errors: nothing runs.")
@click.option(
    "--progress",
    type=click.Choice(["auto", "live", "plain", "json"]),
    default="auto",
    help="auto: a live tree on a terminal, plain lines elsewhere; json: the events, one a line.",
)
@click.pass_context
def run_command(
    ctx: click.Context,
    process: str,
    environment: str | None,
    variables: tuple[str, ...],
    var_files: tuple[Path, ...],
    skip: tuple[str, ...],
    targets: tuple[str, ...],
    locked: bool | None,
    offline: bool,
    allow_revoked: bool,
    strict: bool,
    progress: str,
) -> None:
    """Run PROCESS: every step on its targets, each in a container of its own.

    Exit code 0: all steps succeeded. 1: a step failed, or every step was skipped without --skip or disabled asking for
    it. 2: nothing ran, the input is wrong. 3: the engine or Treadle itself failed. 130: cancelled with Ctrl-C.

    \b
    Example:
      treadle run deploy -e Test --var Release=1.4
    """
    from runner.app import run_service
    from runner.cli.warnings import show_warnings
    from runner.execution.action import Cancellation

    context: Context = ctx.obj
    service = run_service(context, locked=locked, offline=offline)
    inputs = read_inputs(environment, variables, var_files, skip, targets)
    plan = service.plan(process, replace(inputs, allow_revoked=allow_revoked))
    show_warnings(plan.warnings, strict)
    cancellation = Cancellation()
    with _view(plan, context, progress) as view, _cancel_on_signals(cancellation):
        result = service.run(plan, view.show, cancellation, _silence if context.quiet else _tell)
    ctx.exit(0 if result.status is Status.SKIPPED and result.as_asked else _EXIT_CODES.get(result.status, 1))


def _view(plan: Plan, context: Context, progress: str) -> RunView:
    from runner.cli.run_view import JsonView, LiveView, PlainView, QuietView

    if progress == "auto":
        progress = "live" if sys.stdout.isatty() and not context.quiet else "plain"
    if progress == "json":
        return JsonView()
    if context.quiet:
        return QuietView()
    if progress == "live":
        from rich.console import Console

        return LiveView(plan, context.verbose, Console(no_color=not context.color, highlight=False))
    return PlainView(plan, context.verbose)


@contextmanager
def _cancel_on_signals(cancellation: Cancellation) -> Iterator[None]:
    """The first Ctrl-C (SIGTERM, end of the terminal) cancels in order; a second one gives up at once.

    A signal that Treadle was started to ignore, as with `nohup`, stays ignored.
    """

    def cancel(number: int, frame: Any) -> None:
        if cancellation.requested:
            raise KeyboardInterrupt
        cancellation.request()
        with suppress(OSError):  # the terminal may be what has just ended
            click.echo("Cancelling: stopping containers (again to give up at once) ...", err=True)

    previous = {number: signal.getsignal(number) for number in _CANCELLING}
    heeded = [number for number, handler in previous.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, cancel)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, previous[number])


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _silence(_: str) -> None:
    """Nobody wants to know about preparations."""
