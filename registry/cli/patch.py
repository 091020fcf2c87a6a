"""`treadle patch`: local changes to other people's templates, kept through updates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.cli.context import Context, exit_with, pass_context
from registry.cli.options import REFERENCE, cool_down_option, dry_run_option, json_option
from registry.cli.output import echo, print_json
from registry.errors import Invalid, NotFound
from registry.model import LIBRARY_SOURCE, Reference
from registry.project.cool_down import CoolDown, Ripeness

if TYPE_CHECKING:
    from registry.catalog.catalog import Catalog
    from registry.publishing.contribute import Contribution
    from registry.publishing.patch import LibraryCopy, RebasedCopy

_WAITING = 4


@click.command()
@click.argument("reference", type=REFERENCE, metavar="[REF]", required=False)
@click.option("--as", "slug", metavar="SLUG", help="The copy's name in the library.")
@click.option(
    "--export",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Make a clone of the source in DIR with the patch on a branch, ready for a pull request.",
)
@click.option("-m", "--message", metavar="TEXT", help="With --export: the commit's message.")
@click.option(
    "--resolve",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Commit the merge in DIR, its conflicts resolved.",
)
@cool_down_option
@dry_run_option
@json_option
@pass_context
def patch(
    context: Context,
    reference: Reference | None,
    slug: str | None,
    export: Path | None,
    message: str | None,
    resolve: Path | None,
    cool_down: CoolDown,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Copy the template REF to the library, to change it there; with REF of such a copy, library/SLUG: bring it to
    the newest version of its base, the changes applied again.

    Where both changed the same lines, the merge is written to a folder SLUG.merge: correct it, then run treadle patch
    --resolve SLUG.merge. Exit code 4: such a folder waits for you.

    \b
    Examples:
      treadle patch community/slack-send-simple-notification@12 --as slack
      treadle patch library/slack
      treadle patch library/slack --export ../Library
    """
    if (reference is None) == (resolve is None):
        raise Invalid("nothing-to-patch", "say what to patch", "Give one reference, or --resolve DIR.")
    with context.catalog() as catalog:
        if resolve is not None:
            _finish(context, catalog, resolve, as_json=as_json)
        elif reference is not None and reference.source != LIBRARY_SOURCE:
            _start(context, catalog, reference, slug, export, dry_run=dry_run, as_json=as_json)
        elif reference is not None and export is not None:
            _export(context, catalog, reference, export, message, dry_run=dry_run, as_json=as_json)
        elif reference is not None:
            _bring_along(context, catalog, reference, cool_down, dry_run=dry_run, as_json=as_json)


def _start(
    context: Context,
    catalog: Catalog,
    reference: Reference,
    slug: str | None,
    export: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from registry.publishing.patch import start_patch

    if export is not None:
        message = f'"{reference}" is not in the library; only a changed copy can be exported'
        raise Invalid("not-a-copy", message, f"Begin with `treadle patch {reference}`.")
    copy = start_patch(catalog, reference, slug, dry_run=dry_run)
    if copy is None:
        if as_json:
            _print({"reference": None, "base": str(reference), "dry_run": True})
        else:
            context.say(f"Would copy {reference} to the library.")
        return
    folder = catalog.library.folder / copy.slug
    if as_json:
        _print({**_copy_data(copy), "folder": str(folder), "dry_run": dry_run})
        return
    base = f"{copy.base.source}@{copy.base.version}"
    context.say(f"library/{copy.slug}@{copy.details.provenance.version} is a copy of {base}.")
    context.say(f"Edit {folder}, then: treadle publish {folder}")


def _export(
    context: Context,
    catalog: Catalog,
    reference: Reference,
    folder: Path,
    message: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from registry.publishing.contribute import prepare_contribution

    made = prepare_contribution(catalog, _copy(catalog, reference), folder, message, dry_run=dry_run)
    if as_json:
        _print({**_contribution_data(made), "dry_run": dry_run})
        return
    verb = "Would make" if dry_run else "Made"
    context.say(f"{verb} branch {made.branch} in {made.folder}: {made.path}, version {made.version}.")
    context.say(f"Push it to your fork of {made.url} and open a pull request:")
    context.say(f"  git -C {made.folder} push YOUR-FORK {made.branch}")


def _bring_along(
    context: Context,
    catalog: Catalog,
    reference: Reference,
    cool_down: CoolDown,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from registry.publishing.patch import newer_base, rebase_copy

    copy = _copy(catalog, reference)
    ripeness = Ripeness(cool_down, datetime.now(UTC), {item.name: item for item in catalog.definitions()})
    onto = newer_base(catalog, copy, ripeness.until(copy.base_reference.source))
    if onto is None:
        if as_json:
            _print({**_copy_data(copy), "onto": None, "dry_run": dry_run})
        else:
            context.say(f"library/{copy.slug} stands on the newest {copy.base.source}, {copy.base.version}.")
        return
    aside = context.directory / f"{copy.slug}.merge"
    _tell(context, rebase_copy(catalog, copy, onto, aside, dry_run=dry_run), dry_run=dry_run, as_json=as_json)


def _finish(context: Context, catalog: Catalog, folder: Path, *, as_json: bool) -> None:
    from registry.publishing.patch import finish_merge

    _tell(context, finish_merge(catalog, folder), dry_run=False, as_json=as_json)


def _copy(catalog: Catalog, reference: Reference) -> LibraryCopy:
    from registry.publishing.patch import find_copy

    copy = find_copy(catalog, reference.slug)
    if copy is None:
        raise NotFound("not-a-copy", f'"{reference}" was written here: it is not a copy of another template')
    return copy


def _tell(context: Context, done: RebasedCopy, *, dry_run: bool, as_json: bool) -> None:
    """What became of a copy. Ends with exit code 4 where a person must resolve conflicts."""
    if as_json:
        _print({**rebased_data(done), "dry_run": dry_run})
    else:
        show_rebased(context, done, dry_run=dry_run)
    if done.conflicts:
        exit_with(_WAITING)


def show_rebased(context: Context, done: RebasedCopy, *, dry_run: bool) -> None:
    """What became of a copy, and what a person has to do about it."""
    from registry.cli.compare import show_comparison

    base = f"{done.base.source}/{done.base.slug}@{done.base.version}"
    if done.conflicts:
        files = ", ".join(done.conflicts)
        echo(f"library/{done.copy.slug} and {base} both changed: {files}", err=True)
        if done.folder is not None:
            command = f"treadle patch --resolve {done.folder}"
            echo(f"Resolve the conflicts in {done.folder}, then run: {command}", err=True)
    else:
        verb = "Would bring" if dry_run else "Brought"
        context.say(f"{verb} library/{done.copy.slug} to {base}, as version {done.version}.")
        if not context.quiet:
            show_comparison(done.comparison)


def _print(value: dict[str, Any]) -> None:

    print_json(value)


def _copy_data(copy: LibraryCopy) -> dict[str, Any]:
    where = copy.details.provenance
    return {
        "reference": f"library/{copy.slug}@{where.version}",
        "base": f"{copy.base.source}@{copy.base.version}",
        "base_blob": copy.base.blob,
        "patched": copy.patched,
    }


def rebased_data(done: RebasedCopy) -> dict[str, Any]:
    """What became of a copy, as JSON."""
    from registry.cli.compare import comparison_data

    return {
        **_copy_data(done.copy),
        "onto": f"{done.base.source}/{done.base.slug}@{done.base.version}",
        "version": done.version,
        "commit": done.commit,
        "conflicts": list(done.conflicts),
        "folder": str(done.folder) if done.folder else None,
        **comparison_data(done.comparison),
    }


def _contribution_data(made: Contribution) -> dict[str, Any]:
    return {
        "folder": str(made.folder),
        "branch": made.branch,
        "path": made.path,
        "version": made.version,
        "commit": made.commit,
        "url": made.url,
    }
