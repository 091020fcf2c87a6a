"""The sh bootstrap: what `helpers.sh` needs beside itself."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from runner.bootstrap.dictionary import modules
from runner.bootstrap.language import Language, shown_file, unix_text
from runner.bootstrap.request import ScriptRequest
from runner.engine.payload import PRIVATE_DIR, WORK_DIR, PayloadFile

_MAIN = f"{PRIVATE_DIR}/bootstrap.sh"


def _files(request: ScriptRequest, variables: Mapping[str, str]) -> list[PayloadFile]:
    main = [_helpers()]
    if request.log_environment:
        main.append("treadle_log_environment")
    # A call, so that redirections and the like in the parameters act as they do in Bash; `.` itself takes none.
    main += [
        f"treadle_run() {{ . {WORK_DIR}/Script.sh; }}",
        *(["set -e"] if request.fail_fast else []),
        f"treadle_run {unix_text(request.parameters or '')}\n",
    ]
    return [
        *(shown_file(f"{module.name}.sh", unix_text(module.source)) for module in modules(variables, "sh")),
        shown_file("Script.sh", unix_text(request.body)),
        PayloadFile(f"{PRIVATE_DIR}/variables", _lookup(variables).encode()),
        PayloadFile(_MAIN, "\n".join(main).encode("utf-8", "replace")),
    ]


LANGUAGE = Language(command=("sh", _MAIN), files=_files)


def _lookup(variables: Mapping[str, str]) -> str:
    """A command that prints the value of the variable named by `$1`: no shell variable ever holds one."""
    cases = [
        f"{shlex.quote(name)}) command printf %s {shlex.quote(value)} ;;" for name, value in variables.items()
    ]
    return "\n".join(["case $1 in", *cases, "*) command echo ;;", "esac", ""]).replace("\0", "")


@cache
def _helpers() -> str:
    return Path(__file__).with_name("helpers.sh").read_text(encoding="utf-8")
