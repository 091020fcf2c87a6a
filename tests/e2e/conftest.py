"""A journey for every test, which must leave nothing behind; and what journeys meet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.engine.base import Endpoint
from runner.engine.docker import DockerEngine
from runner.engine.worker_image import worker_reference
from tests.support.engine import busybox_image
from tests.support.http_service import HttpService, http_service
from tests.support.journey import Journey
from tests.support.second_engine import second_engine


@pytest.fixture(scope="session", autouse=True)
def engine_is_there() -> None:
    """A test that needs containers fails where there is no engine."""
    with DockerEngine() as engine:
        engine.check()
        engine.ensure_image(worker_reference())


@pytest.fixture
def journey(tmp_path: Path) -> Iterator[Journey]:
    """A new project; none of its containers may be left after the test."""
    (tmp_path / "project").mkdir()
    journey = Journey(tmp_path / "project", tmp_path / "treadle-home")
    yield journey
    assert journey.containers() == []


@pytest.fixture(scope="session")
def busybox() -> str:
    return busybox_image()


@pytest.fixture
def service() -> Iterator[HttpService]:
    with http_service() as service:
        yield service


@pytest.fixture(scope="session")
def remote_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with second_engine(tmp_path_factory.mktemp("engine")) as endpoint:
        yield endpoint
