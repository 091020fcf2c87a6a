"""Handing templates on: as Octopus JSON, or as folders. No secret leaves with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from registry.catalog.details import TemplateCopy
from registry.errors import Invalid
from registry.lint.secrets import holds_secret
from registry.model import ControlType, Problem, Severity
from registry.template.document import TemplateDocument, to_folder, write_json
from registry.template.files import write_files
from registry.template.octopus import CONTROL_TYPE, property_text
from registry.template.portable import check_names

META_KEY = "$Meta"
_META_TYPE = "ActionTemplate"
_OLDEST_OCTOPUS = "3.4.0"
"""What a template written here says in `$Meta`: the first Octopus that read community templates."""

_UNDATED = "1970-01-01T00:00:00+00:00"


class ExportFormat(StrEnum):
    OCTOPUS_JSON = "octopus-json"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Exported:
    """`files` are what the export consists of, `changed` those that were, or would be, written."""

    files: Mapping[Path, bytes]
    changed: tuple[Path, ...]
    warnings: tuple[Problem, ...]


def export_templates(
    copies: Sequence[TemplateCopy],
    target: Path,
    form: ExportFormat,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Exported:
    """Write templates to `target`: a single one there, several below it by their slugs.

    The same templates give the same bytes. Raises Conflict where other content is there and `force` isn't given,
    Invalid where two templates have one slug.
    """
    _refuse_same_slugs(copies)
    files: dict[Path, bytes] = {}
    for copy in copies:
        slug = copy.resolved.provenance.slug
        if form is ExportFormat.OCTOPUS_JSON:
            files[target if len(copies) == 1 else target / f"{slug}.json"] = octopus_json(copy)
        else:
            root = target if len(copies) == 1 else target / slug
            folder = exported_folder(copy)
            check_names(folder, f'"{copy.resolved.reference}"')
            files |= {root / name: data for name, data in folder.items()}
    warnings = tuple(warning for copy in copies for warning in secrets_in(copy))
    return Exported(files, write_files(files, force=force, dry_run=dry_run), warnings)


def octopus_json(copy: TemplateCopy) -> bytes:
    """The template as Octopus imports it: with `$Meta`, without values of secrets."""
    value = without_secrets(copy.document.value)
    return write_json(_with_value(copy.document, value | {META_KEY: _meta(copy)}))


def exported_folder(copy: TemplateCopy) -> Mapping[str, bytes]:
    """The template's folder: as it is where it holds no secret, else without it."""
    value = without_secrets(copy.document.value)
    return copy.files if value == copy.document.value else to_folder(_with_value(copy.document, value))


def _with_value(document: TemplateDocument, value: Mapping[str, Any]) -> TemplateDocument:
    return TemplateDocument(document.template, value, document.layout, document.files)


def _meta(copy: TemplateCopy) -> Mapping[str, Any]:
    """What the document says itself; else the instant of its commit, so that every export is the same."""
    held = copy.document.value.get(META_KEY)
    if isinstance(held, dict):
        return {**held, "Type": _META_TYPE}
    return {
        "ExportedAt": copy.resolved.provenance.date or _UNDATED,
        "OctopusVersion": _OLDEST_OCTOPUS,
        "Type": _META_TYPE,
    }


def without_secrets(value: Mapping[str, Any]) -> dict[str, Any]:
    """An Octopus document with the defaults of sensitive parameters emptied. An expression stays: it only names
    a variable."""
    parameters = value.get("Parameters")
    if not parameters:
        return dict(value)
    return {**value, "Parameters": [_without_secret(item) for item in parameters]}


def _without_secret(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**parameter, "DefaultValue": ""} if _has_secret(parameter) else parameter


def _has_secret(parameter: Mapping[str, Any]) -> bool:
    settings = parameter.get("DisplaySettings") or {}
    default = parameter.get("DefaultValue")
    if isinstance(default, dict):
        default = default.get("NewValue")
    text = property_text(default)
    return settings.get(CONTROL_TYPE) == ControlType.SENSITIVE and bool(text) and "#{" not in (text or "")


def secrets_in(copy: TemplateCopy) -> Iterator[Problem]:
    """A warning for each secret that was taken out, and each line that looks as if it held one."""
    reference = str(copy.resolved.reference)
    for parameter in copy.document.value.get("Parameters") or ():
        if _has_secret(parameter):
            yield Problem(
                f'"{reference}": the default of the sensitive parameter "{parameter["Name"]}" was left out',
                "secret-left-out",
                severity=Severity.WARNING,
            )
    for key, text in copy.document.template.properties.items():
        for number, line in enumerate((text or "").splitlines(), 1):
            if holds_secret(line):
                yield Problem(
                    f'"{reference}": line {number} of "{key}" looks as if it held a secret',
                    "secret-suspected",
                    hint="If it does, publish a version without it, and change the secret.",
                    severity=Severity.WARNING,
                )


def _refuse_same_slugs(copies: Sequence[TemplateCopy]) -> None:
    slugs = [copy.resolved.provenance.slug for copy in copies]
    twice = next((slug for slug in slugs if slugs.count(slug) > 1), None)
    if twice is not None:
        raise Invalid(
            "export-twice", f'two templates would both be written as "{twice}"', "Export them one by one."
        )
