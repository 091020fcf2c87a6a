"""`treadle diff`: what changed between two versions, and what that means for a step."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any

import click

from registry.cli.context import Context, pass_context
from registry.cli.options import REFERENCE, json_option
from registry.cli.output import echo, print_json, style
from registry.compatibility.compare import ChangeClass, Comparison, compare
from registry.model import Provenance, Reference
from registry.template.document import TemplateDocument, to_folder

_COLOURS = {
    ChangeClass.COMPATIBLE: "green",
    ChangeClass.BEHAVIOUR_CHANGED: "yellow",
    ChangeClass.NEEDS_INPUT: "yellow",
    ChangeClass.INCOMPATIBLE: "red",
}


@click.command("diff")
@click.argument("old", type=REFERENCE, metavar="REF@A")
@click.argument("new", type=REFERENCE, metavar="REF@B")
@click.option("--summary", is_flag=True, help="Only what it means, not the text.")
@json_option
@pass_context
def diff(context: Context, old: Reference, new: Reference, summary: bool, as_json: bool) -> None:
    """Tell what changed from template REF@A to REF@B: what it means for a step first, the text second."""
    with context.catalog() as catalog:
        before, after = catalog.find(old), catalog.find(new)
    comparison = compare(before.document.template, after.document.template)
    text = _text_difference(str(old), before.document, str(new), after.document)
    if as_json:
        about = {"old": _data(before.provenance), "new": _data(after.provenance)}
        print_json({**about, **comparison_data(comparison), "text": text})
        return
    show_comparison(comparison)
    if not summary:
        for line in text:
            echo(_coloured(line))


def _data(where: Provenance) -> dict[str, str]:
    return {"reference": f"{where.source}/{where.slug}@{where.version}", "blob": where.blob}


def show_comparison(comparison: Comparison) -> None:
    """The class, and the reasons for it."""
    echo(style(comparison.change.value.capitalize(), fg=_COLOURS[comparison.change], bold=True))
    for item in comparison.differences:
        note = " (suspected)" if item.suspected else ""
        echo(f"  {item.change.value}: {item.message}{note}")
    if not comparison.differences:
        echo("  nothing changed but the version")


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


def _text_difference(old: str, before: TemplateDocument, new: str, after: TemplateDocument) -> list[str]:
    """The differences of the two as template folders, as lines."""
    files = to_folder(before), to_folder(after)
    lines: list[str] = []
    for name in sorted(files[0].keys() | files[1].keys()):
        one, two = (file.get(name, b"").decode(errors="replace").splitlines() for file in files)
        lines += unified_diff(one, two, f"{old}: {name}", f"{new}: {name}", lineterm="")
    return lines


def _coloured(line: str) -> str:
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return style(line, fg=colour) if colour else line
