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

    - `command`: what runs the bootstrap.
    - `files`: takes the request and its variables, merged and without null.
    - `program`: what the image needs; the first word of `command` where it is empty.
    - `elsewhere`: where somebody without that program finds it.
    - `ahead`: a command that can be started before the payload is there, for an interpreter that takes long to start.
      It waits on descriptor 3 for ten digits and so many bytes, the environment as /proc shows it, or none where it has
      the right one already; then it runs what `command` would.
    - `taken`: a file of the payload that the bootstrap removes first of all: where it is there, no script has begun.
    - `stop_signal`: what ends a script gracefully.
    """

    command: Sequence[str]
    files: Callable[[ScriptRequest, Mapping[str, str]], list[PayloadFile]]
    program: str = ""
    elsewhere: str = "choose another image or another shell"
    ahead: Sequence[str] = ()
    taken: str = ""
    stop_signal: str = "SIGTERM"


def unix_text(text: str) -> str:
    """The text without byte order mark and with plain line ends; a lone carriage return stays."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def shown_file(name: str, text: str) -> PayloadFile:
    """A private file that is seen in the working directory."""
    return PayloadFile(f"{SHOWN_DIR}/{name}", text.encode("utf-8", "replace"))
