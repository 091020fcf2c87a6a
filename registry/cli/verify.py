"""`treadle verify`: whether every byte is the one that was put there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import json_option
from registry.cli.output import counted, print_json, to_data, working
from registry.cli.problems import error_data
from registry.errors import Invalid, Mismatch
from registry.model import Problem
from registry.project.lock_file import LOCK_FILE, Lock, read_lock


@click.command("verify")
@json_option
@pass_context
def verify_command(context: Context, as_json: bool) -> None:
    """Find any altered byte in mirrors, library, index and treadle.lock. Asks no remote; changes nothing."""
    from registry.catalog.verify import verify as find_alterations

    project = context.project()
    lock, problems = _lock((project.folder if project else context.directory) / LOCK_FILE)
    with working(context, "hashing everything again"), context.catalog() as catalog:
        problems += find_alterations(catalog, lock)
    altered = _altered(problems)
    if as_json:
        error = {"error": error_data(altered)} if altered else {}
        print_json({"problems": to_data(problems), **error})
    if altered:
        raise altered
    if not as_json:
        checked = counted(len(lock.templates) if lock else 0, "locked template")
        context.say(f"Everything is as it was put there: {checked} checked.")


def _altered(problems: Sequence[Problem]) -> Mismatch | None:
    if not problems:
        return None
    were = "1 thing was" if len(problems) == 1 else f"{len(problems)} things were"
    return Mismatch("altered", f"{were} altered of what Treadle keeps", problems=problems)


def _lock(file: Path) -> tuple[Lock | None, list[Problem]]:
    """The lock, or what is wrong with it: one that cannot be read was altered."""
    try:
        return read_lock(file), []
    except Invalid as error:
        return None, list(error.problems) or [Problem(error.message, error.code, hint=error.hint)]
