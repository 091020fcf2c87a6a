"""Groups of commands: their help, what a slip may have meant, and the options that every command takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import click

from registry.cli.output import echo, forbid_pager, start_output

if TYPE_CHECKING:
    from registry.cli.context import Context

Callback = Callable[[click.Context, click.Parameter, Any], None]

_EVERYWHERE = "Every command takes -C DIR, -q, -v, --no-color and --no-pager, before or after its name."


class Group(click.Group):
    """A group that prints its help when it is called alone, and whose commands take the global options.

    `elsewhere` maps words that people try to what they look for.
    """

    elsewhere: Mapping[str, Sequence[str]] = {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        return None if command is None else with_global_options(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            self.fail_unknown(ctx, name)
        return super().resolve_command(ctx, args)

    def fail_unknown(self, ctx: click.Context, name: str) -> NoReturn:
        """Say that there is no such command, and which one may be meant. Raises UsageError."""
        from registry.suggest import close_to, question

        meant = self.elsewhere.get(name) or close_to(name, self.list_commands(ctx))
        ctx.fail(f'there is no command "{name}"' + (f"; {question(*meant)}" if meant else ""))


def with_global_options(command: click.Command) -> click.Command:
    """`command`, which takes the global options and `-h` where it has no such option of its own."""
    taken = {name for parameter in command.params for name in parameter.opts}
    command.params += [option for option in global_options() if not taken.intersection(option.opts)]
    command.add_help_option = False
    if command.epilog is None:
        command.epilog = _EVERYWHERE
    return command


def global_options(*, shown: bool = False) -> list[click.Option]:
    """The options that stand before a command or after it; each changes the command's `Context`."""

    def option(*names: str, tell: Callback, text: str, **more: Any) -> click.Option:
        return click.Option(
            [*names, f"global_{names[-1].strip('-').replace('-', '_').lower()}"],
            callback=tell,
            expose_value=False,
            is_eager=True,
            hidden=not shown,
            help=text,
            **more,
        )

    folder = click.Path(file_okay=False, exists=True)
    return [
        option("-C", tell=_in_folder, text="Work as if started in DIR.", metavar="DIR", type=folder),
        option("-q", "--quiet", tell=_changing(_quiet), text="Only results and errors.", is_flag=True),
        option("-v", "--verbose", tell=_changing(_verbose), text="Verbose lines too.", is_flag=True),
        option(
            "--no-color",
            tell=_changing(_plain),
            text="No colours (NO_COLOR is respected as well).",
            is_flag=True,
        ),
        option("--no-pager", tell=_without_pager, text="No pager for long output.", is_flag=True),
        click.Option(
            ["-h", "--help"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_help,
            help="Show this message and exit.",
        ),
    ]


def _in_folder(ctx: click.Context, parameter: click.Parameter, folder: str | None) -> None:
    if folder is not None and not ctx.resilient_parsing:
        os.chdir(folder)
        here = _from_environment()
        ctx.obj = replace(ctx.obj or here, directory=here.directory, home=here.home)


def _changing(change: Callable[[Context], Context]) -> Callback:
    def apply(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            ctx.obj = change(ctx.obj or _from_environment())

    return apply


def _from_environment() -> Context:
    from registry.cli.context import Context  # help does without it, and without the home behind it

    return Context.from_environment()


def _quiet(context: Context) -> Context:
    return replace(context, quiet=True)


def _verbose(context: Context) -> Context:
    return replace(context, verbose=True)


def _plain(context: Context) -> Context:
    start_output(colours=False)
    return replace(context, color=False)


def _without_pager(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        forbid_pager()


def _show_help(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        echo(ctx.get_help())
        ctx.exit()
