"""`treadle pack` and `treadle unpack`: the two forms of a step template."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import dry_run_option, force_option, json_option
from registry.cli.output import print_document
from registry.cli.written import tell_written
from registry.home import real_path

_PATH = click.Path(path_type=Path)


@click.command("pack")
@click.argument("folder", type=_PATH)
@click.option("-o", "--output", type=_PATH, help="The JSON file to write; - for the terminal.")
@force_option
@dry_run_option
@json_option
@pass_context
def pack_command(
    context: Context, folder: Path, output: Path | None, force: bool, dry_run: bool, as_json: bool
) -> None:
    """Turn a template folder into Octopus JSON.

    Writes FOLDER's name with .json here unless told otherwise. What was unpacked packs to the same bytes.
    """
    from registry.template.document import write_json
    from registry.template.files import load_folder, pack_folder

    if output == Path("-"):
        print_document(write_json(load_folder(folder)))
        return
    target = output or Path(f"{real_path(folder).name}.json")
    written = pack_folder(folder, target, force=force, dry_run=dry_run)
    tell_written(context, target, written.changed, dry_run=dry_run, as_json=as_json, listed=False)


@click.command("unpack")
@click.argument("file", type=_PATH)
@click.option("-o", "--output", type=_PATH, help="The folder to write.")
@force_option
@dry_run_option
@json_option
@pass_context
def unpack_command(
    context: Context, file: Path, output: Path | None, force: bool, dry_run: bool, as_json: bool
) -> None:
    """Turn the Octopus JSON of a step template into a template folder.

    The folder has FILE's name without .json unless told otherwise; the script gets a file of its own.
    """
    from registry.template.files import unpack_file as unpack_file

    target = output or Path(file.stem)
    written = unpack_file(file, target, force=force, dry_run=dry_run)
    tell_written(context, target, written.changed, dry_run=dry_run, as_json=as_json)
