"""Containers ahead of time: while one action runs, the containers of the next ones are made and started.

Making a container, its network namespace above all, costs far more than running a small script in it. So the
pool keeps a few containers waiting for their payload, and lets the actions of a run that share a target and a
network join one namespace. Never two actions in one container.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from runner.bootstrap import Syntax, started_ahead, stop_signal
from runner.engine.base import (
    ACTION_LABEL,
    HOME_LABEL,
    RUN_LABEL,
    Container,
    ContainerLimits,
    ContainerSpec,
    Engine,
    Namespace,
)
from runner.plan import PlannedAction
from runner.project import Target

AHEAD = 2
"""More gains nothing on two cores: a container's whole life costs about 120 ms of CPU."""

_SHARING_PAYS_FROM = 3
"""A namespace holder costs about as much as two actions save by joining it."""

NetworkKey = tuple[str | None, str | None, str]
EngineOf = Callable[[Target | None], Engine]


@dataclass(frozen=True, slots=True)
class RunLabels:
    """Which home and run a container belongs to: what the sweep goes by."""

    home: str
    run: str

    def of(self, action: str) -> dict[str, str]:
        return {HOME_LABEL: self.home, RUN_LABEL: self.run, ACTION_LABEL: action}


@dataclass
class _Shared:
    """A namespace that is made at most once, by whoever needs it first."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    namespace: Namespace | None = None


class ContainerPool:
    """Hands out started containers in the order of the plan, and removes them.

    `take`, `remove` and `skip` may be called from any thread; `close` once, at the end.
    """

    def __init__(self, engines: EngineOf, labels: RunLabels, actions: Iterable[PlannedAction]) -> None:
        self._engines = engines
        self._labels = labels
        self._waiting = deque(actions)
        self._forgotten: set[str] = set()
        self._ready: dict[str, Future[Container]] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(max_workers=AHEAD + 2, thread_name_prefix="prepare")
        self._removals: list[Future[None]] = []
        self._given_up: list[Future[Container]] = []
        sharing = Counter(_network_key(action) for action in self._waiting if _may_share(action))
        self._shared = {key: _Shared() for key, n in sharing.items() if n >= _SHARING_PAYS_FROM}
        self._advance()

    def take(self, action: PlannedAction) -> Container:
        """The action's container, waiting for its payload. The caller removes it.

        Raises what `Engine.prepare` raises.
        """
        with self._lock:
            future = self._ready.pop(action.id, None) or self._prepare_now(action)
        self._advance()
        return future.result()

    def skip(self, action: PlannedAction) -> None:
        """The action won't run: give its container up."""
        with self._lock:
            future = self._ready.pop(action.id, None)
            self._forget(action)
        if future is not None:
            self._discard(future)
        self._advance()

    def remove(self, container: Container) -> None:
        """Remove a taken container, in the background; `close` waits for it."""
        with self._lock:
            self._removals.append(self._threads.submit(container.remove))

    def close(self) -> None:
        """Remove everything that is left. Raises EngineError if the engine could not remove something."""
        with self._lock:
            self._waiting.clear()
            unused, self._ready = list(self._ready.values()), {}
        wait([*unused, *self._given_up])  # each may be what makes a namespace
        for future in unused:
            self._discard(future)
        for shared in self._shared.values():
            if shared.namespace is not None:
                self._removals.append(self._threads.submit(shared.namespace.remove))
        self._threads.shutdown(wait=True)
        for removal in self._removals:
            removal.result()

    def _advance(self) -> None:
        with self._lock:
            while self._waiting and len(self._ready) < AHEAD:
                action = self._waiting.popleft()
                if action.id in self._forgotten:
                    continue
                self._ready[action.id] = self._threads.submit(self._prepare, action)

    def _prepare_now(self, action: PlannedAction) -> Future[Container]:
        self._forget(action)
        return self._threads.submit(self._prepare, action)

    def _forget(self, action: PlannedAction) -> None:
        self._forgotten.add(action.id)

    def _discard(self, future: Future[Container]) -> None:
        def remove_when_made() -> None:
            if future.exception() is None:
                future.result().remove()

        with self._lock:
            self._given_up = [one for one in self._given_up if not one.done()]
            self._given_up.append(future)
            self._removals.append(self._threads.submit(remove_when_made))

    def _prepare(self, action: PlannedAction) -> Container:
        engine = self._engines(action.host)
        return engine.prepare(container_spec(action, self._labels, self._namespace(engine, action)))

    def _namespace(self, engine: Engine, action: PlannedAction) -> str | None:
        shared = self._shared.get(_network_key(action)) if _may_share(action) else None
        if shared is None:
            return None
        with shared.lock:
            if shared.namespace is None:
                labels = self._labels.of("namespace")
                shared.namespace = engine.hold_namespace(action.image, _network(action), labels)
            return shared.namespace.id


def _network(action: PlannedAction) -> str:
    return action.container.network_on(action.host)


def _may_share(action: PlannedAction) -> bool:
    return action.container.shared_network and _network(action) != "host"


def _network_key(action: PlannedAction) -> NetworkKey:
    target = action.host
    host = target.engine.host if target and target.engine else None
    return host, target.name if target else None, _network(action)


def container_spec(action: PlannedAction, labels: RunLabels, namespace: str | None) -> ContainerSpec:
    """An action's container; `namespace` is the id of the holder it joins, if any."""
    wish = action.container
    default = ContainerLimits()
    syntax = Syntax(action.syntax)
    return ContainerSpec(
        image=action.image,
        labels=labels.of(action.id),
        user=wish.user,
        network=_network(action),
        namespace=namespace,
        limits=ContainerLimits(
            memory=wish.memory or default.memory,
            cpus=wish.cpus or default.cpus,
            pids=wish.pids or default.pids,
            tmp_size=wish.tmp or default.tmp_size,
            disk=wish.disk or default.disk,
        ),
        read_only=wish.read_only,
        capabilities=wish.capabilities,
        volumes=dict(action.host.volumes) if action.host else {},
        ahead_command=started_ahead(syntax) if _may_start_ahead(action) else (),
        stop_signal=stop_signal(syntax),
    )


def _may_start_ahead(action: PlannedAction) -> bool:
    """Not where the environment or the certificates are the action's own: an interpreter, its libraries above all,
    reads some of that as it starts."""
    return not action.environment and action.ca is None
