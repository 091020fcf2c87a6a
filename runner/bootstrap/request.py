"""The input of a bootstrap: everything a script is run with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Syntax(StrEnum):
    """The script languages; the values are the field's own (`Octopus.Action.Script.Syntax`), and our `sh`."""

    BASH = "Bash"
    POWERSHELL = "PowerShell"
    PYTHON = "Python"
    SH = "sh"


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


def _no_files() -> Mapping[str, bytes]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """One script, ready to run: every text is evaluated already.

    `body` is the text as stored, CRLF and byte order mark included. `variables` is in dictionary order; None
    reads as empty text. Names that differ in case only are one variable: first spelling, last value.
    `parameters` is the text of `Octopus.Action.Script.ScriptParameters`.
    `files` are put into the working directory (path below it, "/" between folders; a path that ends in "/" is
    a folder); they are on disk, but for `secret_files`: the work directory has links to those. `programs` are those
    that can be executed.
    `environment` is exported to the script and may hold secrets: unlike a container's own, it is not seen from
    outside. `log_environment`: the bootstrap begins with a summary of its environment.
    `ca`: certificates in PEM form that programs are made to trust beside those of the image.
    `fail_fast`: a shell script ends with its first command that fails.
    `windows_aliases`: a PowerShell script finds the aliases of Windows.
    """

    syntax: Syntax
    body: str
    variables: Mapping[str, str | None] = field(default_factory=_nothing)
    parameters: str | None = None
    files: Mapping[str, bytes] = field(default_factory=_no_files)
    programs: frozenset[str] = frozenset()
    secret_files: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=_nothing)
    log_environment: bool = True
    ca: bytes | None = None
    fail_fast: bool = False
    windows_aliases: bool = False
