"""`treadle help [COMMAND]`."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from registry.cli.output import echo, page_output


def _complete_command(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """The commands of the group that is named so far."""
    root = ctx.find_root()
    command: click.Command | None = root.command
    for name in ctx.params.get("names") or ():
        command = command.get_command(root, name) if isinstance(command, click.Group) else None
    names = command.list_commands(root) if isinstance(command, click.Group) else ()
    return [CompletionItem(name) for name in names if name.startswith(typed)]


@click.command("help")
@click.argument("names", metavar="[COMMAND]...", nargs=-1, shell_complete=_complete_command)
@click.pass_context
def help_command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Explain a command; without one, list them all."""
    root = ctx.find_root()
    command, path = root.command, root
    for name in names:
        if not isinstance(command, click.Group):
            path.fail(f'"{path.command_path}" has no commands below it')
        _, found, _ = command.resolve_command(path, [name])
        assert found is not None, "resolve_command fails where there is none"
        path = click.Context(found, parent=path, info_name=name)
        command = found
    page_output()
    echo(path.get_help())
