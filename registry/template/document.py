"""Bytes <-> template document: Octopus JSON, template folder, canonical digest.

Whatever a template was read from, its document holds the Octopus value; the folder form is a view of it
(`registry.folder`) and both ways keep every value, its order and the layout of the JSON text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.model import StepTemplate
from registry.template.folder_format import TEMPLATE_FILE
from registry.template.folder_reader import read_view
from registry.template.folder_writer import write_view
from registry.template.octopus import to_template
from registry.template.portable import is_steering, steering_files
from registry.text.json_document import JsonDocument, JsonLayout, dump_json, load_json
from registry.text.yaml_document import YamlDocument


@dataclass(frozen=True)
class TemplateDocument:
    """A template with everything needed to write it back.

    value: the Octopus document as plain data
    layout: how its JSON text is laid out
    files: what lies beside it in a template folder (README.md, a logo, tests/...) and has no place in the JSON
    left_out: files in the folder that steer git or Treadle, and do not belong to a template
    """

    template: StepTemplate
    value: Mapping[str, Any] = field(repr=False)
    layout: JsonLayout = field(default_factory=JsonLayout)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    left_out: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def read_template(data: bytes, name: str) -> TemplateDocument:
    """Read Octopus JSON. `name` is the file's name for messages.

    Raises Invalid with `problems` where it cannot be read or is not a step template.
    """
    return template_of(load_json(data, name))


def template_of(document: JsonDocument) -> TemplateDocument:
    """The template in parsed Octopus JSON. Raises Invalid where it is none."""
    return TemplateDocument(to_template(document.value, document.file), document.value, document.layout)


def read_folder(
    files: Mapping[str, bytes], folder: str = "", document: YamlDocument | None = None
) -> TemplateDocument:
    """Read a template folder. `files` are its files by relative path (`template.yaml`, `script.sh`,
    `tests/ok.yaml`), `folder` its name for messages, `document` its template.yaml where that was parsed already.

    Raises Invalid with `problems` where template.yaml is missing, cannot be read or is not a template.
    """
    value, layout, used = read_view(files, folder, document)
    beside = {name: data for name, data in files.items() if name not in used and not is_steering(name)}
    template = to_template(value, f"{folder}/{TEMPLATE_FILE}")
    return TemplateDocument(template, value, layout, beside, steering_files(files))


def to_folder(document: TemplateDocument) -> dict[str, bytes]:
    """The document as a template folder: its files by relative path; `read_folder` gives it back."""
    return {**document.files, **write_view(document.value, document.layout)}


def write_json(document: TemplateDocument) -> bytes:
    """The document as Octopus JSON: byte for byte as it was read, unless its layout was irregular."""
    return dump_json(document.value, document.layout)


def digest(document: TemplateDocument) -> str:
    """SHA-256 (hexadecimal) of what the document says.

    It is the same for any key order, spelling of numbers, layout and form (JSON or folder); files beside the
    template don't count.
    """
    canonical = json.dumps(_plain(document.value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Numbers without their spelling: 1, 1.0 and 1e0 are one."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    return value
