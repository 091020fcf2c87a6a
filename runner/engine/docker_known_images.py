"""The images that an engine has: what is known of each, and getting more from registries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.engine.base import Image
from runner.engine.docker_config import registry_login
from runner.engine.docker_connect import Connection
from runner.engine.docker_errors import engine_errors, explanation, image_not_found, no_shell
from runner.engine.worker_image import CONTEXT_LABEL

if TYPE_CHECKING:
    from docker import APIClient

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What running an image depends on. `user` is the image's own, "" for root."""

    image: Image
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_worker(self) -> bool:
        """Ours, or built on top of ours: labels are inherited."""
        return CONTEXT_LABEL in self.labels


class KnownImages:
    """Looks each image up once. May be used from many threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client: APIClient = connection.client
        self._known: dict[str, ImageFacts] = {}
        self._with_shell: set[str] = set()

    def facts(self, reference: str) -> ImageFacts:
        """What the engine knows of an image that is there. Raises ImageNotFound."""
        found = self._known.get(reference) or self.inspect(reference)
        if found is None:
            raise image_not_found(self._client, reference)
        return found

    def inspect(self, reference: str) -> ImageFacts | None:
        """What the engine knows of an image at this moment; None if it is not there."""
        from docker.errors import ImageNotFound as Missing

        with engine_errors(self._connection, f'looking for the image "{reference}"'):
            try:
                found = self._client.inspect_image(reference)
            except Missing:
                return None
        self._known[reference] = facts = _facts(reference, found)
        return facts

    def is_known(self, reference: str) -> bool:
        """Whether it was looked up already, and is there."""
        return reference in self._known

    def forget(self, reference: str) -> None:
        """Look the image up once more when it is next asked for."""
        self._known.pop(reference, None)

    def expect_shell(self, facts: ImageFacts, container: str) -> None:
        """Look into a created container for /bin/sh, once per image: the init process starts without one, and
        the action would only end oddly. Raises ContainerRefused."""
        from docker.errors import NotFound

        if facts.is_worker or facts.image.id in self._with_shell:
            return
        try:
            stream, _ = self._client.get_archive(container, "/bin/sh")
        except NotFound as error:
            raise no_shell(facts.image.reference) from error
        for _ in stream:
            """Read to its end, so that the connection can be used again."""
        self._with_shell.add(facts.image.id)

    def pull(self, reference: str, progress: Progress) -> None:
        """Get an image from its registry. Raises ImageNotFound."""
        from docker.auth import resolve_repository_name
        from docker.errors import APIError
        from docker.utils import parse_repository_tag

        name, tag = parse_repository_tag(reference)
        login = registry_login(resolve_repository_name(name)[0])
        progress(f"Pulling {reference}")
        with engine_errors(self._connection, f'pulling "{reference}"'):
            try:
                reason = follow(
                    self._client.pull(
                        name, tag=tag or "latest", stream=True, decode=True, auth_config=dict(login.values)
                    )
                )
            except APIError as error:
                reason = explanation(error)
        if reason:
            because = f"{reason}; {login.complaint}" if login.complaint else reason
            raise image_not_found(self._client, reference, because)


def follow(messages: Iterator[Mapping[str, Any]], details: Progress | None = None) -> str | None:
    """Pass on what a build or a pull says; the reason, in one line, when it ends in failure."""
    for message in messages:
        if reason := message.get("error"):
            return " ".join(str(reason).split()).rstrip(".")
        text = str(message.get("stream") or message.get("status") or "").strip()
        if text and details:
            details(text)
    return None


def _facts(reference: str, found: Mapping[str, Any]) -> ImageFacts:
    config = found.get("Config") or {}
    digests = [digest.rpartition("@")[2] for digest in found.get("RepoDigests") or ()]
    environment = dict(entry.partition("=")[::2] for entry in config.get("Env") or ())
    return ImageFacts(
        Image(reference, str(found["Id"]), digests[0] if digests else None, environment),
        str(config.get("User") or ""),
        dict(config.get("Labels") or {}),
    )
