"""`treadle publish`: commit the next version of a template to the library."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from registry.cli.compare import comparison_data, show_comparison
from registry.cli.context import Context, pass_context
from registry.cli.options import dry_run_option, json_option, message_option, push_option
from registry.cli.output import print_json
from registry.cli.problems import show_problems
from registry.publishing.publish import Published, publish


@click.command("publish")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--as", "slug", metavar="SLUG", help="Its name in the library. Default: the name of the folder or file."
)
@message_option
@push_option
@dry_run_option
@json_option
@pass_context
def publish_command(
    context: Context,
    path: Path,
    slug: str | None,
    message: str | None,
    push: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Check the template folder or JSON file PATH and commit it to the library as its next version.

    The version number is given by the library. Nothing is committed where nothing changed.
    """
    with context.catalog() as catalog:
        published = publish(catalog, path, slug, message, push=push, dry_run=dry_run)
    if as_json:
        print_json(_data(published))
        return
    show_problems(published.warnings)
    _tell(context, published, dry_run=dry_run, pushed=push)


def _tell(context: Context, published: Published, *, dry_run: bool, pushed: bool) -> None:
    if published.previous == published.version:
        context.say(f"Pushed library/{published.slug}@{published.version}; nothing else was new.")
        return
    verb = "Would publish" if dry_run else "Published and pushed" if pushed else "Published"
    since = f" (was {published.previous})" if published.previous is not None else ""
    context.say(f"{verb} library/{published.slug}@{published.version}{since}.")
    if published.comparison and not context.quiet:
        show_comparison(published.comparison)


def _data(published: Published) -> dict[str, object]:
    comparison = comparison_data(published.comparison) if published.comparison else None
    return {
        **asdict(published),
        "reference": f"library/{published.slug}@{published.version}",
        "comparison": comparison,
    }
