"""The built-in filters, by name in lower case."""

from typing import Final

from runner.octostache.filters import dates, encoding, escapes, formats, patterns, text, versions
from runner.octostache.filters.base import Filter, FilterFailure

__all__ = ["FILTERS", "Filter", "FilterFailure"]

FILTERS: Final[dict[str, Filter]] = {
    "adddays": dates.add_days,
    "addhours": dates.add_hours,
    "append": text.append,
    "contains": text.contains,
    "endswith": text.ends_with,
    "format": formats.format_value,
    "frombase64": encoding.from_base64,
    "htmlescape": escapes.html_escape,
    "indent": text.indent,
    "jsonescape": escapes.json_escape,
    "match": patterns.match,
    "md5": encoding.digest("md5"),
    "nowdate": dates.now_date,
    "nowdateutc": dates.now_date_utc,
    "prepend": text.prepend,
    "propertieskeyescape": escapes.properties_key_escape,
    "propertiesvalueescape": escapes.properties_value_escape,
    "replace": patterns.replace,
    "sha1": encoding.digest("sha1"),
    "sha256": encoding.digest("sha256"),
    "sha384": encoding.digest("sha384"),
    "sha512": encoding.digest("sha512"),
    "startswith": text.starts_with,
    "substring": text.substring,
    "tobase64": encoding.to_base64,
    "tolower": text.lower,
    "toupper": text.upper,
    "trim": text.trim,
    "truncate": text.truncate,
    "uridataescape": escapes.uri_data_escape,
    "uriescape": escapes.uri_escape,
    "versionmajor": versions.number("major"),
    "versionmetadata": versions.text("metadata"),
    "versionminor": versions.number("minor"),
    "versionpatch": versions.number("patch"),
    "versionprerelease": versions.text("release"),
    "versionprereleasecounter": versions.text("release_counter"),
    "versionprereleaseprefix": versions.text("release_prefix"),
    "versionrevision": versions.number("revision"),
    "xmlescape": escapes.xml_escape,
    "yamldoublequoteescape": escapes.yaml_double_quote_escape,
    "yamlsinglequoteescape": escapes.yaml_single_quote_escape,
}
