"""Asking other repositories."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.git.credentials import Credentials
from registry.git.process import GitFailedError, environment_of, run

_ASK_TIMEOUT = 30.0
_REMOTE_SETTINGS = ("http.lowSpeedLimit=1000", "http.lowSpeedTime=30")


@dataclass(frozen=True, slots=True)
class RemoteRefs:
    """What a remote offers: ref name to commit, and the branch its HEAD names (None when it does not say)."""

    refs: Mapping[str, str]
    head: str | None


def remote_refs(url: str, credentials: Credentials | None = None) -> RemoteRefs:
    """Ask a repository, path or bundle which refs it has. Raises GitFailedError."""
    refs: dict[str, str] = {}
    head = None
    for line in (
        ask(["ls-remote", "--symref", "--", url], credentials, None, _ASK_TIMEOUT).decode().splitlines()
    ):
        value, _, name = line.partition("\t")
        if value.startswith("ref: "):
            head = value.removeprefix("ref: ") if name == "HEAD" else head
        else:
            refs[name] = value
    return RemoteRefs(refs=refs, head=head)


def ask(
    arguments: Sequence[str], credentials: Credentials | None, folder: Path | None, timeout: float
) -> bytes:
    extra = _ssh(folder)
    settings: tuple[str, ...] = _REMOTE_SETTINGS
    if credentials:
        extra |= credentials.environment()
        settings = (*settings, *credentials.settings())
    return run(
        arguments, folder=folder, settings=settings, environment=environment_of(extra), timeout=timeout
    )


def _ssh(folder: Path | None) -> dict[str, str]:
    """An ssh that doesn't ask and doesn't wait for ever, unless the user chose one."""
    if "GIT_SSH_COMMAND" in os.environ or "GIT_SSH" in os.environ:
        return {}
    try:
        run(["config", "--get", "core.sshCommand"], folder=folder)
    except GitFailedError:
        return {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=15"}
    return {}
