"""What is called how in template.yaml and in the Octopus document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.template.octopus import (
    CONTROL_TYPE,
    EXTENSION_KEY,
    SCRIPT_BODY,
    SCRIPT_SYNTAX,
    SELECT_OPTIONS,
)

TEMPLATE_FILE = "template.yaml"
FORMAT_VERSION = 1

# template.yaml key -> document key, in the order in which people read them.
DOCUMENT_KEYS: Mapping[str, str] = {
    "id": "Id",
    "name": "Name",
    "version": "Version",
    "description": "Description",
    "category": "Category",
    "action_type": "ActionType",
}
PARAMETER_KEYS: Mapping[str, str] = {"name": "Name", "label": "Label", "help": "HelpText", "id": "Id"}

# What a document says where template.yaml is silent.
DOCUMENT_DEFAULTS: Mapping[str, Any] = {
    "Description": "",
    "Category": "other",
    "Properties": {},
    "Parameters": [],
}
PARAMETER_DEFAULTS: Mapping[str, Any] = {
    "Label": "",
    "HelpText": "",
    "DefaultValue": None,
    "DisplaySettings": {CONTROL_TYPE: "SingleLineText"},
}

# The order in which Octopus writes keys; others follow as they come.
DOCUMENT_ORDER = (
    "Id",
    "Name",
    "Description",
    "ActionType",
    "Version",
    "CommunityActionTemplateId",
    "Packages",
    "GitDependencies",
    "Properties",
    "Parameters",
    "StepPackageId",
    "$Meta",
    "LastModifiedBy",
    "Category",
    "Treadle",
)
PARAMETER_ORDER = ("Id", "Name", "Label", "HelpText", "DefaultValue", "DisplaySettings")

# template.yaml key of a parameter's typed extra -> key in the document's extension.
TYPED_EXTRAS: Mapping[str, str] = {
    "required": "Required",
    "pattern": "Pattern",
    "minimum": "Minimum",
    "maximum": "Maximum",
}
OUTPUT_KEYS: Mapping[str, str] = {"name": "Name", "help": "HelpText", "sensitive": "Sensitive"}

DEPRECATION_KEYS: Mapping[str, str] = {"reason": "Reason", "successor": "Successor"}

SCRIPT_SUFFIXES: Mapping[str, str] = {
    "Bash": ".sh",
    "PowerShell": ".ps1",
    "Python": ".py",
    "CSharp": ".csx",
    "FSharp": ".fsx",
}


_VIEW_WORDS: Mapping[str | int, str] = {
    **{key: word for word, key in {**DOCUMENT_KEYS, **PARAMETER_KEYS}.items()},
    "Parameters": "parameters",
    "DefaultValue": "default",
    "DisplaySettings": "control",
    "Packages": "packages",
    "Properties": "properties",
}


def yaml_path(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Where in template.yaml that stands which has this path in the Octopus document."""
    if path[:1] == ("Properties",) and path[1:] in ((SCRIPT_BODY,), (SCRIPT_SYNTAX,)):
        return ("script", "file" if path[1] == SCRIPT_BODY else "syntax")
    if path[-1:] == (SELECT_OPTIONS,):
        return (*yaml_path(path[:-2]), "options")
    if path == (EXTENSION_KEY, "MinimumTreadle"):
        return ("minimum_treadle",)
    if path[:2] == (EXTENSION_KEY, "Outputs"):
        return ("outputs", *yaml_path(path[2:]))
    return tuple(_VIEW_WORDS.get(key, key) for key in path)


def arrange(
    given: Mapping[str, Any], defaults: Mapping[str, Any], keys: list[str] | None, order: tuple[str, ...]
) -> dict[str, Any]:
    """Put keys into the order of the document.

    `keys`, where recorded, is the document's own order: a default it doesn't name is left out, something
    given that it doesn't name comes last. Otherwise all keys come in the usual `order`.
    """
    merged = {**defaults, **given}
    if keys is None:
        keys = [*(key for key in order if key in merged), *(key for key in merged if key not in order)]
    recorded = frozenset(keys)
    names = [*(key for key in keys if key in merged), *(key for key in given if key not in recorded)]
    return {key: merged[key] for key in names}
