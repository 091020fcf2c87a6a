"""The images of ours on one engine: which are there, and how a missing one gets built."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.errors import UserError
from runner.engine.base import Endpoint, EngineError, Image
from runner.engine.docker_connect import Connection, connect
from runner.engine.docker_errors import engine_errors, local_images
from runner.engine.docker_known_images import KnownImages, Progress, follow
from runner.engine.powershell_archive import Archive, ArchiveChoice, open_archive
from runner.engine.worker_image import (
    ARCHIVE_LABEL,
    BASES,
    CONTEXT_LABEL,
    IMAGES,
    NAME_LABEL,
    WORKER,
    WorkerImage,
    image_named,
    write_context,
)

if TYPE_CHECKING:
    from docker import APIClient

NO_TAG = "<none>:<none>"


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image of ours on an engine; `size` in bytes, `current` when a build would make the same again."""

    reference: str
    id: str
    size: int
    current: bool


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build an image of ours.

    - `base`: what to build the worker image on; None for one that is there or can be pulled.
    - `force`: build afresh, even when the image is current.
    - `archive`: where PowerShell comes from; None for the usual places, and any that the image has will do.
    """

    base: str | None = None
    force: bool = False
    archive: ArchiveChoice | None = None


class DockerImages:
    """Images of one engine. May be used from many threads; `known` looks each of them up once."""

    def __init__(self, connection: Connection) -> None:
        self.known = KnownImages(connection)
        self._connection = connection
        self._client: APIClient = connection.client
        self._getting = threading.Lock()

    def ensure(self, reference: str, progress: Progress) -> Image:
        """See `Engine.ensure_image`."""
        with self._getting:
            if not self.known.is_known(reference):
                ours = image_named(reference)
                if ours is not None:
                    self.build(ours, progress)
                elif self.known.inspect(reference) is None:
                    self.known.pull(reference, progress)
            return self.known.facts(reference).image

    def build(
        self,
        image: WorkerImage,
        progress: Progress,
        options: BuildOptions = BuildOptions(),
        details: Progress | None = None,
    ) -> tuple[Image, bool]:
        """An image of ours on this engine, and whether it had to be built; what it is built on comes first.

        `details` hears every line of the build. Raises EngineError, and what `open_archive` raises.
        """
        if not self.would_build(image, options):
            return self.known.facts(image.reference).image, False
        if image.on is None:
            base = options.base or self._find_base(progress)
        else:
            base = self.build(image.on, progress, BuildOptions(options.base), details)[0].reference
        with self._archive(image, options, progress) as archive:
            if not options.force and options.base is None and self._is_of(image, archive):
                return self.known.facts(image.reference).image, False
            progress(f"Building {image.reference} on {base}; this takes a minute")
            self._build(image, base, archive, options.force, details)
        self.known.forget(image.reference)
        return self.known.facts(image.reference).image, True

    def would_build(self, image: WorkerImage, options: BuildOptions = BuildOptions()) -> bool:
        """Whether `build` has anything to do: on a base that is named always, as nobody knows that of an image."""
        named = options.base is not None or options.archive is not None
        return options.force or named or not self.is_current(image)

    def is_current(self, image: WorkerImage) -> bool:
        """Whether this version's image is there, built from the files that travel with Treadle now."""
        found = self.known.inspect(image.reference)
        return found is not None and found.labels.get(CONTEXT_LABEL) == image.context_digest()

    def _is_of(self, image: WorkerImage, archive: Archive | None) -> bool:
        """Whether the image is current, and was built with this archive."""
        if archive is None or not self.is_current(image):
            return False
        return self.known.facts(image.reference).labels.get(ARCHIVE_LABEL) == archive.sha256

    def built(self) -> list[BuiltImage]:
        """All images of ours on this engine, those of other versions included."""
        with engine_errors(self._connection, "listing images"):
            found = self._client.images(filters={"label": CONTEXT_LABEL})
        return sorted(
            (
                BuiltImage(tag, image["Id"], image["Size"], _is_current(image["Labels"]))
                for image in found
                for tag in image.get("RepoTags") or ()
                if tag != NO_TAG
            ),
            key=lambda image: image.reference,
        )

    @contextmanager
    def _archive(
        self, image: WorkerImage, options: BuildOptions, progress: Progress
    ) -> Iterator[Archive | None]:
        if image.archive is None:
            yield None
            return
        with engine_errors(self._connection, "asking for its processor"):
            architecture = str(self._client.version()["Arch"])
        with open_archive(options.archive or ArchiveChoice(), os.environ, architecture, progress) as archive:
            yield archive

    def _build(
        self,
        image: WorkerImage,
        base: str,
        archive: Archive | None,
        afresh: bool,
        details: Progress | None,
    ) -> None:
        labels = {CONTEXT_LABEL: image.context_digest(), NAME_LABEL: image.name}
        if archive is not None:
            labels[ARCHIVE_LABEL] = archive.sha256
        doing = f'building "{image.reference}"'
        with tempfile.TemporaryFile() as context, engine_errors(self._connection, doing):
            write_context(image, archive.path if archive else None, context)
            context.seek(0)
            messages = self._client.build(
                fileobj=context,
                custom_context=True,
                tag=image.reference,
                buildargs={"BASE": base},
                labels=labels,
                nocache=afresh,
                rm=True,
                forcerm=True,
                decode=True,
            )
            reason = follow(messages, details)
        if reason:
            raise EngineError(
                "image-build-failed",
                f'Building the image "{image.reference}" on "{base}" failed: {reason}.',
                hint=f"See the whole build with `treadle -v image build {image.name} --force`.",
            )

    def _find_base(self, progress: Progress) -> str:
        """A base image on this engine: there already, pulled, or sent over from the local engine."""
        there = local_images(self._client)
        for base in BASES:
            if base in there:
                return base
        try:
            self.known.pull(BASES[0], progress)
        except UserError as error:
            if sent := self._send_base(progress):
                return sent
            raise EngineError(
                "no-base-image",
                f'"{self._connection.name}" has nothing to build "{WORKER.reference}" on: {error.message}',
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
                follow(self._client.load_image(local.client.get_image(base)))
            return base
        finally:
            local.close()


def _is_current(labels: Mapping[str, str]) -> bool:
    """Whether the image with these labels is as a build would make it; of those built on ours, what they inherit."""
    image = IMAGES.get(labels.get(NAME_LABEL, WORKER.name))
    return image is not None and labels[CONTEXT_LABEL] == image.context_digest()
