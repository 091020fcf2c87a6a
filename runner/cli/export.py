"""`treadle export`: hand templates and processes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from registry.cli.complete import complete_reference_or_file
from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, dry_run_option, force_option, json_option
from registry.cli.problems import show_problems
from registry.cli.written import tell_written
from registry.errors import Invalid
from registry.model import Reference
from runner.cli.process_choice import process_path

_BUNDLE = "bundle"
_FORMATS = ("octopus-json", "folder", _BUNDLE)
_ENDINGS = {".json": "octopus-json", ".tgz": _BUNDLE, ".gz": _BUNDLE}


@click.command()
@click.argument(
    "names", nargs=-1, required=True, metavar="REF|PROCESS...", shell_complete=complete_reference_or_file
)
@click.option(
    "-o", "--output", required=True, metavar="PATH", type=click.Path(path_type=Path), help="Where to write."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="Default: by PATH's ending: .json, .tar.gz (a bundle), else a folder.",
)
@force_option
@dry_run_option
@json_option
@pass_context
def export(
    context: Context,
    names: tuple[str, ...],
    output: Path,
    form: str | None,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write templates as Octopus imports them or as folders, or processes with all they use as a share bundle.

    A single template goes to PATH, several go into the folder PATH. Secrets are left out. The same input gives the
    same bytes.

    \b
    Examples:
      treadle export library/notify -o notify.json
      treadle export deploy.yaml -o web-shop.tar.gz
    """
    chosen = form or _ENDINGS.get(output.suffix, "folder")
    if chosen == _BUNDLE:
        changed = _export_bundle(context, names, output, force, dry_run)
    else:
        changed = _export_templates(context, names, output, chosen, force, dry_run)
    if as_json:
        tell_written(context, output, changed, dry_run=dry_run, as_json=True)
        return
    for path in changed:
        context.say(f"{'would write' if dry_run else 'wrote'} {path}")
    if not changed:
        context.say(f"{output} is up to date")


def _export_templates(
    context: Context, names: Sequence[str], output: Path, form: str, force: bool, dry_run: bool
) -> Sequence[Path]:
    from registry.sharing.export import ExportFormat, export_templates

    processes = [name for name in names if _is_process(name)]
    if processes:
        message = f'"{processes[0]}" is a process: it can be exported as a share bundle only'
        raise Invalid("export-format", message, "Export it with --format bundle, as in -o FILE.tar.gz.")
    with context.catalog() as catalog:
        copies = [catalog.copy(_reference(name)) for name in names]
        written = export_templates(copies, output, ExportFormat(form), force=force, dry_run=dry_run)
    show_problems(written.warnings)
    return written.changed


def _export_bundle(
    context: Context, names: Sequence[str], output: Path, force: bool, dry_run: bool
) -> Sequence[Path]:
    from registry.sharing.bundle import bundle_bytes
    from registry.template.files import write_files
    from runner.bundle_needs import make_bundle

    project = context.project()
    files = [process_path(context, name) for name in names if _is_process(name)]
    references = [_reference(name) for name in names if not _is_process(name)]
    with context.catalog() as catalog:
        bundle, warnings = make_bundle(
            catalog, context.directory, project.file if project else None, files, references
        )
    show_problems(warnings)
    return write_files({output: bundle_bytes(bundle)}, force=force, dry_run=dry_run)


def _is_process(name: str) -> bool:
    """A reference has a slash in it; so may the path of a process, which then ends in .yaml."""
    return "/" not in name or name.endswith((".yaml", ".yml"))


def _reference(name: str) -> Reference:
    return REFERENCE.convert(name, None, None)
