"""`treadle verify`: whether every byte is the one that was put there."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import json_option
from registry.cli.output import counted, print_json, working
from registry.cli.problems import show_problems
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
    if as_json:
        print_json({"problems": [asdict(problem) for problem in problems]})
    else:
        show_problems(problems)
    if problems:
        raise Mismatch("altered", f"{len(problems)} of the things that Treadle keeps were altered")
    if not as_json:
        checked = counted(len(lock.templates) if lock else 0, "locked template")
        context.say(f"Everything is as it was put there: {checked} checked.")


def _lock(file: Path) -> tuple[Lock | None, list[Problem]]:
    """The lock, or what is wrong with it: one that can't be read was altered."""
    try:
        return read_lock(file), []
    except Invalid as error:
        return None, list(error.problems) or [Problem(error.message, error.code, hint=error.hint)]
