"""`treadle image`: build and list the images that actions run in."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from registry.cli.context import Context

NAMES = ("worker",)


@click.group()
def image() -> None:
    """Build and list worker images, on the engine of the current Docker context."""


@image.command()
@click.argument("name", type=click.Choice(NAMES), default=NAMES[0])
@click.option("--base", metavar="IMAGE", help="Debian 12 image to build on, instead of debian:bookworm-slim.")
@click.option("--force", is_flag=True, help="Build afresh, even when the image is current.")
@click.option("--dry-run", is_flag=True, help="Only say what would be built.")
@click.pass_obj
def build(context: Context, name: str, base: str | None, force: bool, dry_run: bool) -> None:
    """Build an image where it is missing or outdated."""
    from runner.engine.docker import DockerEngine

    with DockerEngine() as engine:
        if dry_run:
            outdated = force or not engine.images.worker_is_current()
            click.echo("The image would be built." if outdated else "The image is current.")
            return
        progress = partial(_say, not context.quiet)
        made, built = engine.images.build_worker(progress, base, force, partial(_say, context.verbose))
    if built or not context.quiet:
        click.echo(f"{made.reference} is {'built' if built else 'current'}: {made.id}")


def _say(wanted: bool, text: str) -> None:
    if wanted:
        click.echo(text, err=True)


@image.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_images(as_json: bool) -> None:
    """List the worker images that are there."""
    from runner.engine.docker import DockerEngine

    with DockerEngine() as engine:
        found = engine.images.built()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
        return
    for one in found:
        state = "current" if one.current else "outdated"
        click.echo(f"{one.reference}  {one.size / 1e6:.0f} MB  {state}  {one.id}")
    if not found:
        click.echo("No worker image is built yet. Build one with: treadle image build")
