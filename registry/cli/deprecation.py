"""`treadle deprecate` and `treadle revoke`: say what is held against a template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, dry_run_option, json_option, push_option
from registry.cli.output import print_json
from registry.model import Notice, NoticeKind, Reference
from registry.publishing.deprecate import add_notice, remove_notice

F = TypeVar("F", bound=Callable[..., Any])


def _options(command: F) -> F:
    for option in (
        json_option,
        dry_run_option,
        push_option,
        click.option("--undo", is_flag=True, help="Take it back."),
        click.option("--successor", type=REFERENCE, metavar="REF", help="What to use instead."),
        click.option("-m", "--reason", default="", metavar="TEXT", help="Why."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("reference", type=REFERENCE, metavar="REF")
@_options
@pass_context
def deprecate(context: Context, reference: Reference, **options: Any) -> None:
    """Say that the template REF should no longer be used; with a version, as in REF@3, that version.

    Whoever has the library for a source is warned by `show`, `search`, `plan` and `run` after the next sync. A REF of
    another source is deprecated for the projects of this library.
    """
    _say(context, reference, NoticeKind.DEPRECATED, **options)


@click.command()
@click.argument("reference", type=REFERENCE, metavar="REF")
@_options
@pass_context
def revoke(context: Context, reference: Reference, **options: Any) -> None:
    """Say that the template REF must not run; with a version, as in REF@3, that version.

    `plan` and `run` refuse it, pinned and locked or not, unless --allow-revoked is given.
    """
    _say(context, reference, NoticeKind.REVOKED, **options)


def _say(
    context: Context,
    reference: Reference,
    standing: NoticeKind,
    *,
    reason: str,
    successor: Reference | None,
    undo: bool,
    push: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    notice = Notice(standing, reason, str(successor) if successor else None)
    with context.catalog() as catalog:
        if undo:
            done = remove_notice(catalog, reference, standing, push=push, dry_run=dry_run)
        else:
            done = add_notice(catalog, reference, notice, push=push, dry_run=dry_run)
    if as_json:
        print_json({"reference": str(reference), **asdict(done), "dry_run": dry_run})
    elif not done.changed:
        context.say(f"{reference} is {'not ' if undo else ''}{standing.value} already: nothing to do.")
    else:
        verb = "would be" if dry_run else "is"
        state = f"no longer {standing.value}" if undo else str(notice)
        context.say(f"{reference} {verb} {state}." + (f" Commit {done.commit[:10]}." if done.commit else ""))
