"""The options that `plan`, `run` and `expand` share: environment, variables, choices."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from registry.errors import Invalid
from runner.cli.complete import complete_environment, complete_step, complete_target
from runner.documents import read_values
from runner.planner import Inputs
from runner.variables.value_file import MAX_VALUE_BYTES, read_value_file, value_text

F = TypeVar("F", bound=Callable[..., Any])


def input_options(command: F) -> F:
    """Adds `-e`, `--var`, `--var-file`, `--skip`, `--target` and `--exclude-target` to a command."""
    for option in (
        click.option(
            "--exclude-target",
            "exclude_targets",
            metavar="TARGET",
            multiple=True,
            shell_complete=complete_target,
            help="On all targets but this one (repeatable).",
        ),
        click.option(
            "--target",
            "targets",
            metavar="TARGET",
            multiple=True,
            shell_complete=complete_target,
            help="Only on this target (repeatable).",
        ),
        click.option(
            "--skip",
            metavar="STEP",
            multiple=True,
            shell_complete=complete_step,
            help="Leave this step out (repeatable).",
        ),
        value_options,
        click.option(
            "-e",
            "--environment",
            metavar="ENV",
            shell_complete=complete_environment,
            help="The environment to run in.",
        ),
    ):
        command = option(command)
    return command


def value_options(command: F) -> F:
    """Adds `--var` and `--var-file` to a command."""
    for option in (
        click.option(
            "--var-file",
            "--values",
            "var_files",
            metavar="FILE",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Variables from a YAML, JSON or .env file of plain values.",
        ),
        click.option(
            "--var",
            "variables",
            metavar="NAME=VALUE",
            multiple=True,
            help="A variable; NAME=@FILE reads a file, NAME=- standard input.",
        ),
    ):
        command = option(command)
    return command


def audience_options(command: F) -> F:
    """Adds `--channel`, `--tenant-tag` and `--guided-failure` to a command."""
    for option in (
        click.option(
            "--guided-failure/--no-guided-failure",
            default=None,
            help="Whether a failure asks a person what to do (default: what the project or the environment says).",
        ),
        click.option(
            "--tenant-tag",
            "tenant_tags",
            metavar="SET/TAG",
            multiple=True,
            help="The run is for a tenant with this tag (repeatable); see tenant_tags of steps.",
        ),
        click.option("--channel", metavar="NAME", help="The run is for this channel; see channels of steps."),
    ):
        command = option(command)
    return command


def lock_options(command: F) -> F:
    """Adds `--locked` and `--offline` to a command."""
    for option in (
        click.option("--offline", is_flag=True, help="Use only what is there: pull and build no image."),
        click.option(
            "--locked/--no-locked",
            default=None,
            help="Refuse what treadle.lock doesn't know (default where CI is set and there is a lock).",
        ),
    ):
        command = option(command)
    return command


def read_inputs(
    environment: str | None,
    variables: Iterable[str],
    var_files: Iterable[Path],
    skip: Iterable[str],
    targets: Iterable[str],
    exclude_targets: Iterable[str] = (),
) -> Inputs:
    """The inputs that the options ask for. Raises Invalid, NotFound."""
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    plain: set[str] = set()
    for path in var_files:
        for name, value in read_values(path).items():
            values[name], origins[name] = value or "", f"--var-file {path}"
    for name, given in read_pairs(variables, "--var").items():
        values[name], origins[name] = given.value, given.origin
        if given.plain:
            plain.add(name)
    return Inputs(
        environment,
        values,
        origins,
        tuple(skip),
        tuple(targets),
        frozenset(plain),
        exclude_targets=tuple(exclude_targets),
    )


@dataclass(frozen=True, slots=True)
class GivenValue:
    """A value that an option gives; `plain`: it stood on the command line, where process lists show it."""

    value: str = field(repr=False)
    origin: str
    plain: bool = False


def read_pairs(texts: Iterable[str], option: str) -> dict[str, GivenValue]:
    """The values of an option that is given as NAME=VALUE, NAME=@FILE or NAME=-, by their names. Raises Invalid,
    NotFound."""
    found: dict[str, GivenValue] = {}
    from_stdin: str | None = None
    for text in texts:
        name, value = _name_and_value(text, option)
        if value == "-":
            if from_stdin is not None:
                message = f'{option} "{name}": standard input was read for "{from_stdin}" already'
                raise Invalid("stdin-twice", message, hint="Give one of the two as NAME=@FILE.")
            from_stdin = name
            found[name] = GivenValue(read_stdin(), f"{option}, standard input")
        elif value.startswith("@"):
            found[name] = GivenValue(read_value_file(Path(value[1:])), f"{option}, {value[1:]}")
        else:
            found[name] = GivenValue(value, option, plain=True)
    return found


def read_value(written: str) -> str:
    """The value that an argument means: itself, `@FILE` the content of a file, `-` standard input. Raises as
    `read_inputs`."""
    if written == "-":
        return read_stdin()
    return read_value_file(Path(written[1:])) if written.startswith("@") else written


def _name_and_value(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    try:
        text.encode()
    except UnicodeEncodeError:  # Python keeps bytes that are not UTF-8 as lone surrogates
        shown = name.encode("utf-8", "replace").decode()
        raise Invalid(
            "variable-encoding",
            f'{option} "{shown}" is not UTF-8 text',
            hint="Give text in UTF-8, or the base64 of the bytes.",
        ) from None
    if not name.strip():
        raise Invalid("bad-variable", f'{option} "{text}" has no name', hint=f"Write {option} NAME=value.")
    if not equals:
        raise Invalid("bad-variable", f'{option} "{text}" has no value', hint=f"Write {option} NAME=value.")
    return name.strip(), value


def read_stdin() -> str:
    """All of standard input, without one line end at its end. Raises Invalid."""
    return value_text(_read_once(sys.stdin.buffer), "standard input")


@lru_cache(maxsize=1)
def _read_once(stream: IO[bytes]) -> bytes:
    # A command that is started again, as after damage to the index, finds again what it had read.
    return stream.read(MAX_VALUE_BYTES + 1)
