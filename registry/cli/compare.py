"""`treadle diff`: what changed between two versions, and what that means for a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

import click

from registry.catalog.catalog import Catalog
from registry.catalog.changes import changed_beside
from registry.catalog.drafts import published, read_draft
from registry.cli.complete import complete_reference_or_file
from registry.cli.context import Context, pass_context
from registry.cli.options import json_option, paged, path_or_reference
from registry.cli.output import echo, one_line, print_json, style, tell
from registry.compatibility.compare import ChangeClass, Comparison, Difference, compare
from registry.errors import NotFound
from registry.model import Reference
from registry.template.document import TemplateDocument, to_folder

CLASS_COLOURS = {
    ChangeClass.COMPATIBLE: "green",
    ChangeClass.BEHAVIOUR_CHANGED: "yellow",
    ChangeClass.NEEDS_INPUT: "yellow",
    ChangeClass.INCOMPATIBLE: "red",
}


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two to compare: its name for people, what it says, where it is from."""

    label: str
    document: TemplateDocument
    data: Mapping[str, str]


@click.command("diff")
@click.argument("old", metavar="REF[@A]|PATH", shell_complete=complete_reference_or_file)
@click.argument("new", metavar="[REF[@B]|@B|PATH]", required=False, shell_complete=complete_reference_or_file)
@click.option("--summary", is_flag=True, help="Only what it means, not the text.")
@json_option
@pass_context
@paged
def diff(context: Context, old: str, new: str | None, summary: bool, as_json: bool) -> None:
    """Tell what changed from one template to another: what it means for a step first, the text second.

    Alone, REF@12 is compared with the latest version, REF with the version before it, and the PATH of a template that
    you are changing with what the library has of it: what publishing it would change.

    \b
    Examples:
      treadle diff community/slack-send-simple-notification@12 @15
      treadle diff community/slack-send-simple-notification@12
      treadle diff my-templates/deploy-web
    """
    with context.catalog() as catalog:
        before, after = _sides(context, catalog, old, new)
    comparison = compare(before.document.template, after.document.template)
    text = _text_difference(before, after)
    beside = changed_beside(before.document, after.document)
    if as_json:
        about = {"old": before.data, "new": after.data}
        print_json({**about, **comparison_data(comparison), "files": list(beside), "text": text})
        return
    show_comparison(comparison, beside)
    if not summary:
        for line in text:
            echo(_coloured(line))


def _sides(context: Context, catalog: Catalog, old: str, new: str | None) -> tuple[_Side, _Side]:
    known = catalog.source_names()
    first = path_or_reference(context.directory, old, known)
    if new is not None:
        if new.startswith("@") and isinstance(first, Reference):
            new = f"{first.source}/{first.slug}{new}"
        second = path_or_reference(context.directory, new, known)
        return _side(catalog, first, old), _side(catalog, second, new)
    if isinstance(first, Path):
        draft = _side(catalog, first, old)
        return _side(catalog, published(catalog, first, draft.document)), draft
    latest = Reference(first.source, first.slug)
    if first.version is None:
        return _side(catalog, _version_before(catalog, latest)), _side(catalog, latest)
    return _side(catalog, first), _side(catalog, latest)


def _version_before(catalog: Catalog, latest: Reference) -> Reference:
    versions = catalog.versions(latest)
    if len(versions) < 2:
        message = f'"{latest}" has a single version: there is nothing to compare it with'
        raise NotFound("version-not-found", message, f"See it with `treadle show {latest}`.")
    return replace(latest, version=versions[1].version)


def _side(catalog: Catalog, thing: Reference | Path, name: str = "") -> _Side:
    if isinstance(thing, Path):
        return _Side(name, read_draft(thing), {"path": name})
    found = catalog.find(thing)
    where = found.provenance
    label = f"{where.source}/{where.slug}@{where.version}" + (f":{thing.blob}" if thing.blob else "")
    return _Side(label, found.document, {"reference": label.partition(":")[0], "blob": where.blob})


def show_comparison(comparison: Comparison, beside: Sequence[str] = ()) -> None:
    """The class, and the reasons for it; `beside` are the files beside the template that changed."""
    echo(style(comparison.change.value.capitalize(), fg=CLASS_COLOURS[comparison.change], bold=True))
    for item in comparison.differences:
        tell(f"  {difference_text(item)}")
    for name in beside:
        tell(f"  {ChangeClass.COMPATIBLE.value}: {one_line(name)} changed")
    if not comparison.differences and not beside:
        echo("  nothing changed but the version")


def difference_text(item: Difference) -> str:
    """A difference on one line."""
    note = " (suspected)" if item.suspected else ""
    return f"{item.change.value}: {one_line(item.message)}{note}"


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON."""
    differences = [
        {
            "code": item.code,
            "class": item.change.value,
            "message": item.message,
            "parameter": item.parameter,
            "suspected": item.suspected,
        }
        for item in comparison.differences
    ]
    return {"class": comparison.change.value, "differences": differences}


def _text_difference(before: _Side, after: _Side) -> list[str]:
    """The differences of the two as template folders, as lines."""
    files = to_folder(before.document), to_folder(after.document)
    lines: list[str] = []
    for name in sorted(files[0].keys() | files[1].keys()):
        one, two = (file.get(name, b"").decode(errors="replace").splitlines() for file in files)
        lines += unified_diff(one, two, f"{before.label}: {name}", f"{after.label}: {name}", lineterm="")
    return lines


def _coloured(line: str) -> str:
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return style(line, fg=colour) if colour else line
