"""Addresses of engines: `unix:///path`, `tcp://host:port`, `ssh://[user@]host[:port][/path]`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from registry.errors import Invalid

_SCHEMES = ("unix", "tcp", "ssh", "http", "https")
_EXPECTED = "Write unix:///path, tcp://HOST:PORT or ssh://[USER@]HOST[:PORT]."
_SCHEME = re.compile(r"[a-z]*:?//?")
_BLANKS = re.compile(r"[\x00-\x20\x7f]")


def expect_address(address: str, whose: str) -> None:
    """Raises Invalid for an address that no engine can be reached at; `whose` begins the message."""
    if complaint := address_complaint(address):
        raise Invalid("bad-engine-address", f'{whose} "{shown_address(address)}" {complaint}', hint=_EXPECTED)


def address_complaint(address: str) -> str | None:
    """What is wrong with an address, as the end of a sentence; None if nothing is."""
    scheme, found, rest = address.partition("://")
    if not found or scheme not in _SCHEMES:
        return f"does not begin with {', '.join(f'{name}://' for name in _SCHEMES[:2])} or {_SCHEMES[2]}://"
    if _BLANKS.search(address):
        return "has blanks or control characters in it"
    if scheme == "unix":
        return None if rest.startswith("/") else "is not the absolute path of a socket"
    return _network_complaint(scheme, address)


def _network_complaint(scheme: str, address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "names no host that can be read"
    try:
        port = parts.port
    except ValueError:
        return "names a port that is not a number from 1 to 65535"
    if not parts.hostname or parts.hostname.startswith("-"):
        return "names no host"
    if parts.password is not None or (parts.username is not None and scheme != "ssh"):
        return "holds a user or password, which an engine does not ask for"
    if (parts.username or "").startswith("-"):
        return "names no user"
    if parts.query or parts.fragment:
        return "has a query or fragment"
    if port == 0 or (port is None and scheme == "tcp"):
        return "names no port"
    return None


def shown_address(address: str) -> str:
    """An address, or what was meant to be one, without what may be a password."""
    before, at, after = address.rpartition("@")
    scheme = _SCHEME.match(before)
    head = scheme[0] if scheme else ""
    return f"{head}***@{after}" if at and ":" in before[len(head) :] else address
