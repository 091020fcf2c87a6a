"""What the user told git: settings and identity, all of it read by one process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from registry.git.repository import Repository

_IDENTITY = re.compile(r"(?P<name>.*?) ?<(?P<email>[^<>]*)> (?P<date>\d+ [+-]\d+)")
_TRUE = ("true", "yes", "on", "1", "")
# Who commits where nobody told git.
_STAND_IN = {"name": "Treadle", "email": "treadle@localhost"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who wrote or committed something. `date` is seconds since 1970 and a time zone, as git stores them."""

    name: str
    email: str
    date: str

    def variables(self, role: str) -> dict[str, str]:
        """As git takes it from its environment; `role` is AUTHOR or COMMITTER."""
        values = {"NAME": self.name, "EMAIL": self.email, "DATE": f"@{self.date}"}
        return {f"GIT_{role}_{key}": value for key, value in values.items()}

    def __str__(self) -> str:
        return f"{self.name} <{self.email}> {self.date}".lstrip()


@dataclass(frozen=True, slots=True)
class GitSettings:
    """`values` are the settings that hold in a repository, by key (section and name in lower case)."""

    values: Mapping[str, str]
    author: Identity
    committer: Identity

    def is_true(self, key: str) -> bool:
        return self.values.get(key, "false").lower() in _TRUE

    @property
    def object_id_length(self) -> int:
        """Hexadecimal digits of an object's name."""
        return 64 if self.values.get("extensions.objectformat") == "sha256" else 40


def read_git_settings(repository: Repository) -> GitSettings:
    """The settings for a repository, or for a folder outside of git. Raises GitFailedError."""
    told = repository.run("var", "-l", as_user=True).decode(errors="replace")
    values: dict[str, str] = {}
    for line in told.splitlines():
        key, _, value = line.partition("=")
        values[key] = value
    author, committer = (_identity(values, role) for role in ("author", "committer"))
    return GitSettings(values, author, committer)


def _identity(values: Mapping[str, str], role: str) -> Identity:
    """git's own answer, with a plain stand-in for what it only guessed from the machine."""
    found = _IDENTITY.fullmatch(values[f"GIT_{role.upper()}_IDENT"])
    assert found is not None, "git writes it in this form"
    parts = found.groupdict()
    for what, default in _STAND_IN.items():
        told = f"{role}.{what}" in values or f"user.{what}" in values
        if not (told or f"GIT_{role.upper()}_{what.upper()}" in os.environ):
            parts[what] = default
    return Identity(parts["name"], parts["email"], parts["date"])
