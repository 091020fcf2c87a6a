"""The payload of a script: its start file, its language's files, and the working directory's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from runner.bootstrap import bash, powershell, python, sh
from runner.bootstrap.dictionary import readable
from runner.bootstrap.language import SHOWN_DIR, Language
from runner.bootstrap.proxy import proxy_settings
from runner.bootstrap.request import ScriptRequest, Syntax
from runner.engine.payload import PRIVATE_DIR, START_FILE, WORK_DIR, Payload, PayloadFile
from runner.octostache.dotnet.characters import encodable

_LANGUAGES: Mapping[Syntax, Language] = {
    Syntax.BASH: bash.LANGUAGE,
    Syntax.POWERSHELL: powershell.LANGUAGE,
    Syntax.PYTHON: python.LANGUAGE,
    Syntax.SH: sh.LANGUAGE,
}
_CA_FILE = f"{PRIVATE_DIR}/ca.pem"
_SECRET_FILES = f"{PRIVATE_DIR}/files"
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def started_ahead(syntax: Syntax) -> tuple[str, ...]:
    """The command that a container for such a script can start before its payload is there; empty for none."""
    return tuple(_LANGUAGES[syntax].ahead)


def stop_signal(syntax: Syntax) -> str:
    """The signal that ends such a script gracefully."""
    return _LANGUAGES[syntax].stop_signal


def build_payload(request: ScriptRequest) -> Payload:
    """Everything the waiting container needs to run the script.

    Raises ValueError for a file outside the working directory or an environment name no shell can export.
    """
    language = _LANGUAGES[request.syntax]
    variables = readable(request.variables)
    files = [PayloadFile(f"{SHOWN_DIR}/", mode=0o700)]
    files += language.files(request, variables)
    files += _work_files(request)
    if request.ca is not None:
        files.append(PayloadFile(_CA_FILE, request.ca, 0o644))
    files.append(PayloadFile(START_FILE, _start(request, variables, language).encode()))
    return Payload(tuple(files))


def _start(request: ScriptRequest, variables: Mapping[str, str], language: Language) -> str:
    environment = {
        **proxy_settings(variables),
        **({"TREADLE_CA": _CA_FILE} if request.ca is not None else {}),
        **request.environment,
    }
    return "\n".join(
        [
            f"stage=${{1-}} stopping=${{2-}} taken={language.taken}",
            f"program={language.program or language.command[0]}",
            f"elsewhere={shlex.quote(language.elsewhere)}",
            _export("OctopusCalamariWorkingDirectory", WORK_DIR),
            '[ "$stage" != ahead ] || before=$(export -p)',
            *(_export(name, value) for name, value in environment.items()),
            f"set -- {shlex.join(language.command)}",
            _start_script(),
        ]
    )


def _export(name: str, value: str) -> str:
    if not _ENVIRONMENT_NAME.fullmatch(name):
        raise ValueError(f'"{name}" is not a name for an environment variable: letters, digits and _ only')
    return f"export {name}={shlex.quote(encodable(value))}"


@cache
def _start_script() -> str:
    return Path(__file__).with_name("start.sh").read_text(encoding="utf-8")


def _work_files(request: ScriptRequest) -> Iterator[PayloadFile]:
    folders: set[str] = set()
    for number, (name, content) in enumerate(request.files.items()):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(f'"{name}" is not a path below the working directory')
        parents = [str(parent) for parent in reversed(path.parents)][1:]
        if name.endswith("/"):
            parents.append(str(path))
        for folder in parents:
            if folder not in folders:
                folders.add(folder)
                yield PayloadFile(f"{WORK_DIR}/{folder}/", mode=0o755)
        if name in request.secret_files:
            hidden = f"{_SECRET_FILES}/{number}-{path.name}"
            yield PayloadFile(hidden, content)
            yield PayloadFile(f"{WORK_DIR}/{path}", link_to=hidden)
        elif not name.endswith("/"):
            mode = 0o755 if name in request.programs else 0o644
            yield PayloadFile(f"{WORK_DIR}/{path}", content, mode)
