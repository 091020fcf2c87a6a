"""`treadle validate`: every problem of documents, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import json_option, paged
from registry.cli.output import counted, print_json, tell
from registry.cli.problems import problem_text
from registry.model import Problem, Severity

if TYPE_CHECKING:
    from registry.validation.check import Rules


def validate_command(rules: Rules) -> click.Command:
    """The command; `rules` are those of kinds of documents that only a higher layer knows."""

    @click.command("validate")
    @click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
    @json_option
    @click.option("--strict", is_flag=True, help="Count warnings as errors.")
    @pass_context
    @paged
    def validate(context: Context, paths: tuple[Path, ...], as_json: bool, strict: bool) -> None:
        """Check templates, processes and projects.

        PATH is a file, a template folder, or a folder with any of them below. All problems are told at once.
        Exit code 1 if there are errors, 2 if a path doesn't exist.
        """
        from registry.validation.check import check_paths

        checked = check_paths(paths, rules)
        problems = [problem for one in checked for problem in one.problems]
        ok = not any(strict or problem.severity is Severity.ERROR for problem in problems)
        _print(context, len(checked), problems, ok, as_json)
        exit_with(0 if ok else 1)

    return validate


def _print(context: Context, checked: int, problems: Sequence[Problem], ok: bool, as_json: bool) -> None:
    if as_json:
        print_json({"ok": ok, "checked": checked, "problems": [asdict(problem) for problem in problems]})
        return
    for problem in problems:
        tell(problem_text(problem))
    context.say(_summary(checked, problems))


def _summary(checked: int, problems: Sequence[Problem]) -> str:
    severities = [problem.severity.value for problem in problems]
    found = [counted(severities.count(word), word) for word in ("error", "warning") if word in severities]
    return f"{counted(checked, 'document')} checked: {', '.join(found) or 'no problems'}"
