"""A container spec in the words of the Docker Engine API. Pure: nothing here talks to an engine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from runner.engine.base import ContainerLimits, ContainerSpec
from runner.engine.payload import PRIVATE_DIR, START_FILE, WORK_DIR

WORK_ROOT = str(Path(WORK_DIR).parent)
"""The parent of WORK_DIR: world-writable, and a volume where the root is read-only."""

CPU_PERIOD = 100_000
HOLDER_LIMITS = ContainerLimits(memory=32 * 1024**2, cpus=1.0, pids=32)
"""Little, yet enough for the runtime itself, which starts inside of them."""

_STOP_ALL = {"TINI_KILL_PROCESS_GROUP": "1"}
"""Has the init process send SIGTERM to the whole group: a shell that waits for a child only takes note of it."""

Config = dict[str, Any]


@cache
def receiver() -> str:
    """The script that waits for the payload, without its comments: it shows in process lists."""
    text = (Path(__file__).with_name("receiver.sh")).read_text(encoding="utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def action_config(spec: ContainerSpec) -> Config:
    """The body of `POST /containers/create` for an action's container."""
    return {
        **_waiting(
            spec.image,
            spec.labels,
            ["/bin/sh", "-c", receiver(), "treadle", WORK_DIR, START_FILE, *spec.ahead_command],
        ),
        "StopSignal": spec.stop_signal,
        "User": spec.user or "",
        "Env": [f"{name}={value}" for name, value in {**spec.environment, **_STOP_ALL}.items()],
        "Volumes": {WORK_ROOT: {}} if spec.read_only else {},
        "HostConfig": {
            **_isolation(spec.limits),
            "CapAdd": list(spec.capabilities),
            "Init": True,
            "Mounts": mounts(spec),
            "NetworkMode": f"container:{spec.namespace}" if spec.namespace else spec.network,
            "ReadonlyRootfs": spec.read_only,
            "Tmpfs": _tmpfs(spec.limits),
        },
    }


def holder_config(image: str, network: str, labels: dict[str, str]) -> Config:
    """The body for a namespace holder: it reads its stdin, which ends when its client does."""
    return {
        **_waiting(image, labels, ["/bin/sh", "-c", "read -r _"]),
        "User": "65534:65534",
        "HostConfig": {
            **_isolation(HOLDER_LIMITS),
            "NetworkMode": network,
            "ReadonlyRootfs": True,
        },
    }


def _waiting(image: str, labels: Any, entrypoint: list[str]) -> Config:
    """What every container of ours has in common: it is attached, and the image has no say in what runs."""
    return {
        "Image": image,
        "Labels": dict(labels),
        "Entrypoint": entrypoint,
        "Cmd": [],
        "WorkingDir": "/",
        "Healthcheck": {"Test": ["NONE"]},
        "StopSignal": "SIGTERM",
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,
    }


def _isolation(limits: ContainerLimits) -> Config:
    return {
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "LogConfig": {"Type": "none"},
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        # Not NanoCpus: the engine refuses more of those than it has processors.
        "CpuPeriod": CPU_PERIOD,
        "CpuQuota": int(limits.cpus * CPU_PERIOD),
        "PidsLimit": limits.pids,
    }


def _tmpfs(limits: ContainerLimits) -> dict[str, str]:
    """Writable for whoever the user is, since a tmpfs can only be given to a numeric one: the modes in the
    payload keep what is in it to that user. Scripts may execute what they put into /tmp."""
    return {
        PRIVATE_DIR: f"rw,nosuid,nodev,noexec,mode=1777,size={limits.private_size}",
        "/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={limits.tmp_size}",  # noqa: S108
    }


def mounts(spec: ContainerSpec) -> list[Config]:
    """What is mounted besides tmpfs."""
    return [_mount(source, path) for source, path in spec.volumes.items()]


def _mount(source: str, path: str) -> Config:
    kind = "bind" if source.startswith("/") else "volume"
    return {"Type": kind, "Source": source, "Target": path}
