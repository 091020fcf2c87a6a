"""How `treadle import` takes in a share bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.cli.context import Context
from registry.cli.output import echo, print_json, style, working
from registry.cli.problems import show_problems
from registry.errors import Invalid, Untrusted
from registry.model import Problem, Severity

if TYPE_CHECKING:
    from registry.sharing.bundle import NeededVariable, Needs
    from registry.sharing.import_bundle import BundledTemplate, BundleImport

_VERBS = {"present": ("is here already", "is here already"), "added": ("added", "would be added")}
_UPDATED = ("added as a newer version", "would be added as a newer version")


Asks = Callable[[str, bytes], list[Problem]]
"""What a process, given by its name and content, asks of containers beyond the default isolation: a warning each.

A process that cannot be read has errors instead."""


def asks_nothing(_name: str, _data: bytes) -> list[Problem]:
    """For those who know nothing of processes."""
    return []


def import_bundle(
    context: Context, path: Path, asks: Asks, *, force: bool, allow: bool, dry_run: bool, as_json: bool
) -> None:
    """Check the bundle, take it in, and tell what became of it and what it still needs.

    Raises Untrusted, with nothing written, when a process asks for more than the default isolation, unless that is
    allowed.
    """
    from registry.sharing.bundle import read_bundle
    from registry.sharing.import_bundle import import_bundle, missing_needs

    bundle = read_bundle(path)
    asked = [problem for name, data in bundle.processes.items() for problem in asks(name, data)]
    _refuse(bundle.name, asked, allow)
    project = context.project()
    folder = project.folder if project else context.directory
    with working(context, f"importing {path.name}"), context.catalog() as catalog:
        reception = import_bundle(catalog, bundle, folder, force=force, dry_run=dry_run)
    missing = missing_needs(bundle.needs, project.file if project else None)
    if as_json:
        data = _data(bundle.name, reception, bundle.needs, missing)
        print_json({**data, "asks_for": _asked_data(asked), "dry_run": dry_run})
        return
    context.say(f'Bundle of "{bundle.name}": complete and unaltered.')
    for item in reception.templates:
        context.say(f"  {item.reference}  {_verb(item, dry_run)}{_from(item)}")
    for file in reception.processes:
        written = "would be written" if dry_run else "written"
        context.say(f"  {file.name}  {written if file in reception.changed else 'is here already'}")
    if reception.lock_changed:
        context.say(f"  treadle.lock  {'would be updated' if dry_run else 'updated'}")
    if not context.quiet:
        show_problems(asked)
        _show_missing(missing, has_project=project is not None)


def _refuse(bundle: str, asked: Sequence[Problem], allow: bool) -> None:
    if any(problem.severity is Severity.ERROR for problem in asked):
        raise Invalid("bundle-process", f'a process of "{bundle}" cannot be used', problems=asked)
    if asked and not allow:
        raise Untrusted(
            "bundle-asks-for-more",
            f'processes of "{bundle}" ask for more than the default isolation; nothing was imported',
            hint="If you trust whoever made the bundle, and its scripts, add --allow.",
            problems=asked,
        )


def _asked_data(asked: Sequence[Problem]) -> list[Mapping[str, Any]]:
    return [
        {"file": one.file, "line": one.line, "column": one.column, "message": one.message} for one in asked
    ]


def _verb(item: BundledTemplate, dry_run: bool) -> str:
    return _VERBS.get(item.status.value, _UPDATED)[dry_run]


def _from(item: BundledTemplate) -> str:
    shared, where = item.shared, item.shared.provenance
    name = f"{where.source}/{shared.slug}@{shared.version}"
    return "" if name == str(item.reference) else f", was {name}"


def _show_missing(missing: Needs, *, has_project: bool) -> None:
    block = _block(missing)
    if not block:
        return
    start = "" if has_project else "Start a project with: treadle init. "
    echo(style(f"{start}Define what the processes need in treadle.yaml:", bold=True))
    echo(f"\n{block}".rstrip("\n"))


def _block(missing: Needs) -> str:
    """What is missing, as it stands in a treadle.yaml; values are the sender's, to be looked at."""
    from registry.text.yaml_document import dump_yaml

    environments: dict[str, Any] = {name: {} for name in missing.environments}
    target = {**({"environments": list(environments)} if environments else {}), "roles": list(missing.roles)}
    variables = {variable.name: _definition(variable) for variable in missing.variables}
    sections: dict[str, Any] = {
        "environments": environments,
        "targets": {"target-1": target} if missing.roles else {},
        "variables": variables,
    }
    wanted = {key: section for key, section in sections.items() if section}
    return dump_yaml(wanted) if wanted else ""


def _definition(variable: NeededVariable) -> dict[str, Any]:
    if variable.sensitive:
        name = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in variable.name).upper()
        return {"sensitive": True, "from": {"env": name}}
    return {"value": "..." if variable.value is None else variable.value}


def _data(name: str, reception: BundleImport, needs: Needs, missing: Needs) -> Mapping[str, Any]:
    return {
        "bundle": name,
        "commit": reception.commit,
        "templates": [
            {
                "reference": str(item.reference),
                "status": item.status.value,
                "references": list(item.shared.references),
                "from": asdict(item.shared.provenance),
            }
            for item in reception.templates
        ],
        "processes": [
            {"file": str(path), "changed": path in reception.changed} for path in reception.processes
        ],
        "lock_changed": reception.lock_changed,
        "needs": asdict(needs),
        "missing": asdict(missing),
        "missing_yaml": _block(missing),
    }
