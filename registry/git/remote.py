"""Asking other repositories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.git.command import run_with_remote
from registry.git.credentials import Credentials

_ASK_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class RemoteRefs:
    """What a remote offers: ref name to commit, and the branch its HEAD names (None when it does not say)."""

    refs: Mapping[str, str]
    head: str | None


def remote_refs(url: str, credentials: Credentials | None = None) -> RemoteRefs:
    """Ask a repository, path or bundle which refs it has. Raises GitFailedError."""
    refs: dict[str, str] = {}
    head = None
    listing = run_with_remote(["ls-remote", "--symref", "--", url], credentials, None, _ASK_TIMEOUT)
    for line in listing.decode().splitlines():
        value, _, name = line.partition("\t")
        if value.startswith("ref: "):
            head = value.removeprefix("ref: ") if name == "HEAD" else head
        else:
            refs[name] = value
    return RemoteRefs(refs=refs, head=head)
