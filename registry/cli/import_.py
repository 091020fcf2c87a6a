"""`treadle import`: copy templates into the library, from sources, files and share bundles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from registry.cli.complete import complete_reference_or_file
from registry.cli.context import Context, pass_context
from registry.cli.import_bundle import Asks, asks_nothing, import_bundle
from registry.cli.options import dry_run_option, json_option, path_or_reference
from registry.cli.output import counted, print_json, style, working
from registry.errors import Invalid
from registry.publishing.import_ import ImportedTemplate, ImportReport, ImportStatus, import_templates
from registry.template.runnable import obstacle

_GZIP = b"\x1f\x8b"


@click.command("import")
@click.argument(
    "names",
    nargs=-1,
    required=True,
    metavar="REF|FILE|DIR|BUNDLE...",
    shell_complete=complete_reference_or_file,
)
@click.option("--as", "slug", metavar="SLUG", help="The name of the copy, for a single template.")
@click.option("--force", is_flag=True, help="Overwrite processes that have other content, for a bundle.")
@click.option("--allow", is_flag=True, help="Take processes that ask for more than the default isolation.")
@dry_run_option
@json_option
@pass_context
def import_command(
    context: Context,
    names: tuple[str, ...],
    slug: str | None,
    force: bool,
    allow: bool,
    dry_run: bool,
    as_json: bool,
    asks: Asks = asks_nothing,
) -> None:
    """Copy templates into the library, each as a folder with its script in a file of its own.

    A REF means its exact version; a FILE is Octopus JSON, a DIR a template folder. One commit for all of them, or
    none. A BUNDLE brings processes, too, which go into the project. The same again changes nothing.

    \b
    Examples:
      treadle import community/slack-send-simple-notification
      treadle import web-shop.tar.gz --dry-run
    """
    bundles = [name for name in names if _is_bundle(context.directory / name)]
    if bundles:
        if len(names) > 1 or slug is not None:
            raise Invalid(
                "bundle-alone", f'"{bundles[0]}" is a share bundle: import it alone, under no other name'
            )
        bundle = context.directory / bundles[0]
        import_bundle(context, bundle, asks, force=force, allow=allow, dry_run=dry_run, as_json=as_json)
        return
    report = _import(context, names, slug, dry_run)
    if as_json:
        templates = [_data(item) for item in report.items]
        print_json({"commit": report.commit, "templates": templates, "dry_run": dry_run})
        return
    for item in report.items:
        context.say(_sentence(item, dry_run=dry_run))
        for notice in item.resolved.notices:
            context.say(style(f"  {item.resolved.reference} is {notice}", fg="yellow"))
        if stopping := obstacle(item.resolved.template):
            context.say(style(f"  It cannot run yet: it {stopping.reason}.", fg="yellow"))
        if context.verbose or dry_run:
            for path in item.files:
                context.say(f"  {path}")
    _tell_commit(context, report)


def _import(context: Context, names: Sequence[str], slug: str | None, dry_run: bool) -> ImportReport:
    what = f"importing {counted(len(names), 'template')}" if len(names) > 1 else f"importing {names[0]}"
    with working(context, what), context.catalog() as catalog:
        known = catalog.source_names()
        things = [path_or_reference(context.directory, name, known) for name in names]
        return import_templates(catalog, things, slug, dry_run=dry_run)


def _is_bundle(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(_GZIP)) == _GZIP


def _sentence(item: ImportedTemplate, *, dry_run: bool) -> str:
    where = item.resolved.provenance
    what = f"{where.source}/{where.slug}@{where.version}"
    if item.status is ImportStatus.UNCHANGED:
        return f"library/{item.slug} is {what} already: nothing to do."
    if item.status is ImportStatus.ADDED:
        return f"{'Would import' if dry_run else 'Imported'} {what} as library/{item.slug}."
    if item.downgrade:
        verb = "Would downgrade" if dry_run else "Downgraded"
        return f"{verb} library/{item.slug} from {item.previous} to the older {what}."
    return f"{'Would update' if dry_run else 'Updated'} library/{item.slug} to {what}."


def _tell_commit(context: Context, report: ImportReport) -> None:
    if report.commit:
        context.say(
            f"Commit {report.commit[:10]} in the library. Use it with: uses: library/{report.items[0].slug}"
        )


def _data(item: ImportedTemplate) -> dict[str, object]:
    where = item.resolved.provenance
    stopping = obstacle(item.resolved.template)
    return {
        "reference": f"library/{item.slug}",
        "slug": item.slug,
        "status": item.status.value,
        "previous": item.previous,
        "downgrade": item.downgrade,
        "from": asdict(where),
        "files": list(item.files),
        "runnable": stopping is None,
        "obstacle": stopping.reason if stopping else None,
    }
