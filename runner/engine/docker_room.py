"""Room for the work directory in an image that is not ours, and whose user may not make it.

The receiver makes WORK_DIR itself, so that it belongs to the action's user. In our image, and for root, the
folder above is writable already. Elsewhere the archive API puts a writable one there, before the start.
"""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from runner.engine.base import ContainerSpec
from runner.engine.docker_images import ImageFacts
from runner.engine.docker_spec import ROOM_DIR

if TYPE_CHECKING:
    from docker import APIClient

ROOTS = ("", "0", "root")


def make_room(client: APIClient, container: str, image: ImageFacts, spec: ContainerSpec) -> None:
    """Make ROOM_DIR writable for the container's user, where it is not."""
    user = (spec.user or image.user).partition(":")[0]
    if image.is_worker or user in ROOTS:
        return
    if spec.read_only:
        # The engine refuses to write onto a read-only root, but not into a volume of it.
        client.put_archive(container, ROOM_DIR, _folder("./"))
    else:
        client.put_archive(container, "/", _folder(ROOM_DIR.strip("/")))


def _folder(name: str) -> bytes:
    """A tar of one folder that everybody may write to."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.type = tarfile.DIRTYPE
        entry.mode = 0o1777
        tar.addfile(entry)
    return buffer.getvalue()
