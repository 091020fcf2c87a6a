"""The Octopus document -> template.yaml and script files.

The reader is the oracle: a part of the view that doesn't read back as exactly what it was made from gets the
recorded order of its keys, or gives way to the raw value under `octopus`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from registry.template.folder_format import (
    DEPRECATION_KEYS,
    DOCUMENT_KEYS,
    FORMAT_VERSION,
    OUTPUT_KEYS,
    PARAMETER_KEYS,
    SCRIPT_SUFFIXES,
    TEMPLATE_FILE,
    TYPED_EXTRAS,
)
from registry.template.folder_reader import ViewReader
from registry.template.octopus import (
    CONTROL_TYPE,
    DEFAULT_SYNTAX,
    EXTENSION_KEY,
    SCRIPT_BODY,
    SCRIPT_SOURCE,
    SCRIPT_SYNTAX,
    SELECT_OPTIONS,
)
from registry.template.portable import ATTRIBUTES_FILE
from registry.text.json_document import JsonLayout, dump_json
from registry.text.yaml_document import Inline, YamlDocument, dump_yaml

View = dict[str, Any]

_PARAMETER_WORDS = ("name", "label", "help", "control", "options", "default", *TYPED_EXTRAS, "id")
_WORDS = (
    "schema",
    *DOCUMENT_KEYS,
    "script",
    "parameters",
    "outputs",
    "minimum_treadle",
    "deprecated",
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
        files[ATTRIBUTES_FILE] = "".join(f"{name} -text\n" for name in exact).encode()
    return files


class _Writer:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._reader = ViewReader(YamlDocument(None, TEMPLATE_FILE, ""), self.files)

    def document(self, value: Mapping[str, Any]) -> View:
        view: View = {"schema": FORMAT_VERSION}
        view |= {word: value[key] for word, key in DOCUMENT_KEYS.items() if _fits(word, key, value)}
        view |= self._properties(value.get("Properties"))
        view |= self._parameters(value.get("Parameters"))
        view = self._with_extension(view, value.get(EXTENSION_KEY))
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

    def _parameters(self, parameters: Any) -> View:
        if not isinstance(parameters, list) or not all(isinstance(item, dict) for item in parameters):
            return {}
        return {"parameters": [self._parameter(item) for item in parameters]} if parameters else {}

    def _with_extension(self, view: View, extension: Any) -> View:
        """The view with Treadle's extras; as it was where it cannot say all of them."""
        if not isinstance(extension, dict):
            return view
        scripts, files = _further_scripts(extension.get("Scripts"), self.files)
        fuller = {**view, **_with_typed_extras(view.get("parameters"), extension.get("Parameters"))}
        if scripts and "script" in view:
            fuller["script"] = {**view["script"], "also": scripts}
        fuller |= _extension_words(extension)
        self.files |= files
        if _same(self._reader.extension(fuller), {EXTENSION_KEY: extension}):
            return fuller
        for name in files:
            del self.files[name]
        return view

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


def _extension_words(extension: Mapping[str, Any]) -> View:
    """The parts of the extension that have a word of their own; of an unexpected shape, what fits."""
    view: View = {}
    outputs = extension.get("Outputs")
    if isinstance(outputs, list) and all(isinstance(item, dict) for item in outputs):
        view["outputs"] = [_renamed(item, OUTPUT_KEYS) for item in outputs]
    if _is_text(extension.get("MinimumTreadle")) and "MinimumTreadle" in extension:
        view["minimum_treadle"] = extension["MinimumTreadle"]
    if isinstance(extension.get("Deprecated"), dict):
        view["deprecated"] = _renamed(extension["Deprecated"], DEPRECATION_KEYS)
    return view


def _further_scripts(scripts: Any, taken: Mapping[str, bytes]) -> tuple[dict[str, str], dict[str, bytes]]:
    """Syntax -> file name, and the files."""
    names: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for syntax, body in scripts.items() if isinstance(scripts, dict) else ():
        name = f"script{SCRIPT_SUFFIXES.get(syntax, '')}"
        if isinstance(body, str) and syntax in SCRIPT_SUFFIXES and name not in taken:
            names[syntax] = name
            files[name] = body.encode()
    return names, files


def _with_typed_extras(items: list[View] | None, typed: Any) -> View:
    if not items or not isinstance(typed, dict):
        return {}
    extras = (_renamed(typed.get(item.get("name")), TYPED_EXTRAS) for item in items)
    return {"parameters": [_in_order({**item, **extra}) for item, extra in zip(items, extras, strict=True)]}


def _in_order(parameter: View) -> View:
    words = (*_PARAMETER_WORDS, *(word for word in parameter if word not in _PARAMETER_WORDS))
    return {word: parameter[word] for word in words if word in parameter}


def _renamed(item: Any, words: Mapping[str, str]) -> View:
    known = item if isinstance(item, dict) else {}
    return {word: known[key] for word, key in words.items() if key in known}


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
