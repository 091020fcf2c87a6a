"""What an action asks of its container beyond the default isolation: for the plan, and for whoever imports one."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from runner.engine.base import ContainerLimits
from runner.project import ContainerSettings, Target

ENGINE_SOCKETS = ("docker.sock", "podman.sock", "containerd.sock")
"""Whoever can write to one of these is root on the engine's machine."""

_SOCKET_FOLDERS = (
    "/run",
    "/run/containerd",
    "/run/docker",
    "/run/podman",
    "/run/user",
    "/var/run",
    "/var",
    "/",
)
_DEFAULT_NETWORKS = ("bridge", "none")
_ROOTS = ("0", "root")


def extras(container: ContainerSettings, target: Target | None = None) -> tuple[str, ...]:
    """What goes beyond the defaults, in a few words each: `network host`, `root`, `SYS_ADMIN`."""
    return tuple(
        dict.fromkeys(
            [
                *_network(container.network_on(target)),
                *_user(container.user),
                *_capabilities(container),
                *_limits(container),
                *(_volumes(target) if target else ()),
            ]
        )
    )


def _network(name: str) -> Iterator[str]:
    if name not in _DEFAULT_NETWORKS:
        yield f"network {name}"


def _user(given: str | None) -> Iterator[str]:
    user, _, group = (given or "").partition(":")
    if _is_root(user):
        yield "root"
    if _is_root(group):
        yield "group root"


def _is_root(identity: str) -> bool:
    """By name or by number, however many zeros that has."""
    return identity in _ROOTS or (identity.isdecimal() and int(identity) == 0)


def _capabilities(container: ContainerSettings) -> Iterator[str]:
    for name in container.capabilities:
        yield "all capabilities" if name == "ALL" else name


def _limits(container: ContainerSettings) -> Iterator[str]:
    default = ContainerLimits()
    if (container.memory or 0) > default.memory:
        yield f"memory {_size(container.memory or 0)}"
    if (container.cpus or 0) > default.cpus:
        yield f"{container.cpus:g} cpus"
    if (container.pids or 0) > default.pids:
        yield f"{container.pids:,} processes"
    if (container.disk or 0) > default.disk:
        yield f"disk {_size(container.disk or 0)}"
    if (container.tmp or 0) > default.tmp_size:
        yield f"/tmp of {_size(container.tmp or 0)}"  # noqa: S108


def _size(count: int) -> str:
    for unit, size in (("g", 1024**3), ("m", 1024**2), ("k", 1024)):
        if count % size == 0:
            return f"{count // size}{unit}"
    return f"{count:,} bytes"


def _volumes(target: Target) -> Iterator[str]:
    for source, path in target.volumes.items():
        yield f"volume {source} at {path}"
        if _holds_engine_socket(source):
            yield "engine socket"


def _holds_engine_socket(source: str) -> bool:
    """Whether a host path is the socket of an engine, or a folder that has one in it."""
    path = posixpath.normpath("/" + source.lstrip("/"))
    return source.startswith("/") and (posixpath.basename(path) in ENGINE_SOCKETS or path in _SOCKET_FOLDERS)
