"""`treadle source`: where templates come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from registry.catalog.catalog import Catalog, SourceSummary
from registry.catalog.sync import SyncFailure, SyncReport, probe
from registry.cli.complete import complete_source
from registry.cli.context import Context, pass_context
from registry.cli.group import Group
from registry.cli.options import dry_run_option, json_option, paged
from registry.cli.output import counted, echo, print_json, print_table, working
from registry.cli.problems import error_data
from registry.index.database import REFUSED, UNREADABLE, SourceFinding
from registry.model import BUILTIN_SOURCE, LIBRARY_SOURCE
from registry.project.source_definition import SourceDefinition, define
from registry.project.source_settings import SourceChange, add_source, remove_source

_SHOWN_FINDINGS = 3


@click.group(cls=Group)
def source() -> None:
    """Manage where templates come from."""


@source.command("add")
@click.argument("name")
@click.argument("url")
@click.option("--ref", metavar="REF", help="Branch or tag. Default: the repository's main branch.")
@click.option("--path", "folder", metavar="FOLDER", help="Folder in the repository that holds the templates.")
@dry_run_option
@json_option
@pass_context
def add(
    context: Context,
    name: str,
    url: str,
    ref: str | None,
    folder: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add the git repository, path or bundle URL as source NAME.

    In a project it is written to treadle.yaml, otherwise to your own settings.
    """
    wanted = define(name, url, ref, folder, None, context.directory)
    with working(context, f"asking {wanted.url}"):
        found = probe(context.home, wanted, keep=not dry_run)
    change = add_source(context.home, context.project(), wanted, dry_run=dry_run)
    if change.credentials_dropped:
        echo(
            "The credentials in the address were not stored; a git credential helper can supply them.",
            err=True,
        )
    if as_json:
        print_json({**_definition_data(wanted), "found": found, **_change_data(change, dry_run)})
        return
    verb = "would be added" if dry_run else "added" if change.changed else "was there already"
    context.say(f'Source "{name}" {verb} ({wanted.url}, {found}) in {change.file}.')
    context.say(f"Next: treadle source sync {name}")


@source.command("list")
@click.argument("name", required=False, shell_complete=complete_source)
@json_option
@click.option("--problems", is_flag=True, help="List what cannot be read, with the reasons.")
@pass_context
@paged
def list_sources(context: Context, name: str | None, as_json: bool, problems: bool) -> None:
    """List all sources, or source NAME, with what is known of each."""
    with context.catalog() as catalog:
        summaries = catalog.source_summaries(name)
    if as_json:
        print_json([_summary_data(summary) for summary in summaries])
        return
    heads = ("NAME", "TEMPLATES", "VERSIONS", "REF", "COMMIT", "ADDRESS")
    print_table(heads, [_summary_row(summary) for summary in summaries], right=(1, 2))
    if problems:
        for summary in summaries:
            _tell_findings(summary.name, summary.findings, every=True)


@source.command("sync")
@click.argument("name", required=False, shell_complete=complete_source)
@click.option(
    "--again", is_flag=True, help="Fetch and index everything from the start, for a damaged mirror."
)
@json_option
@pass_context
def sync(context: Context, name: str | None, again: bool, as_json: bool) -> None:
    """Fetch and index what is new in source NAME, or in all sources.

    The library is brought up to what its remote has, commits of its own on top. Without NAME only where it is a
    repository of its own: in a project's repository, the whole branch moves.
    """
    with context.catalog() as catalog:
        with_library = name == LIBRARY_SOURCE or (name is None and catalog.library_has_remote())
        definitions = catalog.definitions(name) if name != LIBRARY_SOURCE else []
        results = [_sync_library(context, catalog, tell=not as_json)] if with_library else []
        results += [_sync_one(context, catalog, each, tell=not as_json, again=again) for each in definitions]
    if as_json:
        print_json([_result_data(result) for result in results])
    failures = [result.error for result in results if isinstance(result, SyncFailure)]
    if failures:
        raise failures[0]


@source.command("remove")
@click.argument("name", shell_complete=complete_source)
@dry_run_option
@json_option
@pass_context
def remove_source_command(context: Context, name: str, dry_run: bool, as_json: bool) -> None:
    """Remove source NAME: its definition, its mirror and its index."""
    change = remove_source(context.home, context.project(), name, dry_run=dry_run)
    if not dry_run:
        with context.catalog() as catalog:
            catalog.forget(change.source)
    if as_json:
        print_json({**_definition_data(change.source), **_change_data(change, dry_run)})
        return
    context.say(f'Source "{name}" {"would be" if dry_run else "was"} removed from {change.file}.')


def _definition_data(source: SourceDefinition) -> dict[str, Any]:
    return {"name": source.name, "url": source.url, "ref": source.ref, "path": source.folder}


def _change_data(change: SourceChange, dry_run: bool) -> dict[str, Any]:
    return {"file": str(change.file), "changed": change.changed, "dry_run": dry_run}


def _sync_one(
    context: Context, catalog: Catalog, definition: SourceDefinition, *, tell: bool, again: bool = False
) -> SyncReport | SyncFailure:
    with working(context, f"syncing {definition.name} from {definition.url}"):
        result = catalog.sync(definition, again=again)
    if tell and isinstance(result, SyncReport):
        _tell_report(context, result)
    return result


def _sync_library(context: Context, catalog: Catalog, *, tell: bool) -> SyncReport | SyncFailure:
    with working(context, "syncing the library"):
        result = catalog.sync_library()
    if tell and isinstance(result, SyncReport):
        _tell_report(context, result)
    return result


def _tell_report(context: Context, report: SyncReport) -> None:
    changes, counts = report.changes, report.counts
    news = [
        f"{len(slugs)} {what}"
        for what, slugs in (
            ("added", changes.added),
            ("updated", changes.updated),
            ("removed", changes.removed),
        )
        if slugs
    ]
    context.say(
        f"{report.source.name}: {', '.join(news) or 'nothing new'} ({counted(counts.templates, 'template')}, "
        f"{counted(counts.versions, 'version')}; {report.ref} at {report.commit[:10]})"
    )
    if report.unpushed and not context.quiet:
        echo("library: some of its commits are not pushed yet: treadle publish PATH --push", err=True)
    if report.shallow and not context.quiet:
        echo(f"{report.source.name}: a shallow clone: older versions are not in it", err=True)
    if report.before is not None or context.verbose:
        for mark, slugs in (("+", changes.added), ("~", changes.updated), ("-", changes.removed)):
            for slug in slugs:
                context.say(f"  {mark} {slug}")
    if report.before != report.commit and not context.quiet:
        _tell_findings(report.source.name, report.findings, every=context.verbose)


def _tell_findings(name: str, findings: Sequence[SourceFinding], *, every: bool) -> None:
    refused = [item for item in findings if item.kind == REFUSED]
    unreadable = [item for item in findings if item.kind == UNREADABLE]
    if len(unreadable) > _SHOWN_FINDINGS and not every:
        count = counted(len(unreadable), "content")
        echo(
            f"{name}: {count} of its history cannot be read: treadle source list --problems {name}", err=True
        )
        unreadable = []
    for title, items in (("refused", refused), ("contents of its history cannot be read", unreadable)):
        if items:
            echo(f"{name}: {len(items)} {title}:", err=True)
        for item in items if every else items[:_SHOWN_FINDINGS]:
            echo(f"  {item.path} ({item.id[:7]}): {item.reason}", err=True)
        if len(items) > _SHOWN_FINDINGS and not every:
            echo(f"  ... all of them: treadle source list --problems {name}", err=True)


def _summary_row(summary: SourceSummary) -> tuple[str, ...]:
    where = summary.url or "part of Treadle"
    if summary.state is None or summary.counts is None:
        return summary.name, "-", "-", "-", "not synced" if summary.definition else "-", where
    commit = "-" if summary.name == BUILTIN_SOURCE else summary.state.commit[:10]
    counts = (str(summary.counts.templates), str(summary.counts.versions))
    return summary.name, *counts, summary.state.ref or "-", commit, where


def _summary_data(summary: SourceSummary) -> dict[str, Any]:
    state, counts = summary.state, summary.counts
    builtin = summary.name == BUILTIN_SOURCE
    return {
        "name": summary.name,
        "url": summary.url,
        "ref": state.ref if state else None,
        "path": state.folder if state and not builtin else None,
        "commit": state.commit if state and not builtin else None,
        "synced": state.synced if state else None,
        "templates": counts.templates if counts else 0,
        "versions": counts.versions if counts else 0,
        "variants": counts.variants if counts else 0,
        "defined_in": str(summary.definition.defined_in or "treadle") if summary.definition else None,
        "problems": [_finding_data(finding) for finding in summary.findings],
    }


def _finding_data(finding: SourceFinding) -> dict[str, Any]:
    return {
        "message": finding.reason,
        "kind": finding.kind,
        "path": finding.path,
        "blob": finding.id,
        "commit": finding.commit,
    }


def _result_data(result: SyncReport | SyncFailure) -> dict[str, Any]:
    about = {"name": result.source.name, "url": result.source.url}
    if isinstance(result, SyncFailure):
        return {**about, "error": error_data(result.error)}
    return {
        **about,
        "ref": result.ref,
        "commit": result.commit,
        "before": result.before,
        "templates": result.counts.templates,
        "versions": result.counts.versions,
        "variants": result.counts.variants,
        **{what: list(slugs) for what, slugs in asdict(result.changes).items()},
        "problems": [_finding_data(finding) for finding in result.findings],
    }
