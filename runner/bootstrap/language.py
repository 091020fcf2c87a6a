"""What the bootstraps of all languages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from runner.bootstrap.request import ScriptRequest
from runner.engine.payload import PRIVATE_DIR, PayloadFile

SHOWN_DIR = f"{PRIVATE_DIR}/shown"
"""Private files that the working directory shows under their own names, through links: a script's text may
hold secrets, and the working directory is on disk."""

VARIABLES_DIR = f"{PRIVATE_DIR}/variables"


@dataclass(frozen=True, slots=True)
class Language:
    """A script language: the command that runs its bootstrap, and the files this one needs.

    `files` takes the request and its variables, merged and without null.
    """

    command: Sequence[str]
    files: Callable[[ScriptRequest, Mapping[str, str]], list[PayloadFile]]


def unix_text(text: str) -> str:
    """The text without byte order mark and with plain line ends; a lone carriage return stays."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def shown_file(name: str, text: str) -> PayloadFile:
    """A private file that is seen in the working directory."""
    return PayloadFile(f"{SHOWN_DIR}/{name}", text.encode("utf-8", "replace"))
