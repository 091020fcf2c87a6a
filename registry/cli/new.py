"""`treadle new`: begin a template."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, dry_run_option, json_option
from registry.cli.written import tell_written
from registry.model import Reference


@click.command()
@click.argument("slug")
@click.option(
    "--syntax", type=click.Choice(["bash", "python", "powershell"]), help="What the script is written in."
)
@click.option("--from", "origin", type=REFERENCE, metavar="REF", help="Begin as a copy of this template.")
@click.option("--name", help="Its name for people; made from SLUG when left out.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The folder to write; SLUG when left out."
)
@dry_run_option
@json_option
@pass_context
def new(
    context: Context,
    slug: str,
    syntax: str | None,
    origin: Reference | None,
    name: str | None,
    output: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Begin a template: a folder with template.yaml, a script, a README, a logo and a test.

    It is valid and runs as it is. With --from it begins as a copy of another template, with ids of its own.
    """
    import shlex

    from registry.template.scaffold import copied_template, new_template, write_new

    if origin is None:
        files = new_template(slug, syntax or "bash", name)
    elif syntax is not None:
        raise click.UsageError("--syntax goes with a new template, not with --from")
    else:
        with context.catalog() as catalog:
            files = copied_template(slug, name, catalog.document(origin))
    folder = output or Path(slug)
    write_new(folder, files, dry_run=dry_run)
    tell_written(context, folder, (folder / file for file in files), dry_run=dry_run, as_json=as_json)
    if not as_json:
        commands = ("validate", "lint", "test", "publish")
        place = shlex.quote(str(folder))
        context.say(f"next: {', '.join(f'treadle {command} {place}' for command in commands)}")
