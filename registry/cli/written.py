"""How commands tell of the files that they wrote."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from registry.cli.context import Context
from registry.cli.output import print_json


def tell_written(
    context: Context,
    target: Path,
    files: Iterable[Path],
    *,
    dry_run: bool,
    as_json: bool,
    listed: bool = True,
) -> None:
    """Say which `files` were written (or would be) for `target`; `listed` False: the target's name says it."""
    changed = list(files)
    if as_json:
        print_json(
            {
                "path": str(target),
                "files": [str(file) for file in changed],
                "changed": bool(changed),
                "dry_run": dry_run,
            }
        )
        return
    if not changed:
        context.say(f"{target} is up to date")
        return
    context.say(f"{'would write' if dry_run else 'wrote'} {target}")
    for file in changed if listed else ():
        context.say(f"  {file}")
