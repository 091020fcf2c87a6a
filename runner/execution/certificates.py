"""Certificates of a team's own authorities, which its actions trust beside those of their images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from registry.errors import Invalid, NotFound
from runner.plan import Plan

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_PRIVATE = b"PRIVATE KEY-----"
_LARGEST = 1024**2


def read_certificates(plan: Plan) -> Mapping[str, bytes]:
    """The PEM files that the actions of a plan trust, by their paths. Raises NotFound, Invalid."""
    return {path: _read(Path(path)) for path in dict.fromkeys(action.ca for action in plan.actions) if path}


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise NotFound("ca-file", f'there is no file "{path}", which `ca` in treadle.yaml names')
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise Invalid("ca-file", f'"{path}", which `ca` names, cannot be read: {error.strerror}') from None
    if len(content) > _LARGEST:
        raise Invalid("ca-file", f'"{path}", which `ca` names, has more than {_LARGEST:,} bytes')
    if _PRIVATE in content:
        hint = "Name a file that holds the certificates only: every action may read it."
        raise Invalid("ca-file", f'"{path}", which `ca` names, holds a private key', hint=hint)
    if _BEGIN not in content:
        hint = "It begins with -----BEGIN CERTIFICATE-----; convert others with openssl x509."
        raise Invalid("ca-file", f'"{path}", which `ca` names, has no certificate in PEM form', hint=hint)
    return content
