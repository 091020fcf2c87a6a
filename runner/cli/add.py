"""`treadle add REF to PROCESS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, dry_run_option, json_option
from registry.cli.output import echo, one_line, print_json, style, to_data
from registry.model import Reference
from runner.cli.complete import complete_process, complete_step
from runner.cli.process_choice import process_path

if TYPE_CHECKING:
    from runner.dependencies.add import AddedStep
    from runner.documents.process_edit import Position

_TO = "to"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def position_options(command: _Command) -> _Command:
    """The options that say where in a process a step goes; `read_position` reads them."""
    for option in (
        click.option(
            "--after", metavar="STEP", shell_complete=complete_step, help="Directly after this step."
        ),
        click.option(
            "--before", metavar="STEP", shell_complete=complete_step, help="Directly before this step."
        ),
        click.option("--last", is_flag=True, help="At the end."),
        click.option("--first", is_flag=True, help="At the start."),
    ):
        command = option(command)
    return command


def read_position(first: bool, last: bool, before: str | None, after: str | None) -> Position | None:
    """What the options say; None where none of them was given."""
    from runner.documents.process_edit import Position, Side

    if first + last + (before is not None) + (after is not None) > 1:
        raise click.UsageError("give one of --first, --last, --before and --after")
    if first or before is not None:
        return Position(Side.BEFORE, before)
    return Position(Side.AFTER, after) if last or after is not None else None


@click.command()
@click.argument("reference", metavar="REF", type=REFERENCE)
@click.argument("words", metavar="[to] PROCESS", nargs=-1, required=True, shell_complete=complete_process)
@click.option("--name", metavar="TEXT", help="The name of the step; the template's when left out.")
@position_options
@dry_run_option
@json_option
@pass_context
def add(
    context: Context,
    reference: Reference,
    words: tuple[str, ...],
    name: str | None,
    dry_run: bool,
    as_json: bool,
    **where: Any,
) -> None:
    """Add a step that uses the template REF to PROCESS, at its end unless you say where.

    The step has the exact version and every input that needs a value, its help as a comment. Everything else in the
    file stays as it is.

    \b
    Examples:
      treadle add community/bash-http-test-url to deploy
      treadle add builtin/sleep deploy.yaml --name "Let it settle" --before "Smoke test"
    """
    from runner.dependencies.add import add_step

    process = process_path(context, _process(words))
    with context.catalog() as catalog:
        added = add_step(
            catalog,
            reference,
            process,
            context.directory,
            name=name,
            position=read_position(**where),
            dry_run=dry_run,
        )
    if as_json:
        print_json(_data(added, dry_run=dry_run))
    else:
        _tell(context, added, dry_run=dry_run)


def _process(words: tuple[str, ...]) -> str:
    given = words[1:] if len(words) > 1 and words[0] == _TO else words
    if len(given) != 1:
        raise click.UsageError("give one process, as in: treadle add REF to PROCESS")
    return given[0]


def _tell(context: Context, added: AddedStep, *, dry_run: bool) -> None:
    done = "Would add" if dry_run else "Added"
    context.say(f'{done} the step "{one_line(added.name)}" to {added.file}, line {added.line}:')
    for line in added.lines:
        context.say(f"  {line}")
    if added.inputs:
        context.say(f"Fill in: {one_line(', '.join(added.inputs))}")
    if added.obstacle:
        echo(
            style(f"{added.reference} cannot run yet: it {one_line(added.obstacle.reason)}.", fg="yellow"),
            err=True,
        )
    for notice in added.notices:
        echo(style(f"{added.reference} is {one_line(str(notice))}.", fg="yellow"), err=True)


def _data(added: AddedStep, *, dry_run: bool) -> dict[str, Any]:
    return {
        "file": added.file,
        "line": added.line,
        "step": added.name,
        "reference": str(added.reference),
        "text": "".join(f"{line}\n" for line in added.lines),
        "inputs": list(added.inputs),
        "runnable": added.obstacle is None,
        "obstacle": added.obstacle.reason if added.obstacle else None,
        "notices": to_data(added.notices),
        "dry_run": dry_run,
    }
