"""Content from a file that somebody names: a regular file or a pipe, with a limit and an end."""

from __future__ import annotations

import os
import select
import stat
import time
from pathlib import Path

from registry.errors import Invalid, NotFound

MAX_VALUE_BYTES = 1024 * 1024

_WAIT_FOR_WRITER = 3.0
"""Seconds in which somebody has to open the other end of a pipe."""

_WAIT_FOR_END = 60.0
"""Seconds in which a pipe has to come to its end."""


def read_value_file(path: Path) -> str:
    """The text in `path`, without one line end at its end. Raises NotFound, Invalid."""
    try:
        data = read_limited(path, MAX_VALUE_BYTES)
    except FileNotFoundError:
        raise NotFound("variable-file", f'there is no file "{path}"') from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Invalid("variable-file", f'"{path}" cannot be read: {reason}') from None
    return value_text(data, f'"{path}"')


def read_limited(path: Path, most: int, code: str = "variable-file") -> bytes:
    """The bytes in `path`; of a file with more than `most`, one more than that.

    Raises OSError, ValueError for a path that cannot be one, and Invalid, with that code, for what has no end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        return _content(descriptor, path, most, code)
    finally:
        os.close(descriptor)


def value_text(data: bytes, what: str, code: str = "variable-file") -> str:
    """Bytes from outside as a value, without one line end at its end. Raises Invalid, with that code."""
    if len(data) > MAX_VALUE_BYTES:
        raise Invalid(code, f"{what} holds more than {MAX_VALUE_BYTES:,} bytes")
    try:
        return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Invalid(code, f"{what} is not UTF-8 text") from None


def _content(descriptor: int, path: Path, most: int, code: str) -> bytes:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most + 1)
    if stat.S_ISFIFO(mode):
        return _from_pipe(descriptor, path, most, code)
    raise Invalid(code, f'"{path}" is neither a file nor a pipe')


def _from_pipe(descriptor: int, path: Path, most: int, code: str) -> bytes:
    data, started, has_writer = b"", time.monotonic(), False
    watch = select.poll()
    watch.register(descriptor, select.POLLIN)
    while len(data) <= most:
        ready = watch.poll(100)
        try:
            part = os.read(descriptor, 65536)
        except BlockingIOError:
            has_writer = True
        else:
            if not part and ready:
                return data
            data, has_writer = data + part, has_writer or bool(part)
        waited = time.monotonic() - started
        if waited > (_WAIT_FOR_END if has_writer else _WAIT_FOR_WRITER):
            what = (
                f"did not end within {_WAIT_FOR_END:.0f} seconds"
                if has_writer
                else "has nobody who writes to it"
            )
            raise Invalid(code, f'"{path}" {what}', hint="Start its writer first, or name a file.")
    return data
