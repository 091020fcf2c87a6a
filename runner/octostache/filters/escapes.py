"""Filters that make a text safe inside another language."""

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

from runner.octostache.dotnet.characters import encodable, to_units
from runner.octostache.filters.base import Filter

_XML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
_HTML: Final = {**_XML, ord("/"): "&#x2F;"}
_JSON: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "\r": "\\r", "\n": "\\n", "\t": "\\t"})
_PROPERTIES: Final = str.maketrans({"\\": "\\\\", "\r": "\\r", "\n": "\\n", "\t": "\\t"})
_PROPERTIES_KEY: Final = {**_PROPERTIES, ord(" "): "\\ ", ord(":"): "\\:", ord("="): "\\="}
_LINE_BREAKS: Final = re.compile(r"(?:\r?\n)+")
_NOT_PRINTABLE: Final = re.compile(r"[^\x20-\x7e]")
_NOT_LATIN: Final = re.compile(r"[^\x00-\xfe]")
_URI_SAFE: Final = "-_.~;/?:@&=+$,#[]!*'()"


def _without_options(escape: Callable[[str], str]) -> Filter:
    def apply(argument: str | None, options: Sequence[str]) -> str | None:
        return None if argument is None or options else escape(argument)

    return apply


def _as_unicode_escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _yaml_single_quoted(text: str) -> str:
    # YAML folds one line break into a space, so every run of breaks needs one more.
    broken = _LINE_BREAKS.sub(lambda run: ("\r\n" if run[0].startswith("\r") else "\n") + run[0], text)
    return broken.replace("'", "''")


def _yaml_double_quoted(text: str) -> str:
    return _NOT_PRINTABLE.sub(_as_unicode_escape, to_units(text).translate(_JSON))


def _properties_key(text: str) -> str:
    return _NOT_LATIN.sub(_as_unicode_escape, to_units(text).translate(_PROPERTIES_KEY))


def _properties_value(text: str) -> str:
    escaped = _NOT_LATIN.sub(_as_unicode_escape, to_units(text).translate(_PROPERTIES))
    return "\\" + escaped if escaped.startswith(" ") else escaped


html_escape: Final = _without_options(lambda text: text.translate(_HTML))
xml_escape: Final = _without_options(lambda text: text.translate(_XML))
json_escape: Final = _without_options(lambda text: text.translate(_JSON))
yaml_single_quote_escape: Final = _without_options(_yaml_single_quoted)
yaml_double_quote_escape: Final = _without_options(_yaml_double_quoted)
properties_key_escape: Final = _without_options(_properties_key)
properties_value_escape: Final = _without_options(_properties_value)
uri_escape: Final = _without_options(lambda text: quote(encodable(text), safe=_URI_SAFE))
uri_data_escape: Final = _without_options(lambda text: quote(encodable(text), safe="-_.~"))
