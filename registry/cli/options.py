"""Options and arguments that several commands take, each declared once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from registry.cli.context import current_context, ready_context
from registry.cli.output import page_output
from registry.errors import Invalid, NotFound
from registry.model import Reference
from registry.project.cool_down import CoolDown
from registry.project.source_definition import MAX_DAYS

F = TypeVar("F", bound=Callable[..., Any])

_NO_SOURCE = "any"
_PATH_ENDINGS = (".json", ".yaml", ".yml", ".gz", ".tgz")
COOL_DOWN_VARIABLE = "TREADLE_COOL_DOWN"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
force_option = click.option("--force", is_flag=True, help="Overwrite files that have other content.")
message_option = click.option("-m", "--message", metavar="TEXT", help="The commit's message.")
push_option = click.option(
    "--push", is_flag=True, help="Share it: on top of what the remote holds, and again if others push too."
)


def paged(command: F) -> F:
    """Lets output of the command that is longer than the screen go through a pager, where a person reads it."""

    @wraps(command)
    def with_pager(*arguments: Any, **options: Any) -> Any:
        page_output()
        return command(*arguments, **options)

    return cast(F, with_pager)


class ReferenceType(click.ParamType[Reference]):
    """`source/slug`, with a version or without one. The source may be left out where only one has the template."""

    name = "reference"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from registry.cli.complete import complete_reference

        return complete_reference(ctx, param, incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Reference:
        if isinstance(value, Reference):
            return value
        ctx = ctx or click.get_current_context(silent=True)
        if ctx is not None and "/" not in value and (bare := _parsed(f"{_NO_SOURCE}/{value}")):
            with ready_context().catalog() as catalog:
                return catalog.with_source(bare)
        try:
            return Reference.parse(value)
        except ValueError as error:
            raise Invalid(
                "reference-invalid",
                str(error),
                hint="Write SOURCE/NAME, or SOURCE/NAME@12 for an exact version.",
            ) from error


def _parsed(text: str) -> Reference | None:
    try:
        return Reference.parse(text)
    except ValueError:
        return None


REFERENCE = ReferenceType()


class NumberType(click.ParamType[float]):
    """A number between two others, whole unless `whole` is False."""

    name = "number"

    def __init__(self, least: int, most: int, *, whole: bool = True) -> None:
        self.least, self.most, self.whole = least, most, whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = int(value) if self.whole else float(value)
        except ValueError:
            number = None
        if number is None or not self.least <= number <= self.most:
            kind = "whole number" if self.whole else "number"
            self.fail(f'"{value}" is not a {kind} from {self.least:,} to {self.most:,}', param, ctx)
        return number


def path_or_reference(directory: Path, name: str, sources: Collection[str] = ()) -> Reference | Path:
    """What an argument means that may be either: a path where there is one, else a reference.

    A name that begins with one of `sources` is a reference all the same. Raises NotFound for what can only be a path,
    and as `REFERENCE`.
    """
    path = Path(name)  # as it was given, for messages
    source, slash, _ = name.partition("/")
    if (directory / path).exists() and not (slash and source in sources):
        return path
    if name.startswith((".", "/", "~")) or name.endswith(_PATH_ENDINGS):
        raise NotFound(
            "path-not-found", f'there is no "{name}"', hint="Give a file, a folder or a reference."
        )
    return REFERENCE.convert(name, None, None)


def cool_down_option(command: F) -> F:
    """Adds `--cool-down DAYS`, given to the command as a `CoolDown`: the option, else TREADLE_COOL_DOWN, else what
    the source says, else what the project says, else a week."""
    return click.option(
        "--cool-down",
        metavar="DAYS",
        envvar=COOL_DOWN_VARIABLE,
        type=NumberType(0, MAX_DAYS, whole=False),
        callback=_cool_down,
        help="Hold back versions of other people's sources younger than this (7; 0: none).",
    )(command)


def _cool_down(ctx: click.Context, parameter: click.Parameter, days: float | None) -> CoolDown:
    if days is not None:
        return CoolDown(days, asked=True)
    project = current_context().project()
    said = project.cool_down if project else None
    return CoolDown() if said is None else CoolDown(said)
