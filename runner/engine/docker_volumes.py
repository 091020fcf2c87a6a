"""Named volumes that are new: opened for the actions of every user, who could not write to them otherwise.

An engine makes a volume's root as root's alone, unless the image has a folder there. It gets the mode of /tmp instead:
actions are made ahead of their turn, so that nobody knows which user will be the first to write. What has anything in
it, or was given to somebody, stays as it is; so do paths of the host.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runner.engine.base import ContainerSpec
from runner.engine.docker_container import remove_container
from runner.engine.docker_spec import mounts

if TYPE_CHECKING:
    from docker import APIClient

    from runner.engine.docker_known_images import ImageFacts

_MODE = 0o1777


class DockerVolumes:
    """Looks at each named volume once. May be used from many threads."""

    def __init__(self, client: APIClient) -> None:
        self._client = client
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def open_new(self, container: str, image: ImageFacts, spec: ContainerSpec) -> None:
        """Open the new volumes of a container that is not started yet. Raises what the client raises."""
        named = {source: path for source, path in spec.volumes.items() if not source.startswith("/")}
        if not named:
            return
        with self._lock:
            unseen = {source: path for source, path in named.items() if source not in self._seen}
            if new := [path for path in unseen.values() if self._is_new(container, path)]:
                self._open_up(image, spec, new)
            self._seen |= set(unseen)

    def _is_new(self, container: str, path: str) -> bool:
        """Whether a volume is empty and root's alone, as engines make them."""
        try:
            with self._open(container, path) as tar:
                root, first = tar.next(), tar.next()
        except tarfile.TarError:
            return False
        return root is not None and first is None and root.uid == 0 and not root.mode & 0o022

    def _open_up(self, image: ImageFacts, spec: ContainerSpec, paths: list[str]) -> None:
        """Through a container of its own, which is never started: into one with a read-only root nothing can be put."""
        config: dict[str, Any] = {
            "Image": image.image.reference,
            "Labels": dict(spec.labels),
            "Entrypoint": ["/bin/sh"],
            "HostConfig": {"Mounts": mounts(spec), "NetworkMode": "none"},
        }
        id_ = str(self._client.create_container_from_config(config)["Id"])
        try:
            for path in paths:
                folder, name = posixpath.split(posixpath.normpath(path))
                self._client.put_archive(id_, folder, _folder(name))
        finally:
            remove_container(self._client, id_)

    @contextmanager
    def _open(self, container: str, path: str) -> Iterator[tarfile.TarFile]:
        stream: Any = self._client.get_archive(container, path)[0]
        try:
            with tarfile.open(fileobj=_Joined(stream), mode="r|") as tar:
                yield tar
        finally:
            stream.close()  # of a large volume only the beginning was wanted


class _Joined(io.RawIOBase):
    """Chunks as a file that is read forwards."""

    def __init__(self, chunks: Any) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (chunk := next(self._chunks, b"")):
            self._rest += chunk
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _folder(name: str) -> bytes:
    """A tar of one folder: unpacked over one that is there, it only changes the mode of that."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, _MODE, int(time.time())
        tar.addfile(entry)
    return buffer.getvalue()
