"""`treadle image`: build and list the images that actions run in."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import dry_run_option, json_option
from registry.cli.output import echo, print_json, print_table, size_text

NAMES = ("worker", "powershell")


@click.group(cls=Group)
def image() -> None:
    """Build and list worker images, on the engine of the current Docker context."""


@image.command()
@click.argument("name", type=click.Choice(NAMES), default=NAMES[0])
@click.option("--base", metavar="IMAGE", help="Debian 12 image to build on, instead of debian:bookworm-slim.")
@click.option(
    "--archive",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PowerShell's release archive, instead of TREADLE_POWERSHELL_ARCHIVE or a download.",
)
@click.option("--version", metavar="VERSION", help="Download this release of PowerShell; needs --sha256.")
@click.option("--sha256", metavar="DIGEST", help="What PowerShell's archive must have.")
@click.option("--force", is_flag=True, help="Build afresh, even when the image is current.")
@dry_run_option
@json_option
@pass_context
def build(
    context: Context,
    name: str,
    base: str | None,
    archive: Path | None,
    version: str | None,
    sha256: str | None,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build an image where it is missing or outdated: "worker", or "powershell" on top of it."""
    from runner.engine.docker import DockerEngine
    from runner.engine.docker_images import BuildOptions
    from runner.engine.powershell_archive import ArchiveChoice
    from runner.engine.worker_image import IMAGES

    chosen = IMAGES[name]
    if chosen.archive is None and (archive or version or sha256):
        raise click.UsageError('--archive, --version and --sha256 go with "powershell"')
    if archive and version:
        raise click.UsageError("--archive and --version name two archives: choose one")
    choice = ArchiveChoice(archive, version, sha256) if archive or version or sha256 else None
    options = BuildOptions(base, force, choice)
    with DockerEngine() as engine:
        if dry_run:
            outdated = engine.images.would_build(chosen, options)
            if as_json:
                print_json({"name": name, "changed": outdated, "dry_run": True})
                return
            echo("The image would be built." if outdated else "The image is current.")
            return
        progress = partial(_say, not context.quiet)
        made, built = engine.images.build(chosen, progress, options, partial(_say, context.verbose))
    if as_json:
        print_json({"name": name, **asdict(made), "changed": built, "dry_run": False})
    elif built or not context.quiet:
        echo(f"{made.reference} is {'built' if built else 'current'}: {made.id}")


def _say(wanted: bool, text: str) -> None:
    if wanted:
        echo(text, err=True)


@image.command("list")
@json_option
def list_images(as_json: bool) -> None:
    """List the worker images that are there."""
    from runner.engine.docker import DockerEngine

    with DockerEngine() as engine:
        found = engine.images.built()
    if as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        echo("No worker image is built yet. Build one with: treadle image build")
        return
    rows = [
        (one.reference, size_text(one.size), "current" if one.current else "outdated", one.id)
        for one in found
    ]
    print_table(("IMAGE", "SIZE", "STATE", "ID"), rows, right=(1,))
