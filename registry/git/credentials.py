"""What an address holds besides the place: whom credentials are for, and what of an address may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What makes somebody's words an address, mistyped ones among them: `https://`, `http:/`, `https//`, `ssh:`.
_SCHEME_LIKE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?::/+|//+)|\b(?:https?|ssh|git|ftps?|file):")
_QUERY = re.compile(r"[?#;].*", re.DOTALL)
_AT = ("@", "\uff20", "\ufe6b")  # the last two are what wide keyboards write in its place
_WORD = re.compile(r"[^\s'\"<>`]+")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an address held before its `@`. Handed to git in its environment: never in argv or a file.

    `address` is the scheme, host and port that they are for, such as `https://git.example.com:8443`: nobody else
    gets them, wherever a server sends git.
    """

    username: str
    password: str
    address: str

    def settings(self) -> tuple[str, ...]:
        """For git: a helper that answers for this address alone, in place of all others."""
        helper = '!f() { echo "username=$TREADLE_GIT_USER"; echo "password=$TREADLE_GIT_PASSWORD"; }; f'
        return (
            "credential.helper=",
            f"credential.{self.address}.helper={helper}",
            "http.followRedirects=false",
        )

    def environment(self) -> dict[str, str]:
        return {"TREADLE_GIT_USER": self.username, "TREADLE_GIT_PASSWORD": self.password}


def is_address_like(text: str) -> bool:
    """Whether somebody seems to have meant an address, or wrote a name and a password in front of an `@`."""
    return _SCHEME_LIKE.match(text.strip()) is not None or ":" in text[: max(_last_at(text), 0)]


def shown_address(address: str) -> str:
    """An address that may hold secrets, even one that cannot be understood, as it may be shown: without what stands
    between its first scheme-like part and the last `@`, and without parameters, query and fragment.
    """
    scheme = _SCHEME_LIKE.search(address)
    at = _last_at(address)
    if scheme is not None:
        at = at if at >= scheme.end() else scheme.end() - 1
        return address[: scheme.end()] + _QUERY.sub("", address[at + 1 :])
    colon = address.find(":", 0, max(at, 0))
    if colon < 0:
        return address
    return address[: address.rfind("/", 0, colon) + 1] + address[at + 1 :]


def _last_at(text: str) -> int:
    return max(text.rfind(mark) for mark in _AT)


def without_secrets(text: str) -> str:
    """A sentence of git's, with every address in it as it may be shown."""
    return _WORD.sub(lambda word: shown_address(word[0]), text)
