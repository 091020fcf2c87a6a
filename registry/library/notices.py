"""The file of a repository's notices: what it says against some of its templates.

They are not part of a template's content, so that they reach versions that are published and locked already. A
repository keeps them in `.treadle/notices.yaml` beside its templates: about its own templates by their slugs, and a
library also about those of other sources, by `source/slug`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.errors import Invalid
from registry.git.repository import Repository
from registry.model import Notice, NoticeKind, Notices
from registry.text.document import decode_utf8
from registry.text.yaml_document import dump_yaml, load_yaml

FOLDER = ".treadle"


FILE = "notices.yaml"


_VERSION = 1


_HEAD = "# Written by treadle deprecate and treadle revoke.\n"


def read_notices(repository: Repository, commit: str | None, folder: str) -> Notices:
    """The notices in a commit; none where it has no such file. Raises Invalid."""
    path = f"{folder}/{FOLDER}/{FILE}" if folder else f"{FOLDER}/{FILE}"
    content = next((data for _, data in repository.blobs([f"{commit}:{path}"])), None) if commit else None
    return {} if content is None else parse_notices(content, path)


def parse_notices(data: bytes, file: str) -> Notices:
    """The notices in these bytes. Raises Invalid for what cannot be read whole: one may be a revocation."""
    value = load_yaml(decode_utf8(data, file), file).value
    version = value.get("version") if isinstance(value, dict) else None
    if version != _VERSION:
        message = f'{file}: version "{version}" is unknown, expected {_VERSION}'
        raise Invalid("unknown-version", message, hint="Upgrade Treadle.")
    try:
        return {
            str(key): tuple(_notice(item) for item in items)
            for key, items in (value["notices"] or {}).items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("notices-invalid", f'"{file}" cannot be understood: {error}') from error


def _notice(item: Mapping[str, Any]) -> Notice:
    versions = tuple(int(number) for number in item.get("versions", ()))
    successor = item.get("successor")
    return Notice(
        NoticeKind(item["standing"]),
        str(item.get("reason", "")),
        str(successor) if successor else None,
        versions,
    )


def notices_bytes(notices: Notices) -> bytes:
    """The file. The same notices give the same bytes."""
    value = {key: [_item(notice) for notice in notices[key]] for key in sorted(notices)}
    return (_HEAD + dump_yaml({"version": _VERSION, "notices": value})).encode()


def _item(notice: Notice) -> Mapping[str, Any]:
    item: dict[str, Any] = {"standing": notice.standing.value}
    if notice.versions:
        item["versions"] = list(notice.versions)
    if notice.reason:
        item["reason"] = notice.reason
    if notice.successor:
        item["successor"] = notice.successor
    return item
