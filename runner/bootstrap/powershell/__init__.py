"""The PowerShell bootstrap: what its parts need beside themselves.

`start.sh` becomes PowerShell, which runs `loader.ps1`, before there is a script even; that waits for its turn and runs
the bootstrap, which consists of the other files in the order of `_PARTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from runner.bootstrap.dictionary import ScriptModule, is_module, modules
from runner.bootstrap.language import Language, shown_file
from runner.bootstrap.request import ScriptRequest
from runner.engine.payload import PRIVATE_DIR, WORK_DIR, PayloadFile
from runner.octostache.dotnet.characters import encodable, is_letter_or_digit

_TARGETS = "targets.ps1"
_MENTIONS_TARGETS = re.compile(
    r"octopus\w*(target|account)|(new|remove)-octopus(?!artifact\b)|get-command", re.IGNORECASE
)
_PARTS = ("messages.ps1", "output.ps1", _TARGETS, "prepare.ps1", "run.ps1")
_MAIN = f"{PRIVATE_DIR}/bootstrap.ps1"
_SCRIPT = f"{PRIVATE_DIR}/script"
_READY = f"{PRIVATE_DIR}/ready"
"""What PowerShell reads on descriptor 3 where it wasn't started ahead: its environment is right already."""

# But for TERM, if there is one: start.sh has a use for it.
_NOT_AHEAD = f"""\
[ ! "${{TERM-}}" ] ||
    {{ printf '%010d' "$(($(cat /proc/self/environ | wc -c)))" && cat /proc/self/environ; }} >{_READY}
exec 3<{_READY}"""

_BYTE_ORDER_MARK = "\ufeff"


def _files(request: ScriptRequest, variables: Mapping[str, str]) -> list[PayloadFile]:
    found = list(modules(variables, "PowerShell"))
    texts = [
        _flags(request),
        encodable(request.parameters or ""),
        str(len(found)),
        *(text for module in found for text in (module.title, f"{WORK_DIR}/{module.name}.psm1")),
        *_variables(variables),
    ]
    return [
        *(_source_file(f"{module.name}.psm1", module.source) for module in found),
        _source_file("Script.ps1", request.body),
        PayloadFile(_SCRIPT, pack(texts)),
        PayloadFile(_READY, b"0" * 10),
        PayloadFile(_MAIN, _bootstrap(_may_make_targets(request, found), request.windows_aliases)),
    ]


def _flags(request: ScriptRequest) -> str:
    flags = {"fail-fast": request.fail_fast, "log-environment": request.log_environment}
    return " ".join(flag for flag, is_on in flags.items() if is_on)


def automatic_names(name: str) -> tuple[str, str]:
    """The variables that one of this name may be read as: letters, digits and `_` of it, and without `_` if that
    differs; empty for none. An index has none.
    """
    if "[" in name:
        return "", ""
    kept = "".join(char for char in name if char == "_" or is_letter_or_digit(char))
    bare = kept.replace("_", "")
    return kept, "" if bare == kept else bare


def pack(texts: list[str]) -> bytes:
    """Texts of any content in a row: first a character that is in none of them, which then stands between them."""
    joined = "".join(texts)
    between = next(char for char in map(chr, range(0x10000)) if char not in joined)
    return f"{between}{between.join(texts)}".encode("utf-8", "surrogatepass")


def _variables(variables: Mapping[str, str]) -> Iterator[str]:
    """Name, value and automatic variables of each variable, but of library modules.

    The latter with their scope: a function sets its own otherwise.
    """
    for name, value in variables.items():
        if not is_module(name):
            yield from (name, value)
            yield from (f"global:{automatic}" if automatic else "" for automatic in automatic_names(name))


def _source_file(name: str, text: str) -> PayloadFile:
    """PowerShell takes a file for UTF-8 with or without a mark; other tools of .NET need one. Two break the script."""
    return shown_file(name, _BYTE_ORDER_MARK + text.lstrip(_BYTE_ORDER_MARK))


@cache
def _text(name: str) -> str:
    """A part without its comments and blank lines: shorter to send, and to show in a process list."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))


@cache
def _bootstrap(targets: bool, windows_aliases: bool) -> bytes:
    parts = [part for part in _PARTS if targets or part != _TARGETS]
    if windows_aliases:
        parts.insert(-1, "aliases.ps1")
    return "\n".join(_text(part) for part in parts).encode()


def _may_make_targets(request: ScriptRequest, found: list[ScriptModule]) -> bool:
    """Whether the functions for targets and accounts may be called: few scripts do, and all would have to read them."""
    texts = (request.body, request.parameters or "", *(module.source for module in found))
    has_scripts = any(name.lower().endswith((".ps1", ".psm1")) for name in request.files)
    return has_scripts or any(_MENTIONS_TARGETS.search(text) for text in texts)


def _start(program: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", program, "treadle", "pwsh", _text("loader.ps1"))


LANGUAGE = Language(
    command=_start(f"{_NOT_AHEAD}\n{_text('start.sh')}"),
    files=_files,
    program="pwsh",
    elsewhere="choose one that has, treadle/worker-powershell or mcr.microsoft.com/powershell for example",
    # Where there is none, the start file tells so.
    ahead=_start(f'command -v "$1" >/dev/null || exit 98\n{_text("start.sh")}'),
    taken=_SCRIPT,
    # On SIGTERM it dies at once: on this one `finally` blocks run.
    stop_signal="SIGINT",
)
