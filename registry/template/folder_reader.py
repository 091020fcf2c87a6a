"""template.yaml and script files -> the Octopus document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.errors import Invalid
from registry.template.folder_format import (
    DEPRECATION_KEYS,
    DOCUMENT_DEFAULTS,
    DOCUMENT_KEYS,
    DOCUMENT_ORDER,
    FORMAT_VERSION,
    OUTPUT_KEYS,
    PARAMETER_DEFAULTS,
    PARAMETER_KEYS,
    PARAMETER_ORDER,
    TEMPLATE_FILE,
    TYPED_EXTRAS,
    arrange,
)
from registry.template.octopus import (
    CONTROL_TYPE,
    DEFAULT_SYNTAX,
    EXTENSION_KEY,
    SCRIPT_BODY,
    SCRIPT_SOURCE,
    SCRIPT_SYNTAX,
    SELECT_OPTIONS,
)
from registry.text.document import KeyPath, decode_utf8, problem_at
from registry.text.json_document import JsonLayout
from registry.text.numbers import number_text
from registry.text.yaml_document import YamlDocument, load_yaml

_LONGEST_END = 1000
_MOST_BLANKS = 64


def read_view(
    files: Mapping[str, bytes], folder: str = "", document: YamlDocument | None = None
) -> tuple[dict[str, Any], JsonLayout, set[str]]:
    """The Octopus value of a template folder, the layout of its JSON and the names of the files that made it.

    `files` are the folder's files by relative path, `folder` its name for messages, `document` its template.yaml
    where that was parsed already.
    Raises Invalid where template.yaml is missing, cannot be read or is not a template, or names a missing file.
    """
    name = f"{folder}/{TEMPLATE_FILE}" if folder else TEMPLATE_FILE
    if TEMPLATE_FILE not in files:
        raise Invalid(
            "no-template-yaml", f'"{name}" does not exist', "A template folder has a template.yaml."
        )
    document = document or load_yaml(decode_utf8(files[TEMPLATE_FILE], name), name)
    if document.problems:
        raise Invalid.of(document.problems[0].code, name, document.problems)
    reader = ViewReader(document, files)
    return reader.document(document.value), reader.layout(document.value), reader.used


class ViewReader:
    """Reads a view; every access checks the type, so that a mistake is told with its place."""

    def __init__(self, document: YamlDocument, files: Mapping[str, bytes]) -> None:
        self.source = document
        self.files = files
        self.used = {TEMPLATE_FILE}

    def document(self, content: Any) -> dict[str, Any]:
        """The Octopus value of a whole template.yaml."""
        view = self._mapping(content, ())
        if view.get("schema") != FORMAT_VERSION:
            raise self._misfit(
                ("schema",),
                f'"schema" is {_kind(view.get("schema"))}, expected {FORMAT_VERSION}',
                "Another format needs another Treadle.",
                "format-version",
            )
        given = {key: self._top(view, word) for word, key in DOCUMENT_KEYS.items() if word in view}
        if "packages" in view:
            given["Packages"] = view["packages"]
        if "script" in view or "properties" in view:
            given["Properties"] = self.properties(view)
        if "parameters" in view:
            items = enumerate(self._list(view, "parameters", ()))
            given["Parameters"] = [self.parameter(item, ("parameters", number)) for number, item in items]
        given = {**given, **self.extension(view), **self._part(view, "octopus", ())}
        return arrange(given, DOCUMENT_DEFAULTS, self._keys(view, "keys", ()), DOCUMENT_ORDER)

    def layout(self, view: Mapping[str, Any]) -> JsonLayout:
        layout = self._part(view, "json", ())
        end = layout.get("end", "\n")
        if not isinstance(end, str) or end.strip() or len(end) > _LONGEST_END:
            raise self._misfit(("json", "end"), "expected blanks and line ends, and not many")
        return JsonLayout(
            indent=self._blanks(layout, "indent", 2),
            margin=self._blanks(layout, "margin", 0),
            ascii_only=layout.get("ascii_only") is True,
            newline="\r\n" if layout.get("newline") == "crlf" else "\n",
            byte_order_mark=layout.get("byte_order_mark") is True,
            end=end,
        )

    def _blanks(self, layout: Mapping[str, Any], word: str, usual: int) -> int:
        blanks = layout.get(word, usual)
        if not isinstance(blanks, int) or not 0 <= blanks <= _MOST_BLANKS:
            raise self._misfit(("json", word), f"expected 0 to {_MOST_BLANKS} blanks, got {_kind(blanks)}")
        return blanks

    def properties(self, view: Mapping[str, Any]) -> dict[str, Any]:
        """The property bag: the script's own properties, then the others."""
        plain = {
            key: self._property(item, ("properties", key))
            for key, item in self._part(view, "properties", ()).items()
        }
        defaults: dict[str, Any] = {}
        given: dict[str, Any] = {}
        if "script" in view:
            script = self._part(view, "script", ())
            defaults = {SCRIPT_SOURCE: "Inline", SCRIPT_SYNTAX: DEFAULT_SYNTAX}
            if "syntax" in script:
                given[SCRIPT_SYNTAX] = script["syntax"]
            given[SCRIPT_BODY] = self._file(script.get("file"), ("script", "file"))
        order = (SCRIPT_SOURCE, SCRIPT_SYNTAX, SCRIPT_BODY)
        return arrange({**given, **plain}, defaults, self._keys(view, "properties", ()), order)

    def parameter(self, item: Any, path: KeyPath) -> dict[str, Any]:
        """One entry of the document's `Parameters`."""
        view = self._mapping(item, path)
        if view.get("name") is None:
            raise self._misfit(path, 'the parameter has no "name"')
        given: dict[str, Any] = {
            key: self._text(view[word], (*path, word)) for word, key in PARAMETER_KEYS.items() if word in view
        }
        if "default" in view:
            given["DefaultValue"] = self._text(view["default"], (*path, "default"))
        if "control" in view or "options" in view:
            given["DisplaySettings"] = self._display_settings(view, path)
        given |= self._part(view, "octopus", path)
        return arrange(given, PARAMETER_DEFAULTS, self._keys(view, "keys", path), PARAMETER_ORDER)

    def _display_settings(self, view: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        settings = {CONTROL_TYPE: view.get("control", "SingleLineText")}
        if "options" in view:
            options = enumerate(self._list(view, "options", path))
            lines = [self._text(line, (*path, "options", number)) for number, line in options]
            settings[SELECT_OPTIONS] = "\n".join(line or "" for line in lines)
        return settings

    def extension(self, view: Mapping[str, Any]) -> dict[str, Any]:
        """What Octopus has no word for, under its key; nothing where nothing is said."""
        extension: dict[str, Any] = {}
        typed = {
            str(self._text(item.get("name"), ())): {
                key: item[word] for word, key in TYPED_EXTRAS.items() if word in item
            }
            for item in view.get("parameters") or ()
        }
        if any(typed.values()):
            extension["Parameters"] = {name: extras for name, extras in typed.items() if extras}
        if "outputs" in view:
            items = enumerate(self._list(view, "outputs", ()))
            outputs = [self._mapping(item, ("outputs", number)) for number, item in items]
            extension["Outputs"] = [
                {key: item[word] for word, key in OUTPUT_KEYS.items() if word in item} for item in outputs
            ]
        if "also" in self._part(view, "script", ()):
            others = self._part(view["script"], "also", ("script",))
            extension["Scripts"] = {
                syntax: self._file(name, ("script", "also", syntax)) for syntax, name in others.items()
            }
        if "minimum_treadle" in view:
            extension["MinimumTreadle"] = self._text(view["minimum_treadle"], ("minimum_treadle",))
        if "deprecated" in view:
            said = self._part(view, "deprecated", ())
            extension["Deprecated"] = {
                key: said[word] for word, key in DEPRECATION_KEYS.items() if word in said
            }
        return {EXTENSION_KEY: extension} if extension else {}

    def _top(self, view: Mapping[str, Any], word: str) -> Any:
        return view[word] if word == "version" else self._text(view[word], (word,))

    def _property(self, item: Any, path: KeyPath) -> str | None:
        if isinstance(item, dict):
            return self._file(item.get("file"), (*path, "file"))
        return self._text(item, path)

    def _file(self, name: Any, path: KeyPath) -> str:
        if not isinstance(name, str) or name not in self.files:
            raise self._misfit(
                path, f'the file "{name}" is not in the template folder', code="script-missing"
            )
        self.used.add(name)
        try:
            return self.files[name].decode()
        except UnicodeDecodeError as error:
            message = f'"{name}" is not UTF-8 text (byte {error.start})'
            raise self._misfit(path, message, "Save the file as UTF-8.", "not-utf8") from None

    def _text(self, item: Any, path: KeyPath) -> str | None:
        """A value is text whatever YAML makes of it: numbers as written, `True` and `False`."""
        if item is None or isinstance(item, str):
            return item
        if isinstance(item, bool):
            return str(item)
        if isinstance(item, int | float):
            return number_text(item)
        raise self._misfit(path, f"expected text, got {_kind(item)}")

    def _keys(self, view: Mapping[str, Any], word: str, path: KeyPath) -> list[str] | None:
        layout = self._part(view, "json", path)
        if word not in layout:
            return None
        keys = self._list(layout, word, (*path, "json"))
        if not all(isinstance(key, str) for key in keys):
            raise self._misfit((*path, "json", word), "expected a list of keys")
        return list(dict.fromkeys(keys))

    def _part(self, view: Mapping[str, Any], key: str, path: KeyPath) -> dict[str, Any]:
        return self._mapping(view[key], (*path, key)) if key in view else {}

    def _mapping(self, item: Any, path: KeyPath) -> dict[str, Any]:
        if not isinstance(item, dict):
            raise self._misfit(path, f"expected keys with values, got {_kind(item)}")
        return item

    def _list(self, view: Mapping[str, Any], key: str, path: KeyPath) -> list[Any]:
        item = view.get(key, [])
        if not isinstance(item, list):
            raise self._misfit((*path, key), f"expected a list, got {_kind(item)}")
        return item

    def _misfit(
        self, path: KeyPath, message: str, hint: str | None = None, code: str = "not-a-template"
    ) -> Invalid:
        return Invalid.of(code, self.source.file, [problem_at(self.source, path, message, code, hint)])


def _kind(item: Any) -> str:
    if isinstance(item, dict):
        return "keys with values"
    if isinstance(item, list):
        return "a list"
    return "nothing" if item is None else f'"{item}"'
