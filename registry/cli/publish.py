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

    The library gives the version number, and PATH is brought to what was published: so the next publish knows the
    version that it is based on. What the library got since is merged, or named where both changed the same lines.
    Where nothing changed, nothing is published.
    """
    with context.catalog() as catalog:
        published = publish(catalog, path, slug, message, push=push, dry_run=dry_run)
        place = catalog.library.folder
        to_share = not (push or dry_run) and bool(catalog.library.repository.remotes())
    if as_json:
        print_json({**_data(published), "dry_run": dry_run})
        return
    show_problems(published.warnings)
    if not published.changed:
        context.say(_unchanged(published, pushed=push and not dry_run))
        return
    _tell(context, published, dry_run=dry_run, pushed=push)
    if published.commit:
        context.say(f"Commit {published.commit[:10]} in {place}.")
        share = f"; share it with: treadle publish {path} --push" if to_share else ""
        context.say(f"Use it with: uses: library/{published.slug}@{published.version}{share}")


def _tell(context: Context, published: Published, *, dry_run: bool, pushed: bool) -> None:
    verb = "Would publish" if dry_run else "Published and pushed" if pushed else "Published"
    since = f" (was {published.previous})" if published.previous is not None else ""
    context.say(f"{verb} library/{published.slug}@{published.version}{since}.")
    if published.based_on not in (published.previous, None):
        context.say(
            f"Merged: your copy was based on {published.based_on}, the library was at {published.previous}."
        )
    if published.comparison and not published.comparison.differences:
        what = ", ".join(published.files) or "comments and layout of template.yaml"
        context.say(f"Compatible: only {what} changed.")
    elif published.comparison and not context.quiet:
        show_comparison(published.comparison)


def _unchanged(published: Published, *, pushed: bool) -> str:
    name = f"library/{published.slug}"
    shared = " The remote has all of the library's commits." if pushed else ""
    if published.based_on not in (published.version, None):
        says = f"your copy says what {name}@{published.based_on} says"
        return f"Nothing changed: {says}; the library is at {published.version}.{shared}"
    return f"Nothing changed: this is {name}@{published.version} already.{shared}"


def _data(published: Published) -> dict[str, object]:
    comparison = comparison_data(published.comparison) if published.comparison else None
    return {
        **asdict(published),
        "reference": f"library/{published.slug}@{published.version}",
        "comparison": comparison,
    }
