"""`treadle index`: the catalog for others to browse."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.complete import complete_source
from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import dry_run_option, json_option
from registry.cli.output import echo, working
from registry.cli.written import tell_written


@click.group(cls=Group)
def index() -> None:
    """Build a web site of the catalog."""


@index.command("build")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder of the site: new, empty, or an earlier site.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_source,
    help="Only templates of this source (repeatable).",
)
@click.option("--url", metavar="URL", help="Where the site will be, for links that have to be complete.")
@dry_run_option
@json_option
@pass_context
def build(
    context: Context,
    output: Path,
    sources: tuple[str, ...],
    url: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write a static web site of all templates that can be reached, or those of some sources.

    It has a list to search, a page for each template, a feed of new versions, index.json for Renovate, and Markdown
    with llms.txt for programs. No source is asked: run treadle source sync first. The same catalog gives the same
    bytes.

    \b
    Examples:
      treadle index build -o site
      treadle index build -o site --source library --url https://templates.example.com/
    """
    from registry.site.build import build_site

    with working(context, "reading the templates"), context.catalog() as catalog:
        changed = build_site(catalog, output, sources, url, dry_run=dry_run)
        readable = {source.name for source in catalog.open_sources()}
        left_out = [each.name for each in catalog.definitions() if not sources and each.name not in readable]
    tell_written(context, output, changed, dry_run=dry_run, as_json=as_json, listed=False)
    for name in left_out:
        echo(f'Source "{name}" has not been synced yet. Run: treadle source sync {name}', err=True)
