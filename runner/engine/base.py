"""The engine port: the contract between the runner and whatever executes containers.

Call order for one action::

    engine.ensure_image(image)          once per image and run; everything else needs it
    container = engine.prepare(spec)    created, attached, started; it waits for its payload
    container.deliver(payload)          exactly once
    for stream, chunk in container.output(): ...
    exit = container.wait()
    container.fetch(path)               any number of times, after the exit
    container.remove()                  always, in `finally`

Rules for every implementation, checked by one contract suite against the fake and the real one:

- An engine may be used from many threads; a container from one, except `stop` and `remove`, which any thread
  may call at any time, as it may `disk_usage`.
- `prepare` either returns a waiting container or raises and leaves nothing behind.
- A prepared container whose client dies, by `kill -9` even, ends by itself: its stdin reaches its end.
- A payload that ran is a result, whatever its exit code; only an engine that breaks raises, `EngineError`.
- `stop` and `remove` are idempotent and raise nothing when the container is gone already.
- Nothing secret goes into a spec: what is in it shows in `inspect` and in process lists. Secrets travel in
  the payload only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

from registry.errors import NotFound, Unavailable, UserError
from runner.engine.payload import Payload

HOME_LABEL = "treadle.home"
RUN_LABEL = "treadle.run"
ACTION_LABEL = "treadle.action"

KILLED = 128 + 9
"""The exit code of what ended by SIGKILL."""


class EngineError(Unavailable):
    """The engine does not answer, or broke in the middle of something it had promised."""


class ImageNotFound(NotFound):
    """The image is neither there nor to be had: a mistake of the user's, exit code 2."""


class ContainerRefused(UserError):
    """The engine refuses the container as described (no such network or user, no shell in the image ...)."""


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine is. `host` None means the engine of the current Docker context.

    `tls` maps `ca`, `cert`, `key` to file paths. No secret is part of it.
    """

    host: str | None = None
    tls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """`rootless` engines ignore memory limits silently: the caller tells the user. `storage`: the storage driver."""

    name: str
    version: str
    rootless: bool = False
    storage: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """`environment` is the image's own: what `#{env:NAME}` reads. `digest` is None for local builds."""

    reference: str
    id: str
    digest: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """Sizes in bytes, `cpus` in cores; `private_size` is the secrets' tmpfs, `tmp_size` that of /tmp.

    `disk` is watched by whoever runs the action (`Container.disk_usage`): few storage drivers can set a limit.
    """

    memory: int = 2 * 1024**3
    cpus: float = 2.0
    pids: int = 1024
    private_size: int = 64 * 1024**2
    tmp_size: int = 512 * 1024**2
    disk: int = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One action's container. The defaults are the default isolation.

    `user` None: the image's own. `network`: `bridge`, `none`, `host` or a named network of the engine; when
    `namespace` holds the id of a namespace holder, the container joins that instead. `volumes` maps named
    volumes, or absolute host paths, to absolute container paths; the engine never removes them.
    `capabilities` are added back after all were dropped. `ahead_command` is what to start before the payload comes, see
    `receiver.sh`; nothing in it may be secret. `stop_signal` is what `stop` sends first.
    """

    image: str
    labels: Mapping[str, str]
    user: str | None = None
    network: str = "bridge"
    namespace: str | None = None
    limits: ContainerLimits = ContainerLimits()
    read_only: bool = False
    capabilities: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    volumes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ahead_command: tuple[str, ...] = ()
    stop_signal: str = "SIGTERM"


@dataclass(frozen=True, slots=True)
class Exit:
    """How the payload ended: its status (128+n for a signal), and whether the memory limit killed it."""

    code: int
    out_of_memory: bool = False


def refuse_oversized(payload: Payload, limits: ContainerLimits) -> None:
    """Raises ContainerRefused when the payload does not fit into the tmpfs that takes its secrets."""
    if payload.private_size > limits.private_size:
        raise ContainerRefused(
            "payload-too-large",
            f"The action's script and variables take {payload.private_size:,} bytes; "
            f"{limits.private_size:,} are allowed.",
            hint="Pass large contents as files or packages, not as variables.",
        )


class Container(Protocol):
    """A container that waits for its payload, runs it once, and is removed."""

    @property
    def id(self) -> str: ...

    def deliver(self, payload: Payload) -> None:
        """Hand over the payload; the container runs its start file. Raises ContainerRefused, EngineError."""

    def output(self, drain_timeout: float = 10.0) -> Iterator[tuple[Stream, bytes]]:
        """Chunks as they come, of any size and cut anywhere, until both streams are closed.

        A background child may hold the streams open after the payload's own process has ended: the container
        then lives on, and so does the output. Once the container itself is gone the rest of the output has
        `drain_timeout` seconds to arrive. Raises EngineError when the connection is lost while the container
        goes on. A slow reader only makes the payload wait.
        """

    def wait(self, timeout: float | None = None) -> Exit:
        """Block until the container has exited. Raises TimeoutError after `timeout` seconds, EngineError."""

    def stop(self, grace: float = 10.0) -> None:
        """End the payload: SIGTERM, or the signal of its spec, then SIGKILL after `grace` seconds."""

    def fetch(self, path: str) -> Iterator[bytes]:
        """A tar stream of the file or folder at the absolute `path`. Raises FileNotFoundError, EngineError.

        Works after the exit, for anything not on a tmpfs.
        """

    def disk_usage(self) -> int:
        """Bytes written to the container's own file system so far; volumes and tmpfs do not count. Raises EngineError.

        From any thread; 0 for a container that is gone. It takes the engine a look at every file that was written.
        """

    def remove(self) -> None:
        """Remove the container and its anonymous volumes."""


class Namespace(Protocol):
    """A network that the containers of one run and target share; it holds nothing else."""

    @property
    def id(self) -> str: ...

    def remove(self) -> None:
        """Give the network up."""


class Engine(Protocol):
    """An engine at one endpoint."""

    def check(self) -> EngineInfo:
        """Raises EngineError, with what to do about it, when the engine does not answer."""

    def ensure_image(self, reference: str, on_progress: Callable[[str], None] | None = None) -> Image:
        """The image, pulled if need be; a missing worker image of ours is built. Raises ImageNotFound."""

    def hold_namespace(self, image: str, network: str, labels: Mapping[str, str]) -> Namespace:
        """Start a namespace holder on `network`, from any image with a shell that is there already.

        It ends by itself when its client dies. Raises ImageNotFound, ContainerRefused.
        """

    def prepare(self, spec: ContainerSpec) -> Container:
        """A started container that waits for its payload. Raises ImageNotFound, ContainerRefused."""

    def sweep(self, home: str, is_live: Callable[[str], bool]) -> Iterable[str]:
        """Remove everything labelled with `home` whose run is not live; return the run ids removed from."""

    def close(self) -> None:
        """Release connections. Containers are not touched."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
