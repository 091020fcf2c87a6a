"""Options and arguments that several commands take, each declared once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from registry.cli.context import Context
from registry.errors import Invalid
from registry.model import Reference
from registry.project.cool_down import CoolDown
from registry.project.source_definition import MAX_DAYS

F = TypeVar("F", bound=Callable[..., Any])

COOL_DOWN_VARIABLE = "TREADLE_COOL_DOWN"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
force_option = click.option("--force", is_flag=True, help="Overwrite files that have other content.")
message_option = click.option("-m", "--message", metavar="TEXT", help="The commit's message.")
push_option = click.option(
    "--push", is_flag=True, help="Share it: on top of what the remote holds, and again if others push too."
)


class ReferenceType(click.ParamType[Reference]):
    """`source/slug`, with a version or without one."""

    name = "reference"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from registry.cli.complete import complete_reference

        return complete_reference(ctx, param, incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Reference:
        if isinstance(value, Reference):
            return value
        try:
            return Reference.parse(value)
        except ValueError as error:
            raise Invalid(
                "reference-invalid",
                str(error),
                hint="Write SOURCE/NAME, or SOURCE/NAME@12 for an exact version.",
            ) from error


REFERENCE = ReferenceType()


def cool_down_option(command: F) -> F:
    """Adds `--cool-down DAYS`, given to the command as a `CoolDown`: the option, else TREADLE_COOL_DOWN, else what
    the source says, else what the project says, else a week."""
    return click.option(
        "--cool-down",
        metavar="DAYS",
        envvar=COOL_DOWN_VARIABLE,
        type=click.FloatRange(min=0, max=MAX_DAYS),
        callback=_cool_down,
        help="Hold back versions of other people's sources younger than this (7; 0: none).",
    )(command)


def _cool_down(ctx: click.Context, parameter: click.Parameter, days: float | None) -> CoolDown:
    if days is not None:
        return CoolDown(days, asked=True)
    context: Context = ctx.obj
    project = context.project()
    said = project.cool_down if project else None
    return CoolDown() if said is None else CoolDown(said)
