"""Images on one engine: what is known of them, and how a missing one gets there."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry.errors import UserError
from runner.engine.base import Endpoint, EngineError, Image
from runner.engine.docker_config import registry_login
from runner.engine.docker_connect import Connection, connect
from runner.engine.docker_errors import engine_errors, explanation, image_not_found, local_images, no_shell
from runner.engine.worker_image import BASES, CONTEXT_LABEL, context_digest, context_tar, worker_reference

if TYPE_CHECKING:
    from docker import APIClient

NO_TAG = "<none>:<none>"

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


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image of ours on an engine; `size` in bytes, `current` when a build would make the same again."""

    reference: str
    id: str
    size: int
    current: bool


class DockerImages:
    """Looks each image up once. May be used from many threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client: APIClient = connection.client
        self._known: dict[str, ImageFacts] = {}
        self._with_shell: set[str] = set()
        self._getting = threading.Lock()

    def facts(self, reference: str) -> ImageFacts:
        """What the engine knows of an image that is there. Raises ImageNotFound."""
        found = self._known.get(reference) or self._inspect(reference)
        if found is None:
            raise image_not_found(self._client, reference)
        return found

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

    def ensure(self, reference: str, progress: Progress) -> Image:
        """See `Engine.ensure_image`."""
        with self._getting:
            if reference in self._known:
                return self._known[reference].image
            if reference == worker_reference():
                return self._ensure_worker(progress).image
            found = self._inspect(reference)
            if found is None:
                self._pull(reference, progress)
                found = self.facts(reference)
            return found.image

    def build_worker(
        self,
        progress: Progress,
        base: str | None = None,
        force: bool = False,
        details: Progress | None = None,
    ) -> tuple[Image, bool]:
        """The worker image on this engine, and whether it had to be built. Raises EngineError.

        A `base` that is named is built on: of the image that is there nobody knows on what. `details` hears every line
        of the build.
        """
        reference = worker_reference()
        if base is None and not force and self.worker_is_current():
            return self.facts(reference).image, False
        base = base or self._find_base(progress)
        progress(f"Building {reference} on {base}; this takes a minute")
        self._build(reference, base, force, details)
        self._known.pop(reference, None)
        return self.facts(reference).image, True

    def worker_is_current(self) -> bool:
        """Whether this version's worker image is there, built from the files that travel with Treadle now."""
        found = self._inspect(worker_reference())
        return found is not None and found.labels.get(CONTEXT_LABEL) == context_digest()

    def built(self) -> list[BuiltImage]:
        """All worker images on this engine, those of other versions included."""
        with engine_errors(self._connection, "listing images"):
            found = self._client.images(filters={"label": CONTEXT_LABEL})
        digest = context_digest()
        return sorted(
            (
                BuiltImage(tag, image["Id"], image["Size"], image["Labels"][CONTEXT_LABEL] == digest)
                for image in found
                for tag in image.get("RepoTags") or ()
                if tag != NO_TAG
            ),
            key=lambda image: image.reference,
        )

    def _ensure_worker(self, progress: Progress) -> ImageFacts:
        self.build_worker(progress)
        return self.facts(worker_reference())

    def _inspect(self, reference: str) -> ImageFacts | None:
        from docker.errors import ImageNotFound as Missing

        with engine_errors(self._connection, f'looking for the image "{reference}"'):
            try:
                found = self._client.inspect_image(reference)
            except Missing:
                return None
        self._known[reference] = facts = _facts(reference, found)
        return facts

    def _pull(self, reference: str, progress: Progress) -> None:
        from docker.auth import resolve_repository_name
        from docker.errors import APIError
        from docker.utils import parse_repository_tag

        name, tag = parse_repository_tag(reference)
        login = registry_login(resolve_repository_name(name)[0])
        progress(f"Pulling {reference}")
        with engine_errors(self._connection, f'pulling "{reference}"'):
            try:
                reason = _follow(
                    self._client.pull(
                        name, tag=tag or "latest", stream=True, decode=True, auth_config=dict(login.values)
                    )
                )
            except APIError as error:
                reason = explanation(error)
        if reason:
            because = f"{reason}; {login.complaint}" if login.complaint else reason
            raise image_not_found(self._client, reference, because)

    def _build(self, reference: str, base: str, afresh: bool, details: Progress | None) -> None:
        with engine_errors(self._connection, f'building "{reference}"'):
            messages = self._client.build(
                fileobj=io.BytesIO(context_tar()),
                custom_context=True,
                tag=reference,
                buildargs={"BASE": base},
                labels={CONTEXT_LABEL: context_digest()},
                nocache=afresh,
                rm=True,
                forcerm=True,
                decode=True,
            )
            reason = _follow(messages, details)
        if reason:
            raise EngineError(
                "image-build-failed",
                f'Building the image "{reference}" on "{base}" failed: {reason}.',
                hint="See the whole build with `treadle -v image build --force`.",
            )

    def _find_base(self, progress: Progress) -> str:
        """A base image on this engine: there already, pulled, or sent over from the local engine."""
        reference = worker_reference()
        there = local_images(self._client)
        for base in BASES:
            if base in there:
                return base
        try:
            self._pull(BASES[0], progress)
        except UserError as error:
            if sent := self._send_base(progress):
                return sent
            raise EngineError(
                "no-base-image",
                f'"{self._connection.name}" has nothing to build "{reference}" on: {error.message}',
                hint="Name one that is there: `treadle image build --base IMAGE`. "
                "Without a registry, scripts/ensure-base-image makes one from Debian's packages.",
            ) from error
        return BASES[0]

    def _send_base(self, progress: Progress) -> str | None:
        """Copy a base image from the engine of the current context; None where that one has none either."""
        local = connect(Endpoint())
        try:
            base = next((base for base in BASES if base in local_images(local.client)), None)
            if base is None:
                return None
            progress(f"Sending {base} to {self._connection.name}")
            with engine_errors(self._connection, f'sending the image "{base}"'):
                _follow(self._client.load_image(local.client.get_image(base)))
            return base
        finally:
            local.close()


def _facts(reference: str, found: Mapping[str, Any]) -> ImageFacts:
    config = found.get("Config") or {}
    digests = [digest.rpartition("@")[2] for digest in found.get("RepoDigests") or ()]
    environment = dict(entry.partition("=")[::2] for entry in config.get("Env") or ())
    return ImageFacts(
        Image(reference, str(found["Id"]), digests[0] if digests else None, environment),
        str(config.get("User") or ""),
        dict(config.get("Labels") or {}),
    )


def _follow(messages: Iterator[Mapping[str, Any]], details: Progress | None = None) -> str | None:
    """Pass on what a build or a pull says; the reason, in one line, when it ends in failure."""
    for message in messages:
        if reason := message.get("error"):
            return " ".join(str(reason).split()).rstrip(".")
        text = str(message.get("stream") or message.get("status") or "").strip()
        if text and details:
            details(text)
    return None
