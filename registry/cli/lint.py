"""`treadle lint`: whether valid templates are also good ones."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import dry_run_option, json_option
from registry.cli.output import counted, echo, print_json, style
from registry.cli.problems import problem_text
from registry.errors import NotFound
from registry.model import Severity

if TYPE_CHECKING:
    from registry.lint.linter import LintReport

_PATHS = click.Path(path_type=Path)


@click.command("lint")
@click.argument("paths", nargs=-1, type=_PATHS, metavar="PATH...")
@click.option("--fix", "fixing", is_flag=True, help="Fix what can be fixed safely, then lint.")
@dry_run_option
@click.option("--ignore", multiple=True, metavar="RULE", help="Leave this rule out; may be given again.")
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@json_option
@click.option("--rules", "only_rules", is_flag=True, help="List the rules, with why and how to fix.")
@pass_context
def lint_command(
    context: Context,
    paths: tuple[Path, ...],
    fixing: bool,
    dry_run: bool,
    ignore: tuple[str, ...],
    strict: bool,
    as_json: bool,
    only_rules: bool,
) -> None:
    """Check templates against the rules of good ones.

    PATH is a template folder, a JSON file, or a folder with any of them below; the current one when left out.
    Exit code 1 if there are errors.
    """
    from registry.lint.linter import lint as lint_paths

    if only_rules:
        _print_rules(as_json)
        return
    where = paths or (Path(),)
    if fixing:
        _fix(context, where, ignore, dry_run, quiet=as_json)
    report = lint_paths(where, ignore)
    if not report.templates and not report.problems:
        places = ", ".join(f'"{path}"' for path in where)
        raise NotFound(
            "nothing-to-lint", f"there is no template at {places}", "Give template folders or JSON files."
        )
    ok = not any(strict or problem.severity is Severity.ERROR for problem in report.problems)
    _print_report(context, report, ok, as_json)
    exit_with(0 if ok else 1)


def _print_report(context: Context, report: LintReport, ok: bool, as_json: bool) -> None:
    if as_json:
        problems = [asdict(problem) for problem in report.problems]
        print_json({"ok": ok, "templates": report.templates, "problems": problems})
        return
    for problem in report.problems:
        echo(problem_text(problem))
    context.say(_summary(report.templates, len(report.problems)))


def _fix(
    context: Context, paths: tuple[Path, ...], ignore: tuple[str, ...], dry_run: bool, quiet: bool
) -> None:
    from registry.lint.fixing import fix

    for fixed in fix(paths, ignore, dry_run=dry_run):
        if not quiet:
            context.say(f"{'would fix' if dry_run else 'fixed'} {fixed.file}: {', '.join(fixed.rules)}")


def _print_rules(as_json: bool) -> None:
    from registry.lint.rule import RULES

    rules = [
        {"id": one.id, "severity": one.severity, "why": one.why, "fix": one.fix, "fixable": one.fixable}
        for one in RULES.values()
    ]
    if as_json:
        print_json(rules)
        return
    for one in rules:
        mark = ", --fix" if one["fixable"] else ""
        echo(f"{style(str(one['id']), bold=True)} ({one['severity']}{mark})")
        echo(f"    {one['why']}\n    Fix: {one['fix']}")


def _summary(templates: int, problems: int) -> str:
    linted = f"{counted(templates, 'template')} linted"
    return f"{linted}: {counted(problems, 'finding')}" if problems else f"{linted}: all good"
