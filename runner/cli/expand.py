"""`treadle expand TEXT`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import json_option
from registry.cli.output import echo, print_json
from registry.errors import Invalid
from runner.cli.inputs import input_options, read_inputs, read_stdin

if TYPE_CHECKING:
    from runner.expand import Expansion


@click.command("expand")
@click.argument("text")
@input_options
@click.option("--strict", is_flag=True, help="A value that is missing is an error.")
@json_option
@pass_context
def expand_command(
    context: Context,
    text: str,
    environment: str | None,
    variables: tuple[str, ...],
    var_files: tuple[Path, ...],
    skip: tuple[str, ...],
    targets: tuple[str, ...],
    exclude_targets: tuple[str, ...],
    strict: bool,
    as_json: bool,
) -> None:
    """Evaluate TEXT as a step of the project would; TEXT - reads standard input.

    The result goes to standard output, what was read and what is missing to standard error. Secrets are masked.

    \b
    Example:
      treadle expand 'https://#{Site.Host | ToLower}/' -e Production
    """
    from runner.app import run_service
    from runner.expand import expand as evaluate

    inputs = read_inputs(environment, variables, var_files, skip, targets, exclude_targets)
    if text == "-" and any(variable.endswith("=-") for variable in variables):
        message = "standard input cannot be both the text and a variable"
        raise Invalid("stdin-twice", message, hint="Give one of the two as NAME=@FILE.")
    expansion = evaluate(run_service(context), read_stdin() if text == "-" else text, inputs)
    if expansion.error is not None and (strict or not expansion.missing):
        raise Invalid("expression", expansion.error)
    if as_json:
        print_json(_as_data(expansion))
        return
    echo(expansion.text or "")
    if not context.quiet:
        _tell(expansion)


def _as_data(expansion: Expansion) -> dict[str, object]:
    return {
        "text": expansion.text,
        "reads": [
            {
                "name": value.name,
                "value": value.shown,
                "origin": value.origin.kind,
                "from": value.origin.detail,
            }
            for value in expansion.reads
        ],
        "missing": list(expansion.missing),
        "mistakes": [
            {"code": mistake.code, "message": mistake.message, "hint": mistake.hint}
            for mistake in expansion.mistakes
        ],
    }


def _tell(expansion: Expansion) -> None:
    width = max((len(value.name) for value in expansion.reads), default=0)
    for value in expansion.reads:
        detail = f" {value.origin.detail}" if value.origin.detail else ""
        echo(f"read     {value.name:<{width}}  {value.origin.kind}{detail}", err=True)
    for token in expansion.missing:
        echo(f"missing  {token}", err=True)
    for mistake in expansion.mistakes:
        echo(f"warning: {mistake.message}\n  hint: {mistake.hint}", err=True)
