"""`treadle import`, with what only the runner knows: what processes ask of their containers."""

from __future__ import annotations

from copy import copy
from functools import partial

import click

from registry.cli.import_ import import_command as _import_command
from registry.errors import Invalid
from registry.model import Problem, Severity, path_text


def _asks(name: str, data: bytes) -> list[Problem]:
    """See `registry.cli.import_bundle.Asks`."""
    from runner.documents import parse_process
    from runner.planner import extras

    try:
        process = parse_process(data, name)
    except Invalid as error:
        return list(error.problems)
    found = []
    for action in process.actions:
        if asked := extras(action.container):
            at = (*action.at, "container")
            message = f"{action.label} asks for: {', '.join(asked)}"
            found.append(
                Problem(
                    message,
                    "asks-for-more",
                    path_text(at),
                    None,
                    Severity.WARNING,
                    name,
                    *process.positions[at],
                )
            )
    return found


import_command: click.Command = copy(_import_command)
import_command.callback = partial(import_command.callback or _import_command, asks=_asks)
