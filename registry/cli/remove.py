"""`treadle remove`: take a template out of the library."""

from __future__ import annotations

from dataclasses import asdict

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, dry_run_option, json_option, message_option
from registry.cli.output import print_json
from registry.cli.usage import usage_report
from registry.model import Reference


@click.command("remove")
@click.argument("reference", type=REFERENCE, metavar="REF")
@click.option("--force", is_flag=True, help="Even if it is used.")
@message_option
@dry_run_option
@json_option
@pass_context
def remove_command(
    context: Context, reference: Reference, force: bool, message: str | None, dry_run: bool, as_json: bool
) -> None:
    """Remove the template REF from the library, if no known project uses it.

    It stays in the library's history: an exact version, such as REF@3, can still be used.
    """
    from registry.publishing.remove import remove_template

    report = usage_report(context, Reference(reference.source, reference.slug))
    with context.catalog() as catalog:
        removed = remove_template(catalog, reference, report, message, force=force, dry_run=dry_run)
    if as_json:
        print_json({"reference": f"library/{removed.slug}", **asdict(removed), "dry_run": dry_run})
        return
    verb = "Would remove" if dry_run else "Removed"
    context.say(f"{verb} library/{removed.slug}; its last version was {removed.version}.")
