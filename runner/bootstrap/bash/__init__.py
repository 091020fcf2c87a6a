"""The Bash bootstrap: what `helpers.sh` needs beside itself."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from runner.bootstrap.dictionary import modules, without_machinery
from runner.bootstrap.language import (
    VARIABLES_DIR,
    Language,
    shown_file,
    unix_text,
)
from runner.bootstrap.request import ScriptRequest
from runner.engine.payload import PRIVATE_DIR, WORK_DIR, PayloadFile

_MAIN = f"{PRIVATE_DIR}/bootstrap.sh"
_ARRAY = "octopus_parameters"

_BUCKET_SIZE = 12
_BUCKET_NUMBERS = (1, 5, 13, 29, 67, 131, 257)
"""Primes: the hash is a number in base 63, and must not share a factor with what it is divided by."""

_LARGE = 4096
"""Characters from which a value gets a file of its own, so that reading its neighbours stays fast."""


def _files(request: ScriptRequest, variables: Mapping[str, str]) -> list[PayloadFile]:
    body = unix_text(request.body)
    buckets = max(
        number for number in _BUCKET_NUMBERS if number == 1 or number * _BUCKET_SIZE <= len(variables)
    )
    files = [PayloadFile(f"{VARIABLES_DIR}/", mode=0o700), *_variable_files(variables, buckets)]
    files += [
        shown_file(f"{module.name}.sh", unix_text(module.source)) for module in modules(variables, "Bash")
    ]
    files.append(shown_file("Script.sh", body))
    main = [_helpers(), f"__treadle_buckets={buckets}"]
    if request.log_environment:
        main.append("__treadle_log_environment")
    if _ARRAY in body:
        main.append(_array(variables))
    if request.fail_fast:
        main.append("set -e -o pipefail")
    main.append(f"source {WORK_DIR}/Script.sh {unix_text(request.parameters or '')}\n")
    files.append(PayloadFile(_MAIN, "\n".join(main).encode("utf-8", "replace")))
    return files


LANGUAGE = Language(command=("bash", _MAIN), files=_files)


def bucket_of(name: str, buckets: int) -> int:
    """Which file holds the variable: `__treadle_get` in helpers.sh computes the same."""
    letters = "".join(letter for letter in name if letter.isascii() and letter.isalnum())
    total = 0
    for start in range(0, len(letters), 10):
        total = (total * 31 + _base_63(letters[start : start + 10])) & 0x1FFFFFFFFFFFFFF
    return total % buckets


def _base_63(letters: str) -> int:
    """Bash's `63#letters`: digits, then lower case, then upper case."""
    number = 0
    for letter in letters:
        if letter.isdigit():
            digit = ord(letter) - ord("0")
        elif letter.islower():
            digit = ord(letter) - ord("a") + 10
        else:
            digit = ord(letter) - ord("A") + 36
        number = number * 63 + digit
    return number


def _variable_files(variables: Mapping[str, str], buckets: int) -> Iterator[PayloadFile]:
    """The buckets: for each variable its name, then `=value` or `@` with the name of the value's own file.

    Each of these ends in NUL. Bash can hold no NUL, so those of a value are left out.
    """
    rows: defaultdict[int, list[str]] = defaultdict(list)
    for number, (name, value) in enumerate(variables.items()):
        text = value.replace("\0", "")
        row = f"={text}"
        if len(text) >= _LARGE:
            yield PayloadFile(f"{VARIABLES_DIR}/value-{number}", text.encode())
            row = f"@value-{number}"
        rows[bucket_of(name, buckets)] += [name.replace("\0", ""), row]
    for bucket in range(buckets):
        yield PayloadFile(f"{VARIABLES_DIR}/{bucket}", "".join(f"{row}\0" for row in rows[bucket]).encode())


def _array(variables: Mapping[str, str]) -> str:
    entries = (
        f"[{shlex.quote(name)}]={shlex.quote(value)}"
        for name, value in without_machinery(variables).items()
        if name
    )
    return f"declare -A {_ARRAY}=({' '.join(entries)})"


@cache
def _helpers() -> str:
    return Path(__file__).with_name("helpers.sh").read_text(encoding="utf-8")
