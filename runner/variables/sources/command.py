"""`from: {cmd: COMMAND}`: what a command prints, without the line end at its end.

The command is a list of words, or a text that is split into words as a shell would; no shell runs it unless
`shell: true` asks for one. It gets no input, starts in the project's folder, and has `timeout` seconds (30).
"""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress

from registry.errors import Invalid, NotFound
from registry.text.numbers import read_seconds
from registry.text.visible import visible_line
from runner.project import VariableSource
from runner.variables.keys import KEY_VARIABLE
from runner.variables.sources.kind import Complaint, Reading, SourceKind
from runner.variables.value_file import MAX_VALUE_BYTES, value_text

TIMEOUT = 30.0
MAX_TIMEOUT = 3600.0
"""Both in seconds."""

_CHUNK = 65536
_SHELL = "/bin/sh"
_MAX_SAID = 200
_RUN_IT = "Run it by hand in the project's folder to see why."


def _words(source: VariableSource) -> list[str]:
    """Raises ValueError for a text that no shell could split."""
    if not isinstance(source.setting, str):
        return list(source.setting)
    return [_SHELL, "-c", source.setting] if source.option("shell") else shlex.split(source.setting)


def _seconds(source: VariableSource) -> float:
    written = source.option("timeout")
    return TIMEOUT if written is None else read_seconds(written)


def _shown(source: VariableSource) -> str:
    return source.setting if isinstance(source.setting, str) else shlex.join(source.setting)


def _label(source: VariableSource) -> str:
    return f"command {_shown(source)}"


def _complaints(source: VariableSource) -> Iterator[Complaint]:
    if source.option("shell") and not isinstance(source.setting, str):
        yield Complaint(
            "source-option", "`shell` needs the command as one text", "Write cmd: '...'.", "shell"
        )
        return
    if not 0 < _seconds(source) <= MAX_TIMEOUT:
        message = f"`timeout` is {source.option('timeout')}, but it must be more than 0 and at most an hour"
        yield Complaint("source-option", message, "Write timeout: 30s.", "timeout")
    try:
        words = _words(source)
    except ValueError as error:
        message = f'"{_shown(source)}" cannot be split into words: {error}'
        yield Complaint("source-command", message, "Close the quote, or write a list of words.", "cmd")
        return
    if not words or not words[0].strip():
        yield Complaint("source-command", "the command is empty", "Write a program and its arguments.", "cmd")


def _read(source: VariableSource, reading: Reading) -> str:
    what = f'the command "{_shown(source)}"'
    # Keys are not theirs to see: a command may hand its environment on.
    environ = {name: value for name, value in reading.environ.items() if name != KEY_VARIABLE}
    try:
        process = subprocess.Popen(
            _words(source),
            cwd=reading.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
    except OSError as error:
        message = f"{what} cannot be started: {error.strerror}"
        raise NotFound("variable-command", message, "Install it, or correct its name.") from None
    seconds = _seconds(source)
    ends = time.monotonic() + seconds
    with process:
        try:
            output, said = _outputs(process, ends)
            status = process.wait(max(0.0, ends - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            message = f"{what} did not end within {seconds:g} s"
            raise NotFound(
                "variable-command", message, "Give it more with timeout:, or make it faster."
            ) from None
        finally:
            _end(process)
    if len(output) > MAX_VALUE_BYTES:
        raise Invalid(
            "variable-command",
            f"{what} prints more than {MAX_VALUE_BYTES:,} bytes",
            "Make it print the value alone.",
        )
    if status != 0:
        raise NotFound(
            "variable-command", f"{what} failed with exit code {status}{_said(said, reading)}", _RUN_IT
        )
    return value_text(output, f"the output of {what}", "variable-command")


def _outputs(process: subprocess.Popen[bytes], ends: float) -> tuple[bytes, bytes]:
    """All of both outputs; of one that is too long, the beginning. Raises TimeoutError."""
    assert process.stdout is not None
    assert process.stderr is not None
    found = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as selector:
        for stream in found:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, ends - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif len(found[key.fileobj]) <= MAX_VALUE_BYTES:  # type: ignore[index]
                    found[key.fileobj] += chunk  # type: ignore[index]
            if len(found[process.stdout]) > MAX_VALUE_BYTES:
                _end(process)
                break
    return bytes(found[process.stdout]), bytes(found[process.stderr])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _said(said: bytes, reading: Reading) -> str:
    """The last line of what it complained, unless that may hold the secret."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    if reading.sensitive or not lines:
        return ""
    return f": {visible_line(lines[-1])[:_MAX_SAID]}"


COMMAND = SourceKind(
    "cmd", _label, _read, options=frozenset({"shell", "timeout"}), complaints=_complaints, deferred=True
)
