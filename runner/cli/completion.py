"""`treadle completion SHELL`."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Put it where your shell looks for completions, or evaluate it:
      eval "$(treadle completion bash)"
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "the choices are click's own"
    click.echo(kind(ctx.find_root().command, {}, "treadle", "_TREADLE_COMPLETE").source())
