"""The Python bootstrap: what `bootstrap.py` needs beside itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from runner.bootstrap.dictionary import modules
from runner.bootstrap.language import Language, shown_file, unix_text
from runner.bootstrap.python.arguments import split_arguments
from runner.bootstrap.request import ScriptRequest
from runner.engine.payload import PRIVATE_DIR, PayloadFile
from runner.octostache.dotnet.characters import encodable

_MAIN = f"{PRIVATE_DIR}/bootstrap.py"


def _files(request: ScriptRequest, variables: Mapping[str, str]) -> list[PayloadFile]:
    arguments = split_arguments(encodable(request.parameters or ""))
    flags = ["log-environment"] if request.log_environment else []
    texts = [flag for pair in variables.items() for flag in pair]
    return [
        *(
            shown_file(f"{module.name}.py", unix_text(module.source))
            for module in modules(variables, "Python")
        ),
        shown_file("Script.py", unix_text(request.body)),
        PayloadFile(f"{PRIVATE_DIR}/variables", pack(texts)),
        PayloadFile(f"{PRIVATE_DIR}/arguments", pack(arguments)),
        PayloadFile(f"{PRIVATE_DIR}/flags", pack(flags)),
        PayloadFile(_MAIN, _bootstrap()),
    ]


# -u: what a script printed is out, however it ends. UTF-8 on all streams and files whatever the locale.
LANGUAGE = Language(command=("python3", "-u", "-X", "utf8", _MAIN), files=_files)


def pack(texts: list[str]) -> bytes:
    """Texts of any content in a row: a line of their lengths in code points, then the texts."""
    lengths = " ".join(str(len(text)) for text in texts)
    return f"{lengths}\n{''.join(texts)}".encode()


@cache
def _bootstrap() -> bytes:
    return Path(__file__).with_name("bootstrap.py").read_bytes()
