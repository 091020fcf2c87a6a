"""Engines and images for the tests of the engine port."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from runner.engine.base import ContainerSpec, Endpoint
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import worker_reference
from tests.support.engine import Bench, busybox_image, fake_engine
from tests.support.second_engine import copy_image, second_engine

LOCAL_KINDS: dict[str, dict[str, Any]] = {
    "worker": {},
    "worker-root": {"user": "0"},
    "worker-read-only": {"read_only": True},
    "busybox": {},
    "busybox-app": {"user": "app"},
    "busybox-number-read-only": {"user": "4321:4321", "read_only": True},
}

docker_kinds = [pytest.param(kind, marks=pytest.mark.docker) for kind in LOCAL_KINDS]
remote_kind = pytest.param("remote", marks=pytest.mark.docker)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """The engine of this machine; a test that needs one fails where there is none."""
    with DockerEngine() as engine:
        engine.check()
        engine.ensure_image(worker_reference())
        yield engine


@pytest.fixture(scope="session")
def remote_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with second_engine(tmp_path_factory.mktemp("engine")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def remote_engine(docker_engine: DockerEngine, remote_endpoint: Endpoint) -> Iterator[DockerEngine]:
    """A second engine, with the worker image."""
    copy_image(worker_reference(), remote_endpoint)
    with DockerEngine(remote_endpoint) as engine:
        yield engine


@pytest.fixture(scope="session")
def busybox(docker_engine: DockerEngine) -> str:
    return busybox_image()


@pytest.fixture(params=["fake", *docker_kinds, remote_kind])
def any_bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Every implementation of the port, in every kind of container."""
    yield from _bench(request.param, request)


@pytest.fixture(params=docker_kinds)
def docker_bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The engine of this machine, in every kind of container."""
    yield from _bench(request.param, request)


@pytest.fixture
def worker_bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The engine of this machine and our own image, as most actions use them."""
    yield from _bench("worker", request)


@pytest.fixture
def forgotten_sockets() -> Iterator[None]:
    """The docker package does not close a unix socket that it failed to connect: collected here, unheard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def _bench(kind: str, request: pytest.FixtureRequest) -> Iterator[Bench]:
    image = request.getfixturevalue("busybox") if kind.startswith("busybox") else worker_reference()
    if kind == "fake":
        bench = Bench(fake_engine(), ContainerSpec(image, {}))
    elif kind == "remote":
        bench = Bench(request.getfixturevalue("remote_engine"), ContainerSpec(image, {}))
    else:
        spec = ContainerSpec(image, {}, **LOCAL_KINDS[kind])
        bench = Bench(request.getfixturevalue("docker_engine"), spec)
    yield bench
    assert bench.left_behind() == []
