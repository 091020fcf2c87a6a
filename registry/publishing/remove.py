"""Removing a template from the library: one commit, and never under the feet of those who use it."""

from __future__ import annotations

from dataclasses import dataclass

from registry.catalog.catalog import Catalog
from registry.errors import Conflict, Invalid, NotFound
from registry.library.message import commit_message, one_line
from registry.library.writer import writing
from registry.model import LIBRARY_SOURCE, Problem, Reference
from registry.project.usage import Usage, UsageReport
from registry.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Removed:
    """`version` was the last one; every version stays in the library's history. `commit` None: only tried."""

    slug: str
    name: str
    version: int
    commit: str | None


def remove_template(
    catalog: Catalog,
    reference: Reference,
    report: UsageReport,
    message: str | None = None,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Removed:
    """Take a template out of the library's head. `report` tells of the uses of all its versions.

    Raises Conflict, unless `force` is given, naming every use, or where a project could not be read; and for
    uncommitted changes. Invalid for a template of another source or a single version; NotFound.
    """
    if reference.source != LIBRARY_SOURCE or reference.version is not None:
        raise Invalid(
            "not-removable",
            f'"{reference}" cannot be removed: only whole templates of the library can',
            hint=f"For a single version that must not run: `treadle revoke {reference}`.",
        )
    removed = _present(catalog, reference)
    if not force:
        _refuse_used(reference, report)
    if dry_run:
        return removed
    with writing(catalog.library, "remove") as writer:
        removed = _present(catalog, reference)
        text = message or one_line(f"Remove {removed.name}")
        trailers = [("Remove", f"{removed.slug}@{removed.version}")]
        commit = writer.commit({removed.slug: None}, commit_message(text, trailers))
    return Removed(removed.slug, removed.name, removed.version, commit)


def _present(catalog: Catalog, reference: Reference) -> Removed:
    entries = catalog.library_entries()
    for entry in entries:
        if entry.slug == reference.slug:
            return Removed(entry.slug, entry.name, entry.version, None)
    hint = did_you_mean(reference.slug, [entry.slug for entry in entries])
    raise NotFound("template-not-found", f'the library has no template "{reference.slug}"', hint)


def _refuse_used(reference: Reference, report: UsageReport) -> None:
    if report.usages:
        count = len(report.usages)
        raise Conflict(
            "template-used",
            f'"{reference}" is used in {count} {"place" if count == 1 else "places"}; it was not removed',
            hint=f"Deprecate it instead: `treadle deprecate {reference}`. Or remove it all the same with --force.",
            problems=[_problem(usage) for usage in report.usages],
        )
    if report.problems:
        raise Conflict(
            "usage-unknown",
            f'it is not known whether "{reference}" is used; it was not removed',
            hint="Repair the project, or remove it all the same with --force.",
            problems=report.problems,
        )


def _problem(usage: Usage) -> Problem:
    who = f'step "{usage.step}"' if usage.step else "the lock"
    message = f'"{usage.reference}" is used by {who} ({", ".join(usage.places)})'
    return Problem(message, "template-used", file=str(usage.project / usage.file), line=usage.line)
