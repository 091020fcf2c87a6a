"""Room for the work directory in an image that is not ours, and whose user may not make it.

The receiver makes WORK_DIR itself, so that it belongs to the action's user. In our image, and for root, the
folder above is writable already. Elsewhere the archive API puts a writable one there, before the start.
"""

from __future__ import annotations

import io
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from runner.engine.base import ContainerSpec
from runner.engine.docker_known_images import ImageFacts
from runner.engine.docker_spec import WORK_ROOT
from runner.engine.payload import WORK_DIR

if TYPE_CHECKING:
    from docker import APIClient

ROOTS = ("", "0", "root")


def prepare_workdir(client: APIClient, container: str, image: ImageFacts, spec: ContainerSpec) -> None:
    """Let the container's user make WORK_DIR, where it may not."""
    user, _, group = (spec.user or image.user).partition(":")
    if image.is_worker or user in ROOTS:
        return
    if spec.read_only:
        # Onto a read-only root nothing can be put, into a volume of it new folders can.
        owner = (int(user), int(group or 0)) if user.isdecimal() and (group or "0").isdecimal() else (0, 0)
        client.put_archive(container, WORK_ROOT, _folders([Path(WORK_DIR).name], owner))
    else:
        # /tmp too: the runtime gives a tmpfs the mode of the folder below it.
        client.put_archive(container, "/", _folders([WORK_ROOT.strip("/"), "tmp"]))


def _folders(names: list[str], owner: tuple[int, int] = (0, 0)) -> bytes:
    """A tar of folders that everybody may write to."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE
            entry.mode = 0o1777
            entry.mtime = int(time.time())
            entry.uid, entry.gid = owner
            tar.addfile(entry)
    return buffer.getvalue()
