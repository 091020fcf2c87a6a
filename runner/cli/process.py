"""`treadle process`: edit the steps of a process from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import dry_run_option, json_option
from registry.cli.output import echo, one_line, print_json, style, to_data
from runner.cli.add import add, position_options, read_position
from runner.cli.complete import complete_process, complete_step
from runner.cli.process_choice import process_path

if TYPE_CHECKING:
    from runner.documents.process_edit import StepEdit
    from runner.documents.step_mentions import Mention

_PROCESS = click.argument("process", shell_complete=complete_process)
_STEP = click.argument("step", shell_complete=complete_step)


@click.group(cls=Group)
def process() -> None:
    """Edit the steps of a process; comments and layout of its file stay.

    \b
    Examples:
      treadle process add builtin/sleep to deploy --after "Deploy"
      treadle process move deploy "Smoke test" --last
      treadle process rename deploy "Build" "Build the site"
    """


process.add_command(add)


@process.command()
@_PROCESS
@_STEP
@dry_run_option
@json_option
@pass_context
def remove(context: Context, process: str, step: str, dry_run: bool, as_json: bool) -> None:
    """Take STEP out of PROCESS, and tell what still reads its outputs."""
    from runner.documents.process_edit import remove_step

    done = remove_step(process_path(context, process), context.directory, step, dry_run=dry_run)
    if as_json:
        print_json(_data(done, dry_run=dry_run))
        return
    context.say(f'{_did("Removed", "remove", dry_run)} the step "{one_line(done.name)}" from {done.file}.')
    _show(done.left, "Still speaks of it")


@process.command()
@_PROCESS
@_STEP
@position_options
@dry_run_option
@json_option
@pass_context
def move(context: Context, process: str, step: str, dry_run: bool, as_json: bool, **where: Any) -> None:
    """Move STEP to another place in PROCESS."""
    from runner.documents.process_edit import move_step

    position = read_position(**where)
    if position is None:
        raise click.UsageError("say where to: --first, --last, --before STEP or --after STEP")
    done = move_step(process_path(context, process), context.directory, step, position, dry_run=dry_run)
    if as_json:
        print_json(_data(done, dry_run=dry_run))
    elif not done.changed:
        context.say(f'The step "{one_line(done.name)}" is there already.')
    else:
        verb = _did("Moved", "move", dry_run)
        context.say(f'{verb} the step "{one_line(done.name)}" to line {done.line} of {done.file}.')


@process.command()
@_PROCESS
@_STEP
@click.argument("name")
@dry_run_option
@json_option
@pass_context
def rename(context: Context, process: str, step: str, name: str, dry_run: bool, as_json: bool) -> None:
    """Call STEP of PROCESS by another NAME, also where the process reads its outputs."""
    from runner.documents.process_edit import rename_step

    done = rename_step(process_path(context, process), context.directory, step, name, dry_run=dry_run)
    if as_json:
        print_json(_data(done, dry_run=dry_run))
    elif not done.changed:
        context.say(f'The step is called "{one_line(done.name)}" already.')
    else:
        verb = _did("Renamed", "rename", dry_run)
        context.say(f'{verb} the step "{one_line(step)}" of {done.file} to "{one_line(done.name)}".')
        if not context.quiet:
            _show(done.rewritten, "Rewritten", err=False)
        _show(done.left, "Look at")


def _did(done: str, verb: str, dry_run: bool) -> str:
    return f"Would {verb}" if dry_run else done


def _show(mentions: tuple[Mention, ...], what: str, *, err: bool = True) -> None:
    """One line of output for each line of the file."""
    firsts = {mention.line: mention for mention in reversed(mentions)}
    for _, mention in sorted(firsts.items()):
        why = " (the name is made up as it runs)" if mention.computed else ""
        line = f"{what}: {mention.file}:{mention.line}:{mention.column}: {one_line(mention.text)}{why}"
        echo(style(line, fg="yellow") if err else line, err=err)


def _data(done: StepEdit, *, dry_run: bool) -> dict[str, Any]:
    return {**to_data(done), "dry_run": dry_run}
