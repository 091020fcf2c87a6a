"""An engine in memory, for tests: scriptable, and unforgiving where the contract of the port is broken.

Usage::

    engine = FakeEngine(lambda spec, payload: Script(output=[(Stream.STDOUT, b"hello\\n")], code=3))
    ...
    engine.check_nothing_left()
"""

from __future__ import annotations

import io
import itertools
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath
from types import TracebackType
from typing import Self

from runner.engine.base import (
    HOME_LABEL,
    RUN_LABEL,
    ContainerRefused,
    ContainerSpec,
    EngineError,
    EngineInfo,
    Exit,
    Image,
    ImageNotFound,
    Stream,
    refuse_oversized,
)
from runner.engine.payload import WORK_DIR, Payload
from runner.engine.worker_image import worker_reference

TERMINATED = 128 + 15
USER_ID = 1000
"""uid and gid of every action."""

NETWORKS = ("bridge", "none", "host")


class Misuse(AssertionError):
    """The caller broke the contract of the port."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a payload does. `files` maps absolute paths to contents for `fetch`; `roots_own` are those of them, or
    folders of theirs, that only root may read.

    It takes `seconds`; one that `hangs` goes on until it is stopped. Where `breaks` is set, the engine dies
    after the output. `disk` is what it writes there.
    """

    output: Sequence[tuple[Stream, bytes]] = ()
    code: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)
    roots_own: frozenset[str] = frozenset()
    seconds: float = 0.0
    hangs: bool = False
    breaks: bool = False
    out_of_memory: bool = False
    disk: int = 0


Behaviour = Callable[[ContainerSpec, Payload], Script]


class State(Enum):
    WAITING = "waiting for its payload"
    RUNNING = "running"
    EXITED = "exited"
    REMOVED = "removed"


class FakeContainer:
    """See `runner.engine.base.Container`."""

    def __init__(self, id_: str, spec: ContainerSpec, behaviour: Behaviour) -> None:
        self.spec = spec
        self.state = State.WAITING
        self.payload: Payload | None = None
        self._id = id_
        self._behaviour = behaviour
        self._script = Script()
        self._read = False
        self._code = 0
        self._ends_at = 0.0
        self._changed = threading.Condition()

    @property
    def id(self) -> str:
        return self._id

    def deliver(self, payload: Payload) -> None:
        with self._changed:
            if self.state is State.EXITED:
                raise EngineError("engine-lost", f"Container {self.id} has ended before its payload came.")
            self._expect(State.WAITING, "deliver")
            refuse_oversized(payload, self.spec.limits)
            self.payload = payload
            self._script = self._behaviour(self.spec, payload)
            self._ends_at = time.monotonic() + self._script.seconds
            self.state = State.RUNNING

    def output(self, drain_timeout: float = 10.0) -> Iterator[tuple[Stream, bytes]]:
        if self.state is State.WAITING or self._read:
            raise Misuse(f"output of container {self.id}, which is {self.state.value}")
        self._read = True
        yield from self._script.output
        if self._script.breaks:
            raise EngineError("engine-lost", "The engine is gone.")
        self.wait()

    def wait(self, timeout: float | None = None) -> Exit:
        if self.state is State.WAITING:
            raise Misuse(f"wait for container {self.id}, which nothing was delivered to")
        with self._changed:
            left = None if self._script.hangs else max(0.0, self._ends_at - time.monotonic())
            patience = [seconds for seconds in (left, timeout) if seconds is not None]
            self._changed.wait_for(self._has_ended, min(patience, default=None))
            if not self._script.hangs and time.monotonic() >= self._ends_at:
                self._end(self._script.code)
            if not self._has_ended():
                raise TimeoutError(f"container {self.id} goes on after {timeout} seconds")
            return Exit(self._code, self._script.out_of_memory)

    def stop(self, grace: float = 10.0) -> None:
        with self._changed:
            self._end(TERMINATED)

    def fetch(self, path: str) -> Iterator[bytes]:
        self._expect(State.EXITED, "fetch")
        files = {f"{WORK_DIR}/": b"", **self._script.files}
        folders = {f"{parent}/": b"" for name in files for parent in PurePosixPath(name).parents}
        found = {name: content for name, content in {**folders, **files}.items() if _is_below(name, path)}
        if not found:
            raise FileNotFoundError(path)
        return iter([_archive(path, found, self._script.roots_own)])

    def disk_usage(self) -> int:
        return 0 if self.state is State.REMOVED else self._script.disk

    def remove(self) -> None:
        with self._changed:
            self._end(TERMINATED + 3)
            self.state = State.REMOVED

    def _has_ended(self) -> bool:
        return self.state in (State.EXITED, State.REMOVED)

    def _end(self, code: int) -> None:
        if not self._has_ended():
            self._code = code
            self.state = State.EXITED
            self._changed.notify_all()

    def _expect(self, state: State, what: str) -> None:
        if self.state is not state:
            raise Misuse(f"{what} on container {self.id}, which is {self.state.value}")


@dataclass
class FakeNamespace:
    """See `runner.engine.base.Namespace`."""

    id: str
    labels: Mapping[str, str]
    removed: bool = False

    def remove(self) -> None:
        self.removed = True


class FakeEngine:
    """See `runner.engine.base.Engine`. `containers` and `namespaces` hold everything that was ever made."""

    def __init__(
        self,
        behaviour: Behaviour = lambda _spec, _payload: Script(),
        images: Mapping[str, Mapping[str, str]] | None = None,
        networks: Iterable[str] = NETWORKS,
        answers: bool = True,
    ) -> None:
        """`images` maps the references that are to be had to their environments."""
        self.containers: list[FakeContainer] = []
        self.namespaces: list[FakeNamespace] = []
        self.answers = answers
        self._behaviour = behaviour
        self._images = {worker_reference(): {"LANG": "C.UTF-8"}} if images is None else images
        self._networks = frozenset(networks)
        self._ids = (f"{number:064x}" for number in itertools.count(1))
        self._lock = threading.Lock()

    def check(self) -> EngineInfo:
        self._expect_answer()
        return EngineInfo("fake", "1")

    def ensure_image(self, reference: str, on_progress: Callable[[str], None] | None = None) -> Image:
        (on_progress or _ignore)(f"Looking for {reference}")
        self._expect_answer()
        return Image(reference, f"sha256:{reference}", None, self._environment(reference))

    def hold_namespace(self, image: str, network: str, labels: Mapping[str, str]) -> FakeNamespace:
        self._expect_answer()
        self._environment(image)
        self._expect_network(network)
        with self._lock:
            namespace = FakeNamespace(next(self._ids), labels)
            self.namespaces.append(namespace)
        return namespace

    def prepare(self, spec: ContainerSpec) -> FakeContainer:
        self._expect_answer()
        self._environment(spec.image)
        if spec.namespace is None:
            self._expect_network(spec.network)
        elif spec.namespace not in {held.id for held in self.namespaces if not held.removed}:
            raise EngineError(
                "namespace-gone", "The network namespace that this action was to join has ended."
            )
        with self._lock:
            container = FakeContainer(next(self._ids), spec, self._behaviour)
            self.containers.append(container)
        return container

    def sweep(self, home: str, is_live: Callable[[str], bool]) -> Iterable[str]:
        self._expect_answer()
        swept = set()
        left = [(one.spec.labels, one.remove) for one in self.containers if one.state is not State.REMOVED]
        held = [(one.labels, one.remove) for one in self.namespaces if not one.removed]
        for labels, remove in left + held:
            run = labels.get(RUN_LABEL, "")
            if labels.get(HOME_LABEL) == home and not is_live(run):
                remove()
                swept.add(run)
        return sorted(swept)

    def close(self) -> None:
        """Nothing to release."""

    def left_behind(self) -> list[str]:
        """The containers and namespaces that were not removed."""
        left = [f"{one.id}, {one.state.value}" for one in self.containers if one.state is not State.REMOVED]
        return left + [f"{one.id}, a namespace" for one in self.namespaces if not one.removed]

    def check_nothing_left(self) -> None:
        """Raises Misuse when a container or namespace was not removed."""
        if left := self.left_behind():
            raise Misuse(f"not removed: {'; '.join(left)}")

    def _environment(self, reference: str) -> Mapping[str, str]:
        if reference not in self._images:
            raise ImageNotFound("image-not-found", f'The image "{reference}" is not there.')
        return self._images[reference]

    def _expect_answer(self) -> None:
        if not self.answers:
            raise EngineError("engine-unreachable", "The fake engine does not answer.")

    def _expect_network(self, name: str) -> None:
        if name not in self._networks:
            raise ContainerRefused("no-such-network", f'The engine has no network "{name}".')

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _ignore(_: str) -> None:
    """Nobody watches."""


def _is_below(name: str, path: str) -> bool:
    return name == path or name.startswith(path.rstrip("/") + "/")


def _archive(path: str, files: Mapping[str, bytes], roots_own: frozenset[str]) -> bytes:
    """A tar as an engine sends it: names start with the last part of the path, folders come before their files."""
    parent = len(path.rstrip("/").rpartition("/")[0]) + 1
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name[parent:].rstrip("/"))
            entry.size = len(content)
            private = name.rstrip("/") in roots_own
            entry.uid = entry.gid = 0 if private else USER_ID
            entry.mode = 0o600 if private else 0o644
            if name.endswith("/"):
                entry.type = tarfile.DIRTYPE
                entry.mode |= 0o100 if private else 0o111
            entry.mtime = int(time.time())
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
