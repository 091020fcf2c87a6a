"""Named volumes that are new: given to the action's user, who could not write to them otherwise.

An engine makes a volume's root as root's, unless the image has a folder there. What has anything in it, or belongs to
somebody, stays as it is; so do paths of the host.
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
from runner.engine.docker_workdir import ROOTS

if TYPE_CHECKING:
    from docker import APIClient

    from runner.engine.docker_images import ImageFacts

_ID_FILES = {"user": "/etc/passwd", "group": "/etc/group"}
_LARGEST_ID_FILE = 1024**2


class DockerVolumes:
    """Looks at each named volume once. May be used from many threads."""

    def __init__(self, client: APIClient) -> None:
        self._client = client
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def hand_over(self, container: str, image: ImageFacts, spec: ContainerSpec) -> None:
        """Give the new volumes of a container that is not started yet to its user. Raises what the client raises."""
        user = spec.user or image.user
        if user.partition(":")[0] in ROOTS:
            return
        named = {source: path for source, path in spec.volumes.items() if not source.startswith("/")}
        with self._lock:
            new = {
                source: path
                for source, path in named.items()
                if source not in self._seen and self._is_new(container, path)
            }
            self._seen |= set(named)
            if new:
                owner = self._owner(container, user)
                if owner is not None:
                    self._give(image, spec, list(new.values()), owner)

    def _is_new(self, container: str, path: str) -> bool:
        """Whether a volume is empty and root's alone, as engines make them."""
        try:
            with self._open(container, path) as tar:
                root, first = tar.next(), tar.next()
        except tarfile.TarError:
            return False
        return root is not None and first is None and root.uid == 0 and not root.mode & 0o022

    def _owner(self, container: str, user: str) -> tuple[int, int] | None:
        """uid and gid that the engine will run as; None for a name that the image does not have."""
        name, _, group = user.partition(":")
        people = self._table(container, "user")
        row = next((row for row in people if name in (row[0], row[2])), None)
        if row is None and not name.isdecimal():
            return None
        uid = int(row[2]) if row else int(name)
        if not group:
            return uid, int(row[3]) if row else 0
        groups = self._table(container, "group")
        found = next((row[2] for row in groups if group in (row[0], row[2])), group)
        return (uid, int(found)) if found.isdecimal() else None

    def _table(self, container: str, kind: str) -> list[list[str]]:
        """The rows of the image's users or groups; none where it has no such file."""
        from docker.errors import NotFound

        try:
            with self._open(container, _ID_FILES[kind]) as tar:
                entry = tar.next()
                file = tar.extractfile(entry) if entry is not None and entry.isreg() else None
                text = file.read(_LARGEST_ID_FILE).decode("utf-8", "replace") if file else ""
        except (NotFound, tarfile.TarError):
            return []
        rows = [line.split(":") for line in text.splitlines()]
        return [row for row in rows if len(row) >= (4 if kind == "user" else 3) and row[2].isdecimal()]

    def _give(self, image: ImageFacts, spec: ContainerSpec, paths: list[str], owner: tuple[int, int]) -> None:
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
                self._client.put_archive(id_, folder, _folder(name, owner))
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


def _folder(name: str, owner: tuple[int, int]) -> bytes:
    """A tar of one folder, which belongs to `owner`: unpacked over one that is there, it hands that over."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, int(time.time())
        entry.uid, entry.gid = owner
        tar.addfile(entry)
    return buffer.getvalue()
