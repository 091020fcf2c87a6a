"""The keys that seal values: one or several, from the environment or from a file that only its owner can read.

`TREADLE_KEY` holds keys, `TREADLE_KEY_FILE` names a file of them; else they lie beside the user's settings
(`Home.key_file`). Keys stand one a line (in a variable, blanks separate them too); the first one seals, all of them
open. A key never lies where git could take it along.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Conflict, Invalid, NotFound, Unavailable, Untrusted
from registry.home import Home, exclusive, make_folder, real_path
from runner.variables.sealing import SealingKey

KEY_VARIABLE = "TREADLE_KEY"
KEY_FILE_VARIABLE = "TREADLE_KEY_FILE"

_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys there are, the current one first; `origin` says where they come from, `file` is None for a variable."""

    keys: tuple[SealingKey, ...]
    origin: str
    file: Path | None = None

    def __iter__(self) -> Iterator[SealingKey]:
        return iter(self.keys)

    @property
    def current(self) -> SealingKey:
        """The key that seals. Raises NotFound where there is none."""
        if not self.keys:
            raise NotFound("no-key", f"there is no key in {self.origin}", "Make one: `treadle vars key new`.")
        return self.keys[0]


def read_keys(home: Home, environ: Mapping[str, str]) -> KeyRing:
    """The keys that hold here; none where there is no file of them.

    Raises Invalid for what holds something else than keys; Untrusted for a file that others can read.
    """
    if environ.get(KEY_VARIABLE, "").strip():
        origin = f"the environment variable {KEY_VARIABLE}"
        return KeyRing(_parsed(environ[KEY_VARIABLE].split(), origin), origin)
    path = key_file(home, environ)
    origin = f'"{path}"'
    try:
        with path.open("rb") as file:
            _refuse_shared(path, os.fstat(file.fileno()).st_mode)
            data = file.read(_MAX_BYTES)
    except FileNotFoundError:
        return KeyRing((), origin, path)
    except OSError as error:
        raise Invalid("key-unreadable", f"{origin} cannot be read: {error.strerror}") from None
    lines = (line.partition("#")[0].strip() for line in data.decode("utf-8", "replace").splitlines())
    return KeyRing(_parsed([line for line in lines if line], origin), origin, path)


def key_file(home: Home, environ: Mapping[str, str]) -> Path:
    """Where the keys lie, or would lie."""
    named = environ.get(KEY_FILE_VARIABLE)
    return Path(named).expanduser().absolute() if named else home.key_file


def add_key(home: Home, environ: Mapping[str, str], key: SealingKey | None = None) -> KeyRing:
    """Write a key, by default a new one, before those of the key file, made where it is missing; the keys after that.

    Raises Unavailable where it cannot be written; as `check_place` and `read_keys`.
    """
    check_place(home, environ)
    path = key_file(home, environ)
    with exclusive(home.lock_file("keys"), "write keys"):
        present = read_keys(home, environ)
        made = key or SealingKey.new()
        keys = (made, *(other for other in present if other.id != made.id))
        _write(path, keys)
    return KeyRing(keys, present.origin, path)


def check_place(home: Home, environ: Mapping[str, str]) -> str:
    """Where a key would be written, for people. Raises Conflict where the keys are in the environment, which no command
    can change; Untrusted where the file would lie in a git work tree."""
    if environ.get(KEY_VARIABLE, "").strip():
        message = f"the keys are in the environment variable {KEY_VARIABLE}, which Treadle cannot change"
        raise Conflict("key-in-environment", message, f"Unset it, or name a file: {KEY_FILE_VARIABLE}=PATH.")
    path = key_file(home, environ)
    _refuse_in_git(path)
    return f'"{path}"'


def ensure_key(home: Home, environ: Mapping[str, str]) -> SealingKey:
    """The key that seals, made at first use. Raises as `add_key`."""
    ring = read_keys(home, environ)
    return ring.current if ring.keys else add_key(home, environ).current


def _parsed(words: list[str], origin: str) -> tuple[SealingKey, ...]:
    keys: dict[str, SealingKey] = {}
    for number, word in enumerate(words, 1):
        try:
            key = SealingKey.parse(word)
        except ValueError:
            message = f"{origin} holds something that is not a key (number {number})"
            raise Invalid(
                "key-invalid", message, "Expected keys as treadle vars key new writes them."
            ) from None
        keys.setdefault(key.id, key)
    return tuple(keys.values())


def _refuse_shared(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode) and mode & 0o077:
        message = f'the key file "{path}" has mode {stat.S_IMODE(mode):04o}: others can read or change it'
        raise Untrusted("key-file-mode", message, f"Make it yours alone with `chmod 600 {path}`.")


def _refuse_in_git(path: Path) -> None:
    """A work tree is there to be shared, and nobody looks at each file of a commit."""
    folder = next((folder for folder in real_path(path).parents if (folder / ".git").exists()), None)
    if folder is not None:
        message = f'the key file "{path}" would lie in the git work tree "{folder}"'
        raise Untrusted("key-in-git", message, f"Name another place: {KEY_FILE_VARIABLE}=PATH.")


def _write(path: Path, keys: tuple[SealingKey, ...]) -> None:
    """Private from its first moment: the draft is made with mode 0600."""
    import secrets

    text = "# Keys of Treadle: the first one seals, all of them open. Keep this file out of git.\n"
    text += "".join(f"{key.text}\n" for key in keys)
    target = real_path(path)
    make_folder(target.parent)
    draft = target.parent / f".treadle-{secrets.token_hex(8)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Unavailable("not-written", f'cannot write "{path}": {error.strerror}') from error
