"""Parts of a secret that are secrets themselves: lines, values in a JSON document, what is private in a URL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

MINIMUM_PART = 8
"""From this length on, in characters, a part of a secret is hidden by itself."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)

# Words that stand in the path of every webhook: hiding them would tear logs and protect nothing.
# fmt: off
_COMMON_WORDS = frozenset({
    "accounts", "channels", "containers", "database", "databases", "download", "downloads", "endpoint",
    "endpoints", "environments", "functions", "incomingwebhook", "messages", "organizations", "pipelines",
    "postgres", "projects", "releases", "repositories", "resources", "services", "subscriptions",
    "triggers", "webhookb2", "webhooks", "workflows", "workspaces",
})
# fmt: on


def secret_parts(text: str) -> Iterator[str]:
    """Values of the JSON document or parts of the URL that `text` is; nothing if it is neither."""
    document = json_document(text)
    values = [text.strip()] if document is None else list(_strings(document))
    for value in values:
        if document is not None and len(value) >= MINIMUM_PART:
            yield value
        yield from _private_parts(value)


def json_document(text: str) -> Any | None:
    """The object or list that `text` is in JSON; None for anything else."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def json_tokens(text: str) -> list[str]:
    """The tokens of a JSON document; white space may stand between any two of them."""
    return _TOKEN.findall(text)


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case dict() as members:
                waiting += reversed(members.values())
            case list() as items:
                waiting += reversed(items)


def _private_parts(text: str) -> Iterator[str]:
    if not _URL.fullmatch(text):
        return
    try:
        url = urlsplit(text)
        found = [
            *url.netloc.rpartition("@")[0].split(":", 1),
            *url.path.split("/"),
            *(value for _, value in parse_qsl(url.query)),
            *(part.rpartition("=")[2] for part in url.query.split("&")),
            url.fragment,
        ]
    except ValueError:
        return
    for part in found:
        for form in (part, unquote(part)):
            if len(form) >= MINIMUM_PART and form.lower() not in _COMMON_WORDS:
                yield form
