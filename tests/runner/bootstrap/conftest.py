"""Containers for the tests of bootstraps, and a short way to run a script in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runner.bootstrap import ScriptRequest, Syntax
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import worker_reference
from tests.support.containers import ContainerStock
from tests.support.engine import busybox_image
from tests.support.scripts import Ran, run_script

Run = Callable[..., Ran]

WORKERS: dict[str, dict[str, Any]] = {
    "worker": {},
    "worker-root": {"user": "0"},
    "worker-stranger": {"user": "4321:4321"},
    "worker-read-only": {"read_only": True},
}
SMALL: dict[str, dict[str, Any]] = {
    "busybox": {},
    "busybox-stranger-read-only": {"user": "4321:4321", "read_only": True},
}


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerEngine]:
    with DockerEngine() as engine:
        engine.ensure_image(worker_reference())
        yield engine


@pytest.fixture(scope="module")
def stock(engine: DockerEngine) -> Iterator[ContainerStock]:
    with ContainerStock(engine, worker_reference(), ahead=2) as stock:
        yield stock


@pytest.fixture
def bash(stock: ContainerStock) -> Run:
    """Runs a Bash script in our worker image: body, then what else a request holds."""
    return run_in(stock, Syntax.BASH)


@pytest.fixture
def python(stock: ContainerStock) -> Run:
    return run_in(stock, Syntax.PYTHON)


@pytest.fixture(scope="module", params=WORKERS)
def any_worker(engine: DockerEngine, request: pytest.FixtureRequest) -> Iterator[ContainerStock]:
    """Our worker image for every kind of user, and with a read-only root."""
    with ContainerStock(engine, worker_reference(), ahead=1, **WORKERS[request.param]) as stock:
        yield stock


@pytest.fixture(scope="module", params=[*WORKERS, *SMALL])
def any_image(engine: DockerEngine, request: pytest.FixtureRequest) -> Iterator[ContainerStock]:
    """The same, and an image that has nothing but BusyBox."""
    small = request.param in SMALL
    image = busybox_image() if small else worker_reference()
    with ContainerStock(engine, image, ahead=1, **(SMALL if small else WORKERS)[request.param]) as stock:
        yield stock


@pytest.fixture(scope="module", params=["worker", "busybox"])
def any_shell(engine: DockerEngine, request: pytest.FixtureRequest) -> Iterator[ContainerStock]:
    """Both shells that call themselves `sh`: dash and BusyBox' ash."""
    image = busybox_image() if request.param == "busybox" else worker_reference()
    with ContainerStock(engine, image, ahead=2) as stock:
        yield stock


@pytest.fixture
def sh(any_shell: ContainerStock) -> Run:
    return run_in(any_shell, Syntax.SH)


def run_in(stock: ContainerStock, syntax: Syntax) -> Run:
    """Runs scripts in `syntax` in containers of `stock`."""

    def run(body: str, **rest: Any) -> Ran:
        options = {"log_environment": False, **rest}
        with stock.lend() as container:
            return run_script(container, ScriptRequest(syntax, body, **options))

    return run
