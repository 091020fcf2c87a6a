"""What a process file, or a project's defaults, ask of containers: read, and checked before any engine is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from registry.model import Problem
from registry.suggest import did_you_mean
from registry.text.document import problem_at
from registry.text.yaml_document import YamlDocument
from runner.documents.quantities import LARGEST, is_size, read_bytes
from runner.project import ContainerSettings

_CAPABILITIES = """
    AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
    DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN
    MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID
    SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE
    SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM
"""
CAPABILITIES = frozenset(_CAPABILITIES.split())
"""Every capability of Linux: https://man7.org/linux/man-pages/man7/capabilities.7.html"""

ALL_CAPABILITIES = "ALL"

LARGEST_ID = 2**31 - 1
"""The largest uid and gid that container engines take."""

_USER = re.compile(r"(?P<user>[^:]+)(?::(?P<group>[^:]+))?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
_SIZES = ("memory", "tmp", "disk")

KeyPath = tuple[str | int, ...]


def container_rules(
    document: YamlDocument, at: KeyPath, raw: Mapping[str, Any], whose: str
) -> Iterator[Problem]:
    """The problems of the `container` at `at` that a schema cannot tell; it keeps to the schema.

    `whose` begins the messages: `step "Build"`.
    """
    user = raw.get("user")
    if user is not None and not _is_user(str(user)):
        message = f'{whose} runs as the user "{user}", which is neither a name nor an id'
        hint = f"Write a name or a number from 0 to {LARGEST_ID}, with :group if need be."
        yield problem_at(document, (*at, "user"), message, "bad-user", hint)
    for key in _SIZES:
        if not is_size(raw.get(key)):
            message = f'{whose} has "{raw[key]}" as `{key}`, expected more than nothing and at most {LARGEST >> 30}g'
            yield problem_at(
                document, (*at, key), message, "wrong-value", "Write 512m or 2g, or leave it out."
            )
    for index, name in enumerate(raw.get("capabilities", ())):
        if name not in CAPABILITIES and name != ALL_CAPABILITIES:
            message = f'{whose} asks for the capability "{name}", which does not exist'
            hint = did_you_mean(name, sorted(CAPABILITIES)) or "List them with: man 7 capabilities."
            yield problem_at(document, (*at, "capabilities", index), message, "unknown-capability", hint)


def read_container(raw: Mapping[str, Any]) -> ContainerSettings:
    """The settings of a `container` that keeps to the schema and the rules."""
    user = raw.get("user")
    return ContainerSettings(
        image=raw.get("image"),
        user=None if user is None else str(user),
        network=raw.get("network"),
        memory=read_bytes(raw.get("memory")),
        cpus=raw.get("cpus"),
        pids=raw.get("pids"),
        tmp=read_bytes(raw.get("tmp")),
        disk=read_bytes(raw.get("disk")),
        read_only=raw.get("read_only", False),
        capabilities=tuple(raw.get("capabilities", ())),
        shared_network=raw.get("shared_network", True),
        given=frozenset(raw),
    )


def _is_user(text: str) -> bool:
    match = _USER.fullmatch(text)
    return match is not None and all(_is_identity(part) for part in match.groups() if part is not None)


def _is_identity(text: str) -> bool:
    if text.isascii() and text.isdecimal():
        return len(text) <= len(str(LARGEST_ID)) and int(text) <= LARGEST_ID
    return _NAME.fullmatch(text) is not None
