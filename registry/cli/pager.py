"""Long output on a terminal, read a screen at a time.

What a command prints is held until it is longer than the screen; only then a pager is started. `less` gets the options
that git gives it, unless `LESS` says otherwise: colours as they are, and the text left on the screen at the end.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence

_LESS = "FRX"
_NO_PAGER = "cat"


class Pager:
    """Takes the text of a command that people read; `close` has to be called at its end.

    `rows_of` says how many rows of the screen a text takes, of which there are `screen`; `show` prints what fits.
    """

    def __init__(
        self, command: Sequence[str], screen: int, rows_of: Callable[[str], int], show: Callable[[str], None]
    ) -> None:
        self._command = command
        self._screen = screen
        self._rows_of = rows_of
        self._show = show
        self._rows = 0
        self._held: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def write(self, text: str) -> None:
        """Raises BrokenPipeError where the reader has ended the pager, OSError where the terminal takes nothing."""
        if self._process is not None:
            self._hand_on(text)
            return
        self._held.append(text)
        self._rows += self._rows_of(text)
        if self._rows >= self._screen:
            self._start()

    def close(self) -> None:
        """Print what was held, or wait for the reader. Raises as `write`."""
        if self._process is None:
            held, self._held = self._held, []
            self._show("".join(held))
            return
        # Whoever presses Ctrl-C there means the pager.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.communicate()
        finally:
            signal.signal(signal.SIGINT, before)

    def _start(self) -> None:
        environment = {"LESS": _LESS, **os.environ}
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, text=True, errors="replace", env=environment
            )
        except OSError:
            return  # without it, everything is printed in the end
        held, self._held = self._held, []
        self._hand_on("".join(held))

    def _hand_on(self, text: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()


def pager_command(environ: Mapping[str, str], *, height_known: bool) -> list[str] | None:
    """The command of the pager that is wanted here: that of PAGER, else `less` where the terminal says how high it is.
    None where there is none, or PAGER is empty or `cat`."""
    if environ.get("TERM") == "dumb":
        return None
    wanted = environ.get("PAGER")
    if wanted is None:
        return ["less"] if height_known and shutil.which("less") else None
    try:
        command = shlex.split(wanted)
    except ValueError:
        return None
    return command if command and command[0] != _NO_PAGER and shutil.which(command[0]) else None
