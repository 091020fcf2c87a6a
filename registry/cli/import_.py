"""`treadle import`: copy templates into the library."""

from __future__ import annotations

from dataclasses import asdict

import click

from registry.cli.context import Context, pass_context
from registry.cli.output import print_json
from registry.cli.references import REFERENCE
from registry.importing import Imported, ImportReport, ImportStatus
from registry.model import Reference


@click.command("import")
@click.argument("references", nargs=-1, required=True, type=REFERENCE, metavar="REF...")
@click.option("--as", "slug", metavar="SLUG", help="The name of the copy, for a single template.")
@click.option("--dry-run", is_flag=True, help="Say what would be written.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_context
def import_command(
    context: Context, references: tuple[Reference, ...], slug: str | None, dry_run: bool, as_json: bool
) -> None:
    """Copy the exact version of each REF into the library, as a folder with its script in a file of its own.

    One commit for all of them, or none; the same again changes nothing.
    """
    with context.catalog() as catalog:
        report = catalog.import_(references, slug, dry_run=dry_run)
    if as_json:
        print_json({"commit": report.commit, "templates": [_data(item) for item in report.items]})
        return
    for item in report.items:
        context.say(_sentence(item, dry_run=dry_run))
        if context.verbose or dry_run:
            for path in item.files:
                context.say(f"  {path}")
    _tell_commit(context, report)


def _sentence(item: Imported, *, dry_run: bool) -> str:
    where = item.resolved.provenance
    what = f"{where.source}/{where.slug}@{where.version}"
    if item.status is ImportStatus.UNCHANGED:
        return f"library/{item.slug} is {what} already: nothing to do."
    if item.status is ImportStatus.ADDED:
        return f"{'Would import' if dry_run else 'Imported'} {what} as library/{item.slug}."
    return f"{'Would update' if dry_run else 'Updated'} library/{item.slug} to {what}."


def _tell_commit(context: Context, report: ImportReport) -> None:
    if report.commit:
        context.say(
            f"Commit {report.commit[:10]} in the library. Use it with: uses: library/{report.items[0].slug}"
        )


def _data(item: Imported) -> dict[str, object]:
    where = item.resolved.provenance
    return {
        "reference": f"library/{item.slug}",
        "slug": item.slug,
        "status": item.status.value,
        "from": asdict(where),
        "files": list(item.files),
    }
