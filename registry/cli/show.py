"""`treadle show`: what a template is, takes and does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from registry.catalog.details import TemplateDetails
from registry.cli.context import Context, pass_context
from registry.cli.markdown import plain_links
from registry.cli.options import REFERENCE, json_option, paged
from registry.cli.output import (
    counted,
    echo,
    folded,
    one_line,
    paragraphs,
    print_json,
    print_table,
    shorten,
    style,
    tell,
)
from registry.model import Parameter, Reference, VersionInfo
from registry.template.platform import Platform, Verdict

_MOST_REASONS = 8


@click.command("show")
@click.argument("reference", type=REFERENCE, metavar="REF")
@click.option("--versions", is_flag=True, help="All versions with date, author, commit and blob.")
@click.option("--script", is_flag=True, help="The script, and nothing else.")
@click.option("--example", is_flag=True, help="A step that uses it, as YAML to paste into a process.")
@json_option
@pass_context
@paged
def show_command(
    context: Context, reference: Reference, versions: bool, script: bool, example: bool, as_json: bool
) -> None:
    """Describe the template REF: what it does, its parameters, its script, its versions, README and tests."""
    with context.catalog() as catalog:
        details = catalog.show(reference)
    if example:
        _show_example(details, as_json)
    elif as_json:
        print_json(_data(details))
    elif script:
        _show_scripts(details)
    else:
        _show_head(details)
        _show_parameters(details)
        if details.readme and details.readme.strip():
            echo(style("\nREADME", bold=True))
            for line in details.readme.strip().splitlines():
                echo(folded(line.expandtabs(4), ""))
        if versions:
            _show_versions(details)
        elif not context.quiet:
            _show_more(details)


def _show_example(details: TemplateDetails, as_json: bool) -> None:
    from registry.project.step import step_snippet

    where = details.provenance
    exact = Reference(where.source, where.slug, where.version)
    lines = step_snippet(details.template, exact, details.template.name).lines
    if as_json:
        print_json({"reference": str(exact), "example": "\n".join(lines) + "\n"})
    else:
        echo("\n".join(lines))


def _show_head(details: TemplateDetails) -> None:
    template, where = details.template, details.provenance
    tell(style(one_line(template.name), bold=True))
    kind = " · ".join((template.action_type, *details.syntaxes, f"category {template.category}"))
    echo(folded(f"{where.source}/{where.slug}@{where.version} · {kind}", "", "  "))
    if details.deleted:
        tell(style(f"Deleted at the source; {details.latest} was its last version.", fg="yellow"))
    elif details.latest != where.version:
        echo(style(f"Version {details.latest} is the latest.", fg="yellow"))
    if details.obstacle:
        tell(style(f"Cannot run yet: it {one_line(details.obstacle.reason)}.", fg="yellow"))
    _show_verdict(details.verdict)
    for notice in details.notices:
        said = str(notice)
        tell(style(f"{said[0].upper()}{said[1:]}.", fg="red", bold=True))
    if details.origin and details.patched:
        base = f"{details.origin.source}@{details.origin.version}"
        tell(style(f"Patched: {base} with local changes.", fg="yellow"))
    elif details.origin:
        tell(f"Imported from {details.origin.source}@{details.origin.version}.")
    if template.description.strip():
        echo(f"\n{paragraphs(plain_links(template.description))}")


def _show_verdict(verdict: Verdict | None) -> None:
    """Where it runs, and why not on Linux."""
    if verdict is None:
        return
    doubtful = verdict.platform in (Platform.WINDOWS_ONLY, Platform.UNKNOWN)
    colour = "yellow" if doubtful else None
    echo(style(f"Runs on: {one_line(str(verdict))}", fg=colour))
    for reason in (*verdict.reasons, *verdict.remarks)[:_MOST_REASONS]:
        echo(paragraphs(one_line(str(reason)), "  "))
    more = len(verdict.reasons) + len(verdict.remarks) - _MOST_REASONS
    if more > 0:
        echo(f"  and {more} more: --json")


def _show_parameters(details: TemplateDetails) -> None:
    if details.template.parameters:
        echo(style("\nParameters", bold=True))
    for parameter in details.template.parameters:
        name, traits = style(parameter.name, bold=True), style(_traits(parameter), dim=True)
        echo(folded(f"{name}  {traits}", "  ", "    "))
        if parameter.label and parameter.label != parameter.name:
            echo(paragraphs(parameter.label, "    "))
        if parameter.help:
            echo(paragraphs(plain_links(parameter.help), "    "))
        if parameter.options:
            echo(paragraphs("one of: " + ", ".join(map(_option, parameter.options)), "    "))
    if details.template.outputs:
        echo(style("\nOutputs", bold=True))
    for output in details.template.outputs:
        echo(folded(f"{style(output.name, bold=True)}  {output.help or ''}".rstrip(), "  ", "    "))


def _traits(parameter: Parameter) -> str:
    traits = [parameter.control]
    if parameter.required:
        traits.append("required")
    if parameter.default:
        traits.append(f"default: {shorten(parameter.default, 60)}")
    traits += parameter.limits
    return " · ".join(map(one_line, traits))


def _option(option: tuple[str, str]) -> str:
    value, label = option
    return value if label == value else f"{value} ({label})"


def _show_versions(details: TemplateDetails) -> None:
    echo(style("\nVersions", bold=True))
    rows = [
        (
            str(item.version),
            (item.date or "-")[:10],
            item.blob[:7],
            (item.commit or "-")[:10],
            str(len(item.variants) or "-"),
            item.author or "-",
            ", ".join(str(notice) for notice in details.said.get(item.version, ())),
        )
        for item in details.versions
    ]
    heads = ("  VERSION", "DATE", "BLOB", "COMMIT", "VARIANTS", "AUTHOR", "NOTICES")
    columns = len(heads) if details.said else len(heads) - 1
    print_table(heads[:columns], [row[:columns] for row in rows], right=(0, 4))


def _show_more(details: TemplateDetails) -> None:
    where = details.provenance
    name = f"{where.source}/{where.slug}"
    tell(f"\n{counted(len(details.versions), 'version')}: treadle show {name} --versions")
    if details.tests:
        tell(f"{counted(len(details.tests), 'test file')}: treadle test {name}")


def _show_scripts(details: TemplateDetails) -> None:
    scripts = details.scripts
    for name, body in scripts.items():
        if len(scripts) > 1:
            echo(style(f"# --- {name}", bold=True))
        echo(body, end="" if body.endswith("\n") else "\n")
    if not scripts:
        echo("This template has no script of its own.", err=True)


def _data(details: TemplateDetails) -> dict[str, Any]:
    template, where = details.template, details.provenance
    return {
        "reference": f"{where.source}/{where.slug}@{where.version}",
        "source": where.source,
        "slug": where.slug,
        "id": template.id,
        "name": template.name,
        "version": where.version,
        "latest": details.latest,
        "deleted": details.deleted,
        "notices": [asdict(notice) for notice in details.notices],
        "category": template.category,
        "action_type": template.action_type,
        "syntaxes": list(details.syntaxes),
        "summary": template.summary,
        "description": template.description,
        "parameters": [_parameter_data(parameter) for parameter in template.parameters],
        "outputs": [asdict(output) for output in template.outputs],
        "scripts": details.scripts,
        "provenance": asdict(where),
        "digest": details.digest,
        "runnable": details.obstacle is None,
        "obstacle": details.obstacle.reason if details.obstacle else None,
        "platform": details.verdict.platform if details.verdict else None,
        "verdict": details.verdict.data() if details.verdict else None,
        "readme": details.readme,
        "tests": list(details.tests),
        "origin": asdict(details.origin) if details.origin else None,
        "patched": details.patched,
        "versions": [_version_data(details, item) for item in details.versions],
    }


def _parameter_data(parameter: Parameter) -> dict[str, Any]:
    data = asdict(parameter) | {"type": parameter.control, "sensitive": parameter.sensitive}
    return data | {"options": [{"value": value, "label": label} for value, label in parameter.options]}


def _version_data(details: TemplateDetails, item: VersionInfo) -> dict[str, Any]:
    """One version, with the notices about it alone or all."""
    return asdict(item) | {"notices": [asdict(notice) for notice in details.said.get(item.version, ())]}
