"""Running git.

Reading ignores every configuration, so that nothing but the objects decides the result. Talking to a remote,
and committing, use the user's. Hooks never run, transports that start programs are off, git never asks.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from registry.errors import Unavailable

LOCAL_TIMEOUT = 120.0

_KEPT_VARIABLES = re.compile(
    r"GIT_(AUTHOR|COMMITTER|SSH|SSL|PROXY|HTTP|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|ASKPASS|EXEC_PATH)"
)
SAFE_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.file.allow=always",
    "advice.detachedHead=false",
)


class GitFailedError(Unavailable):
    """git ended with an error. Callers that know what it means turn it into something better."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        self.stderr = stderr
        message = f"git {arguments[0] if arguments else ''} failed: {self.reason}"
        super().__init__(
            "git-failed", message, hint="If a repository is damaged, this finds it: treadle verify"
        )

    @property
    def reason(self) -> str:
        """The line of git's answer that says most, without its prefix; with the next when it ends in a colon."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()] or ["no reason given"]
        place = next((place for place, line in enumerate(lines) if line.startswith(("fatal:", "error:"))), -1)
        best = re.sub(r"^(fatal|error): ", "", lines[place])
        return f"{best} {lines[place + 1]}" if best.endswith(":") and place + 1 < len(lines) else best


def environment_of(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or _KEPT_VARIABLES.match(name)
    }
    fixed = {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    return {**kept, **fixed, **(extra or {})}


def reading_environment() -> dict[str, str]:
    return environment_of({"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"})


def run(
    arguments: Sequence[str],
    *,
    folder: Path | None = None,
    settings: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = LOCAL_TIMEOUT,
) -> bytes:
    """Run git and return its stdout. Raises GitFailedError, and Unavailable where git is missing."""
    flags = [part for setting in (*SAFE_SETTINGS, *settings) for part in ("-c", setting)]
    where = ["-C", str(folder)] if folder else []
    try:
        done = subprocess.run(
            ["git", *where, *flags, *arguments],
            input=stdin if stdin is not None else b"",
            capture_output=True,
            env=dict(environment) if environment is not None else environment_of(),
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise Unavailable("git-missing", "git is not installed", hint="Install git 2.31 or newer.") from error
    except subprocess.TimeoutExpired as error:
        raise GitFailedError(arguments, f"fatal: no answer within {timeout:.0f} seconds") from error
    if done.returncode != 0:
        raise GitFailedError(arguments, done.stderr.decode(errors="replace"))
    return done.stdout


def version() -> str:
    """git's own version, such as `2.39.5`. Raises Unavailable where git is missing."""
    return run(["version"]).decode().split()[2]
