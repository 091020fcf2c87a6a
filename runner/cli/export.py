"""`treadle export`: hand templates on."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.problems import show_problems
from registry.cli.references import REFERENCE
from registry.model import Reference

_FORMATS = ("octopus-json", "folder")


@click.command()
@click.argument("references", nargs=-1, required=True, type=REFERENCE, metavar="REF...")
@click.option(
    "-o", "--output", required=True, metavar="PATH", type=click.Path(path_type=Path), help="Where to write."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="Default: what PATH ends in: .json, else a folder.",
)
@click.option("--force", is_flag=True, help="Overwrite files that have other content.")
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
@pass_context
def export(
    context: Context,
    references: tuple[Reference, ...],
    output: Path,
    form: str | None,
    force: bool,
    dry_run: bool,
) -> None:
    """Write templates as Octopus imports them, or as folders.

    A single template goes to PATH, several go into the folder PATH. Defaults of sensitive parameters are left out.
    """
    from registry.export import ExportFormat, export_templates

    chosen = ExportFormat(form or _format_of(output))
    with context.catalog() as catalog:
        copies = [catalog.copy(reference) for reference in references]
        written = export_templates(copies, output, chosen, force=force, dry_run=dry_run)
    show_problems(written.warnings)
    for path in written.changed:
        context.say(f"{'would write' if dry_run else 'wrote'} {path}")
    if not written.changed:
        context.say(f"{output} is up to date")


def _format_of(output: Path) -> str:
    return "octopus-json" if output.suffix == ".json" else "folder"
