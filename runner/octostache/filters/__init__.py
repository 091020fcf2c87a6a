"""The built-in filters, by name in lower case."""

from dataclasses import dataclass
from typing import Final

from runner.octostache.dotnet.characters import to_lower
from runner.octostache.filters import (
    dates,
    encoding,
    escapes,
    formats,
    markdown,
    patterns,
    text,
    uris,
    versions,
)
from runner.octostache.filters.base import Filter, FilterFailure

__all__ = ["FILTERS", "NULL", "BuiltInFilter", "Filter", "FilterFailure"]

NULL: Final = "null"
"""Not a filter of the table: the evaluation itself takes the text away."""


@dataclass(frozen=True, slots=True)
class BuiltInFilter:
    """A filter by its usual spelling, with the least and the most options that it has an answer for.

    `most` is None where further options do not matter.
    """

    name: str
    apply: Filter
    least: int = 0
    most: int | None = 0


_TABLE: Final = (
    BuiltInFilter("AddDays", dates.add_days, 1, 1),
    BuiltInFilter("AddHours", dates.add_hours, 1, 1),
    BuiltInFilter("Append", text.append, 1, None),
    BuiltInFilter("Contains", text.contains, 1, 1),
    BuiltInFilter("EndsWith", text.ends_with, 1, 1),
    BuiltInFilter("Format", formats.format_value, 1, 2),
    BuiltInFilter("FromBase64", encoding.from_base64, 0, 1),
    BuiltInFilter("HtmlEscape", escapes.html_escape),
    BuiltInFilter("Indent", text.indent, 0, 2),
    BuiltInFilter("JsonEscape", escapes.json_escape),
    BuiltInFilter("Markdown", markdown.markdown),
    BuiltInFilter("MarkdownToHtml", markdown.markdown),
    BuiltInFilter("Match", patterns.match, 1, 1),
    BuiltInFilter("Md5", encoding.digest("md5"), 0, 2),
    BuiltInFilter("NowDate", dates.now_date, 0, 1),
    BuiltInFilter("NowDateUtc", dates.now_date_utc, 0, 1),
    BuiltInFilter("Prepend", text.prepend, 1, None),
    BuiltInFilter("PropertiesKeyEscape", escapes.properties_key_escape),
    BuiltInFilter("PropertiesValueEscape", escapes.properties_value_escape),
    BuiltInFilter("Replace", patterns.replace, 1, None),
    BuiltInFilter("Sha1", encoding.digest("sha1"), 0, 2),
    BuiltInFilter("Sha256", encoding.digest("sha256"), 0, 2),
    BuiltInFilter("Sha384", encoding.digest("sha384"), 0, 2),
    BuiltInFilter("Sha512", encoding.digest("sha512"), 0, 2),
    BuiltInFilter("StartsWith", text.starts_with, 1, 1),
    BuiltInFilter("Substring", text.substring, 1, 2),
    BuiltInFilter("ToBase64", encoding.to_base64, 0, 1),
    BuiltInFilter("ToLower", text.lower),
    BuiltInFilter("ToUpper", text.upper),
    BuiltInFilter("Trim", text.trim, 0, None),
    BuiltInFilter("Truncate", text.truncate, 1, None),
    BuiltInFilter("UriDataEscape", escapes.uri_data_escape),
    BuiltInFilter("UriEscape", escapes.uri_escape),
    BuiltInFilter("UriPart", uris.uri_part, 0, None),
    BuiltInFilter("VersionMajor", versions.version_number("major"), 0, None),
    BuiltInFilter("VersionMetadata", versions.version_text("metadata"), 0, None),
    BuiltInFilter("VersionMinor", versions.version_number("minor"), 0, None),
    BuiltInFilter("VersionPatch", versions.version_number("patch"), 0, None),
    BuiltInFilter("VersionPreRelease", versions.version_text("release"), 0, None),
    BuiltInFilter("VersionPreReleaseCounter", versions.version_text("release_counter"), 0, None),
    BuiltInFilter("VersionPreReleasePrefix", versions.version_text("release_prefix"), 0, None),
    BuiltInFilter("VersionRevision", versions.version_number("revision"), 0, None),
    BuiltInFilter("XmlEscape", escapes.xml_escape),
    BuiltInFilter("YamlDoubleQuoteEscape", escapes.yaml_double_quote_escape),
    BuiltInFilter("YamlSingleQuoteEscape", escapes.yaml_single_quote_escape),
)
FILTERS: Final = {to_lower(entry.name): entry for entry in _TABLE}
