"""The Docker engine behind the port, through the Engine API of any Docker 20.10 or later.

A container costs five requests: create, attach, start, wait, remove; one more where the image is not ours and
its user is not root.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from runner.engine.base import (
    HOME_LABEL,
    RUN_LABEL,
    Container,
    ContainerSpec,
    Endpoint,
    EngineInfo,
    Image,
    Namespace,
)
from runner.engine.docker_attach import Attachment
from runner.engine.docker_connect import Connection, connect
from runner.engine.docker_container import DockerContainer, remove_container
from runner.engine.docker_errors import engine_errors, user_errors
from runner.engine.docker_images import DockerImages
from runner.engine.docker_spec import Config, action_config, holder_config
from runner.engine.docker_volumes import DockerVolumes
from runner.engine.docker_workdir import prepare_workdir

if TYPE_CHECKING:
    from docker import APIClient


class DockerEngine:
    """See `runner.engine.base.Engine`. Connects when it is first used; may be used from many threads.

    With `offline` images are neither pulled nor built.
    """

    def __init__(self, endpoint: Endpoint = Endpoint(), *, offline: bool = False) -> None:  # noqa: B008 - frozen
        self._endpoint = endpoint
        self._offline = offline
        self._connecting = threading.Lock()
        self._connected: Connection | None = None

    @property
    def _connection(self) -> Connection:
        with self._connecting:
            if self._connected is None:
                self._connected = connect(self._endpoint)
            return self._connected

    @property
    def _client(self) -> APIClient:
        return self._connection.client

    @cached_property
    def images(self) -> DockerImages:
        """The images of this engine, for the commands that build and list them."""
        return DockerImages(self._connection)

    @cached_property
    def _volumes(self) -> DockerVolumes:
        return DockerVolumes(self._client)

    def check(self) -> EngineInfo:
        with engine_errors(self._connection, "asking for its version"):
            info = self._client.info()
        rootless = any("name=rootless" in option for option in info.get("SecurityOptions") or ())
        return EngineInfo(
            self._connection.name, str(info["ServerVersion"]), rootless, str(info.get("Driver") or "")
        )

    def ensure_image(self, reference: str, on_progress: Callable[[str], None] | None = None) -> Image:
        if self._offline:
            return self.images.known.facts(reference).image
        return self.images.ensure(reference, on_progress or _ignore)

    def prepare(self, spec: ContainerSpec) -> Container:
        image = self.images.known.facts(spec.image)

        def fit(id_: str) -> None:
            self.images.known.expect_shell(image, id_)
            prepare_workdir(self._client, id_, image, spec)
            self._volumes.open_new(id_, image, spec)

        with user_errors(self._connection, spec.image, spec.user):
            id_, attachment = self._start(action_config(spec), fit)
        return DockerContainer(self._connection, id_, attachment, spec.limits)

    def hold_namespace(self, image: str, network: str, labels: Mapping[str, str]) -> Namespace:
        with user_errors(self._connection, image):
            id_, attachment = self._start(holder_config(image, network, dict(labels)))
        return DockerNamespace(self._connection, id_, attachment)

    def _start(
        self, config: Config, before_start: Callable[[str], None] | None = None
    ) -> tuple[str, Attachment]:
        """Create, attach, start; whatever fails, nothing is left."""
        id_ = str(self._client.create_container_from_config(config)["Id"])
        attachment = None
        try:
            if before_start:
                before_start(id_)
            attachment = Attachment(self._client, id_)
            self._client.start(id_)
        except BaseException:
            if attachment:
                attachment.close()
            remove_container(self._client, id_)
            raise
        return id_, attachment

    def sweep(self, home: str, is_live: Callable[[str], bool]) -> Iterable[str]:
        with engine_errors(self._connection, "looking for containers left behind"):
            found = self._client.containers(all=True, filters={"label": f"{HOME_LABEL}={home}"})
            runs = {container["Id"]: container["Labels"].get(RUN_LABEL, "") for container in found}
            dead = {run for run in set(runs.values()) if not is_live(run)}
            for id_, run in runs.items():
                if run in dead:
                    remove_container(self._client, id_)
        return sorted(dead)

    def close(self) -> None:
        with self._connecting:
            if self._connected:
                self._connected.close()
                self._connected = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class DockerNamespace:
    """A container that only holds a network namespace, for as long as this side holds its stdin."""

    def __init__(self, connection: Connection, id_: str, attachment: Attachment) -> None:
        self._connection = connection
        self._id = id_
        self._attachment = attachment

    @property
    def id(self) -> str:
        return self._id

    def remove(self) -> None:
        self._attachment.close()
        with engine_errors(self._connection, "removing a namespace holder"):
            remove_container(self._connection.client, self._id)


def _ignore(_: str) -> None:
    """Nobody watches."""
