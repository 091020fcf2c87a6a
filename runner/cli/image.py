"""`treadle image`: build and list the images that actions run in."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import dry_run_option, json_option
from registry.cli.output import echo, print_json, print_table, size_text, tell

if TYPE_CHECKING:
    from runner.engine.worker_image import WorkerImage

NAMES = ("worker", "powershell", "aws-cli", "azure-cli", "kubectl")


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
    """Build an image where it is missing or outdated, or on the --base that you name: "worker", "powershell" on top of
    it, or one of the tools on that.

    treadle image list names them all.
    """
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
        tell(f"{made.reference} is {'built' if built else 'current'}: {made.id}")


def _say(wanted: bool, text: str) -> None:
    if wanted:
        echo(text, err=True)


@image.command("list")
@json_option
def list_images(as_json: bool) -> None:
    """List the images that Treadle can build, and those of other versions that are there."""
    from runner.engine.docker import DockerEngine
    from runner.engine.worker_image import IMAGES

    with DockerEngine() as engine:
        found = engine.images.built()
    there = {one.reference for one in found}
    missing = [one for one in IMAGES.values() if one.reference not in there]
    names = {one.reference: one for one in IMAGES.values()}
    if as_json:
        built = [{"name": _name(names.get(one.reference)), **asdict(one), "built": True} for one in found]
        others = [
            {
                "name": one.name,
                "reference": one.reference,
                "id": None,
                "size": None,
                "current": False,
                "built": False,
            }
            for one in missing
        ]
        print_json([*built, *others])
        return
    rows = [
        (
            one.reference,
            size_text(one.size),
            "current" if one.current else "outdated",
            _brought(names.get(one.reference)),
            one.id,
        )
        for one in found
    ]
    rows += [(one.reference, "-", f"treadle image build {one.name}", _brought(one), "-") for one in missing]
    print_table(("IMAGE", "SIZE", "STATE", "BRINGS", "ID"), rows, right=(1,))


def _name(image: WorkerImage | None) -> str | None:
    return image.name if image else None


def _brought(image: WorkerImage | None) -> str:
    """The tools that an image adds to the one below."""
    return ", ".join(sorted(image.brings)) or "-" if image else "-"
