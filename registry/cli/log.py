"""`treadle log`: what each version of a template changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from registry.cli.compare import CLASS_COLOURS, comparison_data, difference_text
from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, NumberType, json_option, paged
from registry.cli.output import echo, folded, one_line, print_json, style, tell, to_data
from registry.model import Reference

if TYPE_CHECKING:
    from registry.catalog.changes import VersionChange

_MOST_VERSIONS = 10_000


@click.command()
@click.argument("reference", type=REFERENCE, metavar="REF")
@click.option(
    "-n",
    "--limit",
    default=_MOST_VERSIONS,
    metavar="N",
    type=NumberType(1, _MOST_VERSIONS),
    help="Only the newest N versions.",
)
@click.option("--summary", is_flag=True, help="One line for each version.")
@json_option
@pass_context
@paged
def log(context: Context, reference: Reference, limit: int, summary: bool, as_json: bool) -> None:
    """List what each version of the template REF changed, the newest first: date, author, and what it means for a step.

    With a version, as in REF@12, what led up to it.
    """
    with context.catalog() as catalog:
        changes = catalog.changes(reference, limit)
    if as_json:
        print_json([_data(change) for change in changes])
        return
    for number, change in enumerate(changes):
        if summary:
            tell(f"{_head(change)}  {one_line(change.summary)}")
            continue
        if number:
            echo()
        tell(_head(change))
        for notice in change.notices:
            tell(style(f"    {one_line(str(notice))}", fg="red"))
        for line in _lines(change):
            echo(folded(line, "    "))


def _head(change: VersionChange) -> str:
    version = change.version
    parts = [
        style(str(version.version), bold=True),
        (version.date or "-")[:10],
        one_line(version.author or "-"),
    ]
    if change.comparison is not None:
        of = change.comparison.change
        parts.append(style(of.value, fg=CLASS_COLOURS[of]))
    standings = dict.fromkeys(notice.standing.value for notice in change.notices)
    parts += [style(standing, fg="red", bold=True) for standing in standings]
    return "  ".join(parts)


def _lines(change: VersionChange) -> list[str]:
    if change.comparison is None or not change.comparison.differences:
        return [change.summary]
    lines = [difference_text(item) for item in change.comparison.differences]
    return [*lines, *(f"{name} changed" for name in change.beside)]


def _data(change: VersionChange) -> dict[str, Any]:
    version = change.version
    compared = comparison_data(change.comparison) if change.comparison else {"class": None, "differences": []}
    return {
        "version": version.version,
        "date": version.date,
        "author": version.author,
        "commit": version.commit,
        "blob": version.blob,
        "summary": change.summary,
        **compared,
        "files": list(change.beside),
        "problem": change.problem,
        "notices": to_data(change.notices),
    }
