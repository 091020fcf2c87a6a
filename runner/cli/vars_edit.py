"""`treadle vars set|encrypt|key`: changes to variables, and the keys that seal them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import dry_run_option, json_option
from registry.cli.output import ask, print_json, print_table
from registry.errors import Invalid, NotFound
from runner.cli.complete import complete_environment, complete_target, complete_variable
from runner.cli.inputs import read_value

if TYPE_CHECKING:
    from runner.variable_changes import FileChange, VariableFiles
    from runner.variables.sealing import SealingKey


@click.command("set")
@click.argument("name", shell_complete=complete_variable)
@click.argument("value", required=False)
@click.option("--sensitive", is_flag=True, help="Seal the value, and make the variable a secret.")
@click.option(
    "-e",
    "--environment",
    "environments",
    metavar="ENV",
    multiple=True,
    shell_complete=complete_environment,
    help="Only in this environment (repeatable).",
)
@click.option(
    "--target",
    "targets",
    metavar="TARGET",
    multiple=True,
    shell_complete=complete_target,
    help="Only on this target (repeatable).",
)
@click.option(
    "--role", "roles", metavar="ROLE", multiple=True, help="Only on targets with this role (repeatable)."
)
@click.option("--step", "steps", metavar="STEP", multiple=True, help="Only in this step (repeatable).")
@click.option(
    "--process", "processes", metavar="PROCESS", multiple=True, help="Only in this process (repeatable)."
)
@dry_run_option
@json_option
@pass_context
def set_command(
    context: Context,
    name: str,
    value: str | None,
    sensitive: bool,
    environments: tuple[str, ...],
    targets: tuple[str, ...],
    roles: tuple[str, ...],
    steps: tuple[str, ...],
    processes: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give the variable NAME a value in treadle.yaml: everywhere, or where the options say.

    VALUE is a text, @FILE or - (standard input). A secret is sealed with your key, asked for where VALUE is left out,
    and refused as a plain text, which process lists would show. Comments and layout of the file stay.

    \b
    Example:
      treadle vars set Db.Password --sensitive -e Production
    """
    from runner.variable_changes import is_sensitive, set_variable

    files = variable_files(context)
    secret = sensitive or is_sensitive(files, name)
    scope = {
        "environment": environments,
        "target": targets,
        "role": roles,
        "step": steps,
        "process": processes,
    }
    given = {dimension: names for dimension, names in scope.items() if names}
    content = _value(name, value, secret=secret)
    change = set_variable(files, name, content, given, sensitive=secret, dry_run=dry_run)
    _tell(context, [change], "sealed" if secret else "set", dry_run=dry_run, as_json=as_json)


@click.command("encrypt")
@click.argument("names", metavar="[NAME...]", nargs=-1, shell_complete=complete_variable)
@dry_run_option
@json_option
@pass_context
def encrypt_command(context: Context, names: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Seal what stands in clear: the values of all sensitive variables, or of those named, which become sensitive.

    A value that was ever committed in clear stays in git's history: change it, too.

    \b
    Example:
      treadle vars encrypt Db.Password
    """
    from runner.variable_changes import encrypt_variables

    changes = encrypt_variables(variable_files(context), names, dry_run=dry_run)
    _tell(context, changes, "sealed", dry_run=dry_run, as_json=as_json)


@click.group("key", cls=Group)
def key_group() -> None:
    """The keys that seal values.

    They come from TREADLE_KEY, the file TREADLE_KEY_FILE, or the file `keys` beside your settings.
    """


@key_group.command("list")
@json_option
@pass_context
def list_keys(context: Context, as_json: bool) -> None:
    """List the keys that are here by their ids, the current one first, and those that the project needs."""
    from runner.variable_changes import keys_in_use

    files = variable_files(context, required=False)
    ring = files.keys()
    used = keys_in_use(files) if context.project() else {}
    rows = [
        (key.id, "current" if place == 0 else "older", used.get(key.id, [])) for place, key in enumerate(ring)
    ]
    rows += [(name, "missing", names) for name, names in used.items() if name not in {key.id for key in ring}]
    if as_json:
        found = [{"key": name, "state": state, "variables": names} for name, state, names in rows]
        print_json({"origin": ring.origin, "keys": found})
        return
    context.say(f"Keys in {ring.origin}")
    print_table(
        ("KEY", "STATE", "SEALS"), [(name, state, ", ".join(names) or "-") for name, state, names in rows]
    )


@key_group.command("new")
@dry_run_option
@json_option
@pass_context
def new_key(context: Context, dry_run: bool, as_json: bool) -> None:
    """Make a key, and make it the current one. Older keys stay.

    Whoever shall open what you seal needs the key: hand them the line of the file by a safe way, never by git.
    """
    from runner.variables.sealing import SealingKey

    _add(context, SealingKey.new(), dry_run=dry_run, as_json=as_json)


@key_group.command("add")
@dry_run_option
@json_option
@pass_context
def add_given_key(context: Context, dry_run: bool, as_json: bool) -> None:
    """Take a colleague's key from standard input, and make it the current one. Older keys stay."""
    from runner.variables.sealing import SealingKey

    text = ask("Key", hidden=True) if sys.stdin.isatty() else read_value("-")
    try:
        key = SealingKey.parse(text.strip())
    except ValueError:
        hint = "Give a line of the file of keys, which begins with treadle-key-v1."
        raise Invalid("key-invalid", "what was given is not a key", hint) from None
    _add(context, key, dry_run=dry_run, as_json=as_json)


@key_group.command("rotate")
@dry_run_option
@json_option
@pass_context
def rotate(context: Context, dry_run: bool, as_json: bool) -> None:
    """Make a new key, and seal everything in the project with it anew. Older keys stay, for other projects.

    Who had the old key can still open the values that git's history holds: change those that matter.
    """
    from runner.variable_changes import rotate_key

    _, changes = rotate_key(variable_files(context), dry_run=dry_run)
    _tell(context, changes, "sealed with a new key", dry_run=dry_run, as_json=as_json)


def variable_files(context: Context, *, required: bool = True) -> VariableFiles:
    """The files of the project. Raises NotFound where there is none."""
    from runner.variable_changes import VariableFiles

    project = context.project()
    if project is None and required:
        raise NotFound(
            "no-project-file", "there is no treadle.yaml here or above", "Start a project: `treadle init`."
        )
    file = project.file if project else context.directory
    return VariableFiles(context.home, os.environ, context.directory, file)


def _value(name: str, value: str | None, *, secret: bool) -> str:
    """The value that was given, or is asked for. Raises Invalid."""
    if value is None and not sys.stdin.isatty():
        message = f'no value was given for "{name}"'
        raise Invalid(
            "value-missing", message, f"Give one: `treadle vars set {name} @FILE`, or - for standard input."
        )
    if value is None:
        return ask(name, hidden=secret)
    if secret and value != "-" and not value.startswith("@"):
        raise Invalid(
            "secret-on-command-line",
            f'the variable "{name}" is sensitive; a plain value would show in process lists',
            hint="Give @FILE or - (standard input), or leave it out to be asked.",
        )
    return read_value(value)


def _tell(
    context: Context, changes: Iterable[FileChange], done: str, *, dry_run: bool, as_json: bool
) -> None:
    found = list(changes)
    if as_json:
        files = [{"file": change.file, "variables": list(change.variables)} for change in found]
        print_json({"changed": files, "dry_run": dry_run})
        return
    for change in found:
        would = "would be " if dry_run else ""
        context.say(f"{change.file}: {', '.join(change.variables)} {would}{done}.")
    if not found:
        context.say("There was nothing to do.")


def _add(context: Context, key: SealingKey, *, dry_run: bool, as_json: bool) -> None:
    """Make a key the current one. A dry run names no id of a key that will never be."""
    from runner.variables.keys import add_key, check_place

    if dry_run:
        origin, name = check_place(context.home, os.environ), None
    else:
        ring = add_key(context.home, os.environ, key)
        origin, name = ring.origin, ring.current.id
    if as_json:
        print_json({"key": name, "origin": origin, "dry_run": dry_run})
    elif dry_run:
        context.say(f"A key would be written to {origin}.")
    else:
        context.say(f"The current key is {name}, in {origin}.")
