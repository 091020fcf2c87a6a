"""The Octopus document -> template.yaml and script files.

The reader is the oracle: a part of the view that doesn't read back as exactly what it was made from gets the
recorded order of its keys, or gives way to the raw value under `octopus`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from registry.folder.reading import ViewReader
from registry.folder.words import (
    DEFAULT_SYNTAX,
    DOCUMENT_KEYS,
    FORMAT_VERSION,
    OUTPUT_KEYS,
    PARAMETER_KEYS,
    SCRIPT_SUFFIXES,
    TEMPLATE_FILE,
    TYPED_EXTRAS,
)
from registry.jsondoc import JsonLayout, dump_json
from registry.octopus import (
    CONTROL_TYPE,
    EXTENSION_KEY,
    SCRIPT_BODY,
    SCRIPT_SOURCE,
    SCRIPT_SYNTAX,
    SELECT_OPTIONS,
)
from registry.yamldoc import Inline, YamlDocument, dump_yaml

View = dict[str, Any]

_PARAMETER_WORDS = ("name", "label", "help", "control", "options", "default", *TYPED_EXTRAS, "id")
_WORDS = (
    "schema",
    *DOCUMENT_KEYS,
    "script",
    "parameters",
    "outputs",
    "packages",
    "properties",
    "octopus",
    "json",
)
_PHASE_SCRIPT = re.compile(r"Octopus\.Action\.CustomScripts\.(\w+)\.(ps1|sh|csx|fsx|py)")


def write_view(value: Mapping[str, Any], layout: JsonLayout) -> dict[str, bytes]:
    """template.yaml and the script files of an Octopus value, by file name."""
    writer = _Writer()
    view = writer.document(value)
    kept = {**view.get("json", {}), **_layout_view(layout)}
    if kept:
        view["json"] = kept
    text = dump_yaml({word: view[word] for word in _WORDS if word in view})
    files = {TEMPLATE_FILE: text.encode(), **writer.files}
    exact = [name for name, data in writer.files.items() if b"\r" in data]
    if exact:
        # Without it git would change the line ends of these scripts in some work trees.
        files[".gitattributes"] = "".join(f"{name} -text\n" for name in exact).encode()
    return files


class _Writer:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._reader = ViewReader(YamlDocument(None, TEMPLATE_FILE, ""), self.files)

    def document(self, value: Mapping[str, Any]) -> View:
        view: View = {"schema": FORMAT_VERSION}
        view |= {word: value[key] for word, key in DOCUMENT_KEYS.items() if _fits(word, key, value)}
        view |= self._properties(value.get("Properties"))
        view |= self._parameters(value)
        if "packages" in view or isinstance(value.get("Packages"), list):
            view["packages"] = value["Packages"]
        rebuilt = self._reader.document(view)
        raw = {
            key: item for key, item in value.items() if key not in rebuilt or not _same(item, rebuilt[key])
        }
        if raw:
            view["octopus"] = raw
        if list(self._reader.document(view)) != list(value):
            view.setdefault("json", {})["keys"] = Inline(value)
        return view

    def _properties(self, properties: Any) -> View:
        """`script` and `properties`; nothing where the bag holds anything but text."""
        if not isinstance(properties, dict) or not all(_is_text(item) for item in properties.values()):
            return {}
        view = self._script(properties)
        hidden = set(self._reader.properties(view)) if view else set()
        plain = {
            key: self._property(key, item)
            for key, item in properties.items()
            if key not in hidden or (key == SCRIPT_SOURCE and item != "Inline")
        }
        if plain:
            view["properties"] = plain
        if list(self._reader.properties(view)) != list(properties):
            view["json"] = {"properties": Inline(properties)}
        return view

    def _script(self, properties: Mapping[str, Any]) -> View:
        body = properties.get(SCRIPT_BODY)
        syntax = properties.get(SCRIPT_SYNTAX, DEFAULT_SYNTAX)
        if not isinstance(body, str):
            return {}
        name = f"script{SCRIPT_SUFFIXES.get(syntax, '.txt')}"
        self.files[name] = body.encode()
        written = {"syntax": syntax} if SCRIPT_SYNTAX in properties else {}
        return {"script": {**written, "file": name}}

    def _property(self, key: str, item: str | None) -> Any:
        phase = _PHASE_SCRIPT.fullmatch(key)
        if phase is None or item is None:
            return item
        name = f"{phase[1].lower()}.{phase[2]}"
        self.files[name] = item.encode()
        return {"file": name}

    def _parameters(self, value: Mapping[str, Any]) -> View:
        parameters = value.get("Parameters")
        if not isinstance(parameters, list) or not all(isinstance(item, dict) for item in parameters):
            return {}
        items = [self._parameter(item) for item in parameters]
        extension = value.get(EXTENSION_KEY)
        outputs = _outputs(extension)
        view: View = {"parameters": _with_extras(items, extension), **outputs}
        if extension is not None and not _same(self._reader.extension(view), {EXTENSION_KEY: extension}):
            view = {"parameters": items}
        return {word: item for word, item in view.items() if item}

    def _parameter(self, item: Mapping[str, Any]) -> View:
        view: View = {
            word: item[key]
            for word, key in PARAMETER_KEYS.items()
            if key in item and _is_text(item[key]) and not (word in ("label", "help") and item[key] == "")
        }
        view |= _control(item.get("DisplaySettings"))
        if isinstance(item.get("DefaultValue"), str):
            view["default"] = item["DefaultValue"]
        view = {word: view[word] for word in _PARAMETER_WORDS if word in view}
        rebuilt = self._reader.parameter(view, ())
        raw = {key: part for key, part in item.items() if key not in rebuilt or not _same(part, rebuilt[key])}
        if raw:
            view["octopus"] = raw
        if list(self._reader.parameter(view, ())) != list(item):
            view["json"] = {"keys": Inline(item)}
        return view


def _fits(word: str, key: str, value: Mapping[str, Any]) -> bool:
    if key not in value:
        return False
    if word == "version":
        return isinstance(value[key], int | float) and not isinstance(value[key], bool)
    return _is_text(value[key])


def _control(settings: Any) -> View:
    """`control` and `options`; the reader's default and raw values stand for the rest."""
    if not isinstance(settings, dict) or not isinstance(settings.get(CONTROL_TYPE), str):
        return {}
    view: View = {"control": settings[CONTROL_TYPE]}
    if isinstance(settings.get(SELECT_OPTIONS), str):
        view["options"] = settings[SELECT_OPTIONS].split("\n")
    return {} if view == {"control": "SingleLineText"} else view


def _outputs(extension: Any) -> View:
    outputs = extension.get("Outputs") if isinstance(extension, dict) else None
    if not isinstance(outputs, list) or not all(isinstance(item, dict) for item in outputs):
        return {}
    return {
        "outputs": [{word: item[key] for word, key in OUTPUT_KEYS.items() if key in item} for item in outputs]
    }


def _with_extras(items: list[View], extension: Any) -> list[View]:
    typed = extension.get("Parameters") if isinstance(extension, dict) else None
    if not isinstance(typed, dict):
        return items
    return [{**item, **_extras(typed.get(item["name"]))} for item in items]


def _extras(typed: Any) -> View:
    known = typed if isinstance(typed, dict) else {}
    return {word: known[key] for word, key in TYPED_EXTRAS.items() if key in known}


def _layout_view(layout: JsonLayout) -> View:
    usual = JsonLayout()
    names = (part.name for part in fields(JsonLayout))
    view = {name: getattr(layout, name) for name in names if getattr(layout, name) != getattr(usual, name)}
    return view | {"newline": "crlf"} if "newline" in view else view


def _is_text(item: Any) -> bool:
    return item is None or isinstance(item, str)


def _same(one: Any, other: Any) -> bool:
    """Equal with the order of keys, the spelling of numbers and the difference of 1 and true."""
    return dump_json(one) == dump_json(other)
