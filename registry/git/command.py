"""Running git.

Reading ignores every configuration, so that nothing but the objects decides the result. Talking to a remote,
committing, and judging a work tree use the user's. Hooks never run, transports that start programs are off, git
never asks.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from registry.errors import Unavailable
from registry.git.credentials import Credentials, without_secrets

LOCAL_TIMEOUT = 120.0

_KEPT_VARIABLES = re.compile(
    r"GIT_(AUTHOR|COMMITTER|SSH|SSL|PROXY|HTTP|ASKPASS|EXEC_PATH|CEILING_DIRECTORIES"
    r"|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_|VALUE_|PARAMETERS))"
)
# How CI services hand over settings, without a file.
_SETTINGS_VARIABLES = re.compile(r"GIT_CONFIG_(COUNT|KEY_|VALUE_|PARAMETERS)")
_PROTOCOLS = ("file", "git", "http", "https", "ssh")
SAFE_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "submodule.recurse=false",
    "safe.bareRepository=all",  # ours are named, never come upon
)
_REMOTE_SETTINGS = ("http.lowSpeedLimit=1000", "http.lowSpeedTime=30")


class GitFailedError(Unavailable):
    """git ended with an error. Callers that know what it means turn it into something better."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        self.stderr = stderr
        message = f"git {arguments[0] if arguments else ''} failed: {self.reason}"
        super().__init__(
            "git-failed", message, hint="If a repository is damaged, this finds it: `treadle verify`."
        )

    @property
    def reason(self) -> str:
        """The line of git's answer that says most, without its prefix; with the next when it ends in a colon.

        Addresses in it are without credentials: the user's own settings may have some.
        """
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()] or ["no reason given"]
        place = next((place for place, line in enumerate(lines) if line.startswith(("fatal:", "error:"))), -1)
        best = re.sub(r"^(fatal|error): ", "", lines[place])
        more = f" {lines[place + 1]}" if best.endswith(":") and place + 1 < len(lines) else ""
        return without_secrets(best + more)


class OwnedByAnotherError(Unavailable):
    """git does not read a repository that belongs to somebody else, unless the user calls it safe."""

    def __init__(self, stderr: str) -> None:
        words = re.sub(r"^(fatal|error): ", "", stderr.strip().splitlines()[0])
        folder = re.search(r"at '(.*)'", words)
        super().__init__(
            "repository-owner",
            words,
            hint="If you trust it, run `git config --global --add safe.directory "
            + (f"'{folder[1]}'" if folder else "FOLDER")
            + "`.",
        )


def dropped_variables() -> list[str]:
    """The variables of git's own that do not count here: a hook's `GIT_DIR`, say, means another repository."""
    return [name for name in os.environ if name.startswith("GIT_") and not _KEPT_VARIABLES.match(name)]


def environment_of(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a git that works as the user set it up."""
    dropped = set(dropped_variables())
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    fixed = {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(_PROTOCOLS),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    return {**kept, **fixed, **(extra or {})}


def reading_environment() -> dict[str, str]:
    """The environment of a git that nobody's configuration counts for."""
    known = environment_of({"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"})
    return {name: value for name, value in known.items() if not _SETTINGS_VARIABLES.match(name)}


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
        raise git_missing() from error
    except subprocess.TimeoutExpired as error:
        raise GitFailedError(arguments, f"fatal: no answer within {timeout:.0f} seconds") from error
    if done.returncode != 0:
        raise failure(arguments, done.stderr.decode(errors="replace"))
    return done.stdout


def failure(arguments: Sequence[str], stderr: str) -> Unavailable:
    """What git's answer means."""
    refused = next((line for line in stderr.splitlines() if "dubious ownership" in line), None)
    return GitFailedError(arguments, stderr) if refused is None else OwnedByAnotherError(refused)


def safe_directories() -> list[str]:
    """The folders that the user calls safe whoever owns them, in the order of git's settings."""
    try:
        told = run(["config", "-z", "--get-all", "safe.directory"], folder=Path("/"))
    except GitFailedError:
        return []
    return told.decode(errors="surrogateescape").split("\0")[:-1]


def git_missing() -> Unavailable:
    return Unavailable("git-missing", "git is not installed", hint="Install git 2.31 or newer.")


def version() -> str:
    """git's own version, such as `2.39.5`. Raises Unavailable where git is missing."""
    return run(["version"]).decode().split()[2]


# --- other repositories


def run_with_remote(
    arguments: Sequence[str], credentials: Credentials | None, folder: Path | None, timeout: float
) -> bytes:
    """Run a git that talks to another repository. Raises as `run`."""
    settings, extra = remote_options(credentials, folder)
    return run(
        arguments, folder=folder, settings=settings, environment=environment_of(extra), timeout=timeout
    )


def remote_options(
    credentials: Credentials | None, folder: Path | None
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Settings and variables of a git that talks to another repository."""
    told = _remote_settings(folder)
    extra = {"GIT_ALLOW_PROTOCOL": ":".join(_allowed_protocols(told))}
    if not ("core.sshcommand" in told or "GIT_SSH_COMMAND" in os.environ or "GIT_SSH" in os.environ):
        # An ssh that doesn't ask and doesn't wait for ever, unless the user chose one.
        extra["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes -oConnectTimeout=15"
    if credentials is None:
        return _REMOTE_SETTINGS, extra
    return (*_REMOTE_SETTINGS, *credentials.settings()), {**extra, **credentials.environment()}


def _remote_settings(folder: Path | None) -> dict[str, str]:
    """The user's settings for ssh and protocols, by key."""
    try:
        told = run(["config", "-z", "--get-regexp", r"^(core\.sshcommand|protocol\..*)$"], folder=folder)
    except GitFailedError:
        return {}
    pairs = (item.partition("\n") for item in told.decode(errors="replace").split("\0") if item)
    return {key: value for key, _, value in pairs}


def _allowed_protocols(told: Mapping[str, str]) -> list[str]:
    """Those of our protocols that the user allows, as git reads it: the variable, else the settings."""
    chosen = os.environ.get("GIT_ALLOW_PROTOCOL")
    if chosen is not None:
        return [name for name in _PROTOCOLS if name in chosen.split(":")]
    general = told.get("protocol.allow", "always")
    return [name for name in _PROTOCOLS if told.get(f"protocol.{name}.allow", general) != "never"]


# --- texts


def merge_texts(base: bytes, ours: bytes, theirs: bytes, names: tuple[str, str, str]) -> tuple[bytes, bool]:
    """Both changes in one text, and whether that was possible: where not, git's conflict markers are in it, or,
    for what is not text, it is ours.

    `names` label our text, the base and theirs in the markers.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="treadle-merge-") as folder:
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            Path(folder, name).write_bytes(content)
        labels = [part for name in names for part in ("-L", name)]
        arguments = ["merge-file", "-q", "--diff3", *labels, "ours", "base", "theirs"]
        try:
            run(arguments, folder=Path(folder), environment=reading_environment())
        except GitFailedError:
            return Path(folder, "ours").read_bytes(), False
        return Path(folder, "ours").read_bytes(), True
