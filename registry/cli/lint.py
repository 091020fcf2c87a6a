"""`treadle lint`: whether valid templates are also good ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.cli.complete import complete_reference_or_file, complete_rule
from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import dry_run_option, json_option, paged, path_or_reference
from registry.cli.output import counted, echo, one_line, print_json, style, tell
from registry.cli.problems import problem_text
from registry.errors import Invalid, NotFound
from registry.model import Reference, Severity, TemplateForm

if TYPE_CHECKING:
    from registry.lint.linter import LintReport
    from registry.lint.subject import SourceContents
    from registry.template.platform import Verdict


_PLATFORMS = {
    "linux": "for Linux",
    "linux-with-tools": "for Linux with tools",
    "windows-only": "for Windows only",
    "unknown": "unknown",
}


@click.command("lint")
@click.argument("names", nargs=-1, metavar="PATH|REF...", shell_complete=complete_reference_or_file)
@click.option("--fix", "fixing", is_flag=True, help="Fix what can be fixed safely, then lint.")
@dry_run_option
@click.option(
    "--ignore",
    multiple=True,
    metavar="RULE",
    shell_complete=complete_rule,
    help="Leave this rule out; may be given again.",
)
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@json_option
@click.option("--rules", "only_rules", is_flag=True, help="List the rules, with why and how to fix.")
@pass_context
@paged
def lint_command(
    context: Context,
    names: tuple[str, ...],
    fixing: bool,
    dry_run: bool,
    ignore: tuple[str, ...],
    strict: bool,
    as_json: bool,
    only_rules: bool,
) -> None:
    """Check templates against the rules of good ones.

    PATH is a template folder, a JSON file, or a folder with any of them below; the current one when left out. REF is a
    template of any source. Exit code 1 if there are errors.
    """
    from registry.lint.linter import lint as lint_paths

    if only_rules:
        _print_rules(as_json)
        return
    paths, references = _places(context, names or (".",))
    if fixing:
        _fix(context, paths, references, ignore, dry_run, quiet=as_json)
    report = lint_paths(paths, ignore, _contents(context, references))
    if not report.templates and not report.problems:
        places = ", ".join(f'"{path}"' for path in paths)
        raise NotFound(
            "nothing-to-lint", f"there is no template at {places}", "Give template folders or JSON files."
        )
    ok = not any(strict or problem.severity is Severity.ERROR for problem in report.problems)
    _print_report(context, report, ok, as_json)
    exit_with(0 if ok else 1)


def _places(context: Context, names: tuple[str, ...]) -> tuple[list[Path], list[Reference]]:
    """The paths among the arguments, and the references. Raises NotFound for what is neither."""
    paths: list[Path] = []
    references: list[Reference] = []
    for name in names:
        thing = path_or_reference(context.directory, name)
        if isinstance(thing, Reference):
            references.append(thing)
        else:
            paths.append(Path(name))
    return paths, references


def _contents(context: Context, references: list[Reference]) -> SourceContents:
    """The templates that lie in sources. Raises as `Catalog.find`."""
    contents: dict[str, bytes | Mapping[str, bytes]] = {}
    if not references:
        return contents
    from registry.template.document import write_json

    with context.catalog() as catalog:
        for reference in references:
            found = catalog.find(reference)
            is_json = found.record.shape is TemplateForm.JSON
            content = write_json(found.document) if is_json else found.source.read_files(found.record)
            contents[f"{reference.source}/{reference.slug}"] = content
    return contents


def _print_report(context: Context, report: LintReport, ok: bool, as_json: bool) -> None:
    if as_json:
        problems = [asdict(problem) for problem in report.problems]
        verdicts = [{"template": name, **verdict.data()} for name, verdict in report.verdicts.items()]
        print_json({"ok": ok, "templates": report.templates, "problems": problems, "verdicts": verdicts})
        return
    read = {name: verdict for name, verdict in report.verdicts.items() if name in report.read}
    if context.verbose or report.templates == 1:
        for name, verdict in read.items():
            context.say(f"{name}: runs on {one_line(str(verdict))}")
    for problem in report.problems:
        tell(problem_text(problem))
    if report.templates > 1 and read:
        context.say(_platforms(read.values()))
    context.say(_summary(report.templates, len(report.problems)))


def _fix(
    context: Context,
    paths: list[Path],
    references: list[Reference],
    ignore: tuple[str, ...],
    dry_run: bool,
    quiet: bool,
) -> None:
    from registry.lint.fixing import fix

    if references:
        message = f'"{references[0]}" lies in a source, where --fix changes nothing'
        raise Invalid("not-fixable", message, f"Begin a copy: `treadle new NAME --from {references[0]}`.")
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
        tell(f"    {one['why']}\n    Fix: {one['fix']}")


def _platforms(verdicts: Collection[Verdict]) -> str:
    """How many of the templates run where."""
    counts = Counter(verdict.platform.value for verdict in verdicts)
    found = [f"{counts[name]} {words}" for name, words in _PLATFORMS.items() if counts[name]]
    return f"{counted(len(verdicts), 'PowerShell script')}: {', '.join(found)}"


def _summary(templates: int, problems: int) -> str:
    linted = f"{counted(templates, 'template')} linted"
    return f"{linted}: {counted(problems, 'finding')}" if problems else f"{linted}: all good"
