"""The engines of a run, one per endpoint, opened when first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from registry.errors import Mismatch
from runner.engine.base import Endpoint, Engine, Image
from runner.plan import Plan, PlannedAction
from runner.project import Target

Connect = Callable[[Endpoint], Engine]
Tell = Callable[[str], None]


def endpoint_of(target: Target | None) -> Endpoint:
    """The worker, and every target without an endpoint of its own, is the engine of the current context."""
    if target is None or target.engine is None:
        return Endpoint()
    return Endpoint(target.engine.host, tuple(sorted(target.engine.tls.items())))


class Connections:
    """Open engines, shared by all threads of a run."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._open: dict[Endpoint, Engine] = {}

    def at(self, endpoint: Endpoint) -> Engine:
        with self._lock:
            if endpoint not in self._open:
                self._open[endpoint] = self._connect(endpoint)
            return self._open[endpoint]

    def of(self, target: Target | None) -> Engine:
        return self.at(endpoint_of(target))

    def close(self) -> None:
        with self._lock:
            for engine in self._open.values():
                engine.close()
            self._open.clear()


def endpoints(plan: Plan) -> list[Endpoint]:
    """Every endpoint that the plan needs, each once."""
    return list(dict.fromkeys(endpoint_of(action.host) for action in plan.scripts))


class RunImages:
    """The images of a run, looked up before it begins."""

    def __init__(self, found: Mapping[tuple[Endpoint, str], Image]) -> None:
        self._found = found

    def __iter__(self) -> Iterator[Image]:
        return iter(self._found.values())

    def of(self, action: PlannedAction) -> Image:
        return self._found[endpoint_of(action.host), action.image]


def ensure_images(engines: Connections, actions: Iterable[PlannedAction], tell: Tell) -> RunImages:
    """See to it that every image is where it is needed.

    Raises ImageNotFound and EngineError, before anything has run.
    """
    needed = dict.fromkeys((endpoint_of(action.host), action.image) for action in actions)
    return RunImages({(at, name): engines.at(at).ensure_image(name, tell) for at, name in needed})


def image_digest(image: Image) -> str:
    """What pins an image: its registry's digest, or for one that was built here its id."""
    return image.digest or image.id


def refuse_other_images(images: Iterable[Image], digests: Mapping[str, str]) -> None:
    """Hold images to the locked `digests`, by name. Raises Mismatch for one that is another."""
    for image in images:
        expected = digests.get(image.reference)
        if expected is not None and expected not in (image.digest, image.id):
            raise Mismatch(
                "image-changed",
                f'the image "{image.reference}" is {image_digest(image)}, but it is locked to {expected}',
                hint="Get the locked image back, or accept this one: `treadle lock --renew`.",
            )
