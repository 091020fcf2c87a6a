"""`treadle usage`: who uses a template."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, json_option, paged
from registry.cli.output import print_json, print_table
from registry.cli.problems import show_problems
from registry.errors import NotFound
from registry.model import Reference

if TYPE_CHECKING:
    from registry.project.usage import Usage, UsageReport


@click.command()
@click.argument("reference", type=REFERENCE, metavar="REF")
@click.option(
    "--in",
    "folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Look in this project only (repeatable). Default: every project that Treadle was used in.",
)
@click.option("--outdated", is_flag=True, help="Only uses of another version than the latest.")
@json_option
@pass_context
@paged
def usage(
    context: Context, reference: Reference, folders: tuple[Path, ...], outdated: bool, as_json: bool
) -> None:
    """List the steps and locks that use the template REF, in projects and all their branches.

    With a version, as in REF@3, only uses of that version. A branch counts as it is here, or was last fetched.
    """
    report = usage_report(context, reference, folders)
    latest = _latest(context, reference)
    shown = [item for item in report.usages if not (outdated and _is_current(item, latest))]
    if as_json:
        print_json(
            {
                "reference": str(reference),
                "latest": latest,
                "usages": [_data(item, latest) for item in shown],
                "searched": [str(folder) for folder in report.searched],
                "problems": [asdict(problem) for problem in report.problems],
            }
        )
        return
    show_problems(report.problems)
    if shown:
        print_table(("WHERE", "STEP", "REFERENCE", "VERSION", "IN"), [_row(item, latest) for item in shown])
    else:
        searched = ", ".join(f'"{folder}"' for folder in report.searched) or "no project"
        context.say(f'Nothing uses "{reference}" (searched: {searched}).')


def usage_report(context: Context, reference: Reference, folders: tuple[Path, ...] = ()) -> UsageReport:
    """The uses of a template in these folders; without any, in the project here and all that are known."""
    from registry.project.known_projects import known_projects
    from registry.project.usage import find_usage

    project = context.project()
    here = [project.folder if project else context.directory]
    places = folders or (*here, *known_projects(context.home))
    return find_usage(context.home, reference, project, places)


def _latest(context: Context, reference: Reference) -> int | None:
    """The newest version of the template; None for one that is gone."""
    try:
        with context.catalog() as catalog:
            return catalog.versions(Reference(reference.source, reference.slug))[0].version
    except NotFound:
        return None


def _is_current(item: Usage, latest: int | None) -> bool:
    return item.version in (None, latest)


def _row(item: Usage, latest: int | None) -> tuple[str, ...]:
    where = f"{item.project / item.file}" + (f":{item.line}" if item.line else "")
    version = "latest" if item.version is None else str(item.version)
    if not _is_current(item, latest) and latest is not None:
        version += f" (latest: {latest})"
    return where, item.step or "-", item.reference, version, ", ".join(item.places)


def _data(item: Usage, latest: int | None) -> dict[str, Any]:
    return {**asdict(item), "project": str(item.project), "current": _is_current(item, latest)}
