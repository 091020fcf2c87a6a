"""The options that `plan`, `run` and `expand` share: environment, variables, choices."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from registry.errors import Invalid, NotFound
from runner.documents import read_values
from runner.planner import Inputs

F = TypeVar("F", bound=Callable[..., Any])

MAX_VALUE_BYTES = 1024 * 1024


def input_options(command: F) -> F:
    """Adds `-e`, `--var`, `--var-file`, `--skip` and `--target` to a command."""
    for option in (
        click.option(
            "--target", "targets", metavar="TARGET", multiple=True, help="Only on this target (repeatable)."
        ),
        click.option("--skip", metavar="STEP", multiple=True, help="Leave this step out (repeatable)."),
        click.option(
            "--var-file",
            "var_files",
            metavar="FILE",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Variables from a YAML or JSON file of plain values.",
        ),
        click.option(
            "--var",
            "variables",
            metavar="NAME=VALUE",
            multiple=True,
            help="A variable; NAME=@FILE reads a file, NAME=- standard input.",
        ),
        click.option("-e", "--environment", metavar="ENV", help="The environment to run in."),
    ):
        command = option(command)
    return command


def read_inputs(
    environment: str | None,
    variables: Iterable[str],
    var_files: Iterable[Path],
    skip: Iterable[str],
    targets: Iterable[str],
) -> Inputs:
    """The inputs that the options ask for. Raises Invalid, NotFound."""
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    plain: set[str] = set()
    for path in var_files:
        for name, value in read_values(path).items():
            values[name], origins[name] = value or "", f"--var-file {path}"
    for text in variables:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise Invalid("bad-variable", f'--var "{name}" has no value', hint="write --var NAME=value")
        if value == "-":
            values[name], origins[name] = (
                sys.stdin.read(MAX_VALUE_BYTES).removesuffix("\n"),
                "--var, standard input",
            )
        elif value.startswith("@"):
            values[name], origins[name] = _file(value[1:]), f"--var, {value[1:]}"
        else:
            values[name], origins[name] = value, "--var"
            plain.add(name)
    return Inputs(environment, values, origins, tuple(skip), tuple(targets), frozenset(plain))


def _file(name: str) -> str:
    path = Path(name)
    try:
        if path.stat().st_size > MAX_VALUE_BYTES:
            raise Invalid("variable-file", f'"{name}" is larger than {MAX_VALUE_BYTES:,} bytes')
        return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except FileNotFoundError:
        raise NotFound("variable-file", f'there is no file "{name}"') from None
    except UnicodeDecodeError:
        raise Invalid("variable-file", f'"{name}" is not UTF-8 text') from None
