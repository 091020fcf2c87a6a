"""Commands on a terminal, as a person sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TREADLE = str(Path(sys.executable).with_name("treadle"))


def on_terminal(
    command: str, folder: Path, columns: int = 80, environment: Mapping[str, str] | None = None
) -> str:
    """What a terminal gets from a shell command."""
    surroundings = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", **(environment or {})}
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    return done.stdout.replace("\r\n", "\n")
