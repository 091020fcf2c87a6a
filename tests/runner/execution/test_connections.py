from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from runner.engine.base import Endpoint, Image, ImageNotFound
from runner.engine.fake import FakeEngine
from runner.execution.connections import Connections, endpoint_of, endpoints, ensure_images
from runner.project import Target, TargetEngine
from tests.support.plans import IMAGE, Desk

REMOTE = Endpoint("tcp://10.0.0.5:2376", (("ca", "/ca.pem"), ("cert", "/cert.pem"), ("key", "/key.pem")))


class Counting(FakeEngine):
    """A fake that counts how often it is asked for images, and whether it was closed."""

    def __init__(self, *images: str) -> None:
        super().__init__(images={image: {"NAME": image} for image in images})
        self.asked: list[str] = []
        self.closed = 0

    def ensure_image(self, reference: str, on_progress: Any = None) -> Image:
        self.asked.append(reference)
        return super().ensure_image(reference, on_progress)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def opened() -> dict[Endpoint, Counting]:
    return {}


@pytest.fixture
def engines(opened: dict[Endpoint, Counting]) -> Connections:
    def connect(endpoint: Endpoint) -> Counting:
        assert endpoint not in opened, "opened twice"
        opened[endpoint] = Counting(IMAGE, "alpine:3")
        return opened[endpoint]

    return Connections(connect)


def farm(folder: Path) -> Any:
    docker = {"host": "tcp://10.0.0.5:2376", "tls": {"ca": "/ca.pem", "cert": "/cert.pem", "key": "/key.pem"}}
    targets = {name: {"environments": ["Test"], "roles": ["farm"], "docker": docker} for name in ("a", "b")}
    steps: list[dict[str, Any]] = [
        {"name": "Here", "run": "x"},
        {"name": "There", "run": "x", "roles": ["farm"]},
        {"name": "Alpine", "run": "x", "container": {"image": "alpine:3"}},
    ]
    return Desk(folder).plan(steps, {"environments": {"Test": {}}, "targets": targets})


def test_a_target_without_engine_is_the_worker() -> None:
    plain = Target("a", ("Test",), ("r",))
    assert endpoint_of(None) == endpoint_of(plain) == Endpoint()
    files = {"key": "/key.pem", "ca": "/ca.pem", "cert": "/cert.pem"}
    assert endpoint_of(Target("b", ("Test",), ("r",), TargetEngine("tcp://10.0.0.5:2376", files))) == REMOTE


def test_a_plan_names_each_endpoint_once(tmp_path: Path) -> None:
    assert endpoints(farm(tmp_path)) == [Endpoint(), REMOTE]


def test_an_engine_is_opened_once_and_closed(engines: Connections, opened: dict[Endpoint, Counting]) -> None:
    threads = [threading.Thread(target=engines.of, args=(None,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(opened) == [Endpoint()]
    engines.close()
    engines.close()
    assert opened[Endpoint()].closed == 1


def test_every_image_is_looked_up_once_where_it_is_needed(
    engines: Connections, opened: dict[Endpoint, Counting], tmp_path: Path
) -> None:
    plan = farm(tmp_path)
    told: list[str] = []
    images = ensure_images(engines, plan.actions, told.append)
    assert opened[Endpoint()].asked == [IMAGE, "alpine:3"]
    assert opened[REMOTE].asked == [IMAGE]
    assert told
    assert [images.of(action).environment["NAME"] for action in plan.actions] == [
        IMAGE,
        IMAGE,
        IMAGE,
        "alpine:3",
    ]


def test_one_that_is_not_to_be_had_is_told(engines: Connections, tmp_path: Path) -> None:
    plan = Desk(tmp_path).plan([{"name": "A", "run": "x", "container": {"image": "nope:1"}}])
    with pytest.raises(ImageNotFound):
        ensure_images(engines, plan.actions, lambda _: None)
