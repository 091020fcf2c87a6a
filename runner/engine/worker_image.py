"""The images that Treadle builds: their names, and the build contexts that travel with it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import IO

CONTEXT_LABEL = "treadle.context"
"""Digest of the context that an image was built from: an image with another one is outdated."""

NAME_LABEL = "treadle.image"
"""Which of these images an image is. The worker image of the first versions has none."""

ARCHIVE_LABEL = "treadle.archive"
"""sha256 of the archive that went into an image."""

BASES = ("debian:bookworm-slim", "treadle/base:bookworm")
"""What the worker image is built on, the preferred one first; `scripts/ensure-base-image` makes the second offline."""


@dataclass(frozen=True, slots=True)
class WorkerImage:
    """An image that `treadle image build` makes.

    - `name`: what that command calls it.
    - `folder`: where its Dockerfile lies beside this module, and the name of its repository.
    - `on`: the one of these images that it is built on; None for a base image from outside.
    - `archive`: the name in the context of a file that does not travel with Treadle; see `powershell_archive`.
    - `brings`: the tools that templates ask for and that are in it, but for those of the image below.
    """

    name: str
    folder: str
    on: WorkerImage | None = None
    archive: str | None = None
    brings: frozenset[str] = frozenset()

    @property
    def tools(self) -> frozenset[str]:
        """The tools that are in it, as `registry.template.platform.Verdict` names them."""
        return self.brings | (self.on.tools if self.on else frozenset())

    @property
    def reference(self) -> str:
        """The image of this version of Treadle."""
        return f"treadle/{self.folder.replace('_', '-')}:{_version()}"

    def context_files(self) -> list[Path]:
        return sorted(path for path in self._folder.rglob("*") if path.is_file())

    def context_digest(self) -> str:
        """sha256 of the build context, without the archive, and of those below it."""
        own = hashlib.sha256(context_tar(self)).hexdigest()
        if self.on is None:
            return own
        return hashlib.sha256(f"{self.on.context_digest()} {own}".encode()).hexdigest()

    @property
    def _folder(self) -> Path:
        return Path(__file__).with_name(self.folder)


WORKER = WorkerImage(
    "worker",
    "worker",
    brings=frozenset({"curl", "git", "jq", "openssl", "pip", "pip3", "python3", "rsync", "unzip", "wget"}),
)
POWERSHELL = WorkerImage("powershell", "worker_powershell", WORKER, archive="powershell.tar.gz")
_RECIPES = (
    WorkerImage("aws-cli", "worker_aws_cli", POWERSHELL, brings=frozenset({"aws"})),
    WorkerImage("azure-cli", "worker_azure_cli", POWERSHELL, brings=frozenset({"az"})),
    WorkerImage("kubectl", "worker_kubectl", POWERSHELL, brings=frozenset({"kubectl"})),
)

IMAGES: Mapping[str, WorkerImage] = MappingProxyType(
    {image.name: image for image in (WORKER, POWERSHELL, *_RECIPES)}
)
"""By their names, those that others are built on first."""

_IMAGE_OF_SYNTAX = {"PowerShell": POWERSHELL}


def worker_reference() -> str:
    """The worker image of this version of Treadle."""
    return WORKER.reference


def default_image(syntax: str) -> str:
    """The image for an action whose script is in `syntax`, where nobody chose one."""
    return _IMAGE_OF_SYNTAX.get(syntax, WORKER).reference


def image_named(reference: str) -> WorkerImage | None:
    """The image of ours, in this version, that is called so."""
    return next((image for image in IMAGES.values() if image.reference == reference), None)


def image_with(tools: Collection[str]) -> WorkerImage | None:
    """The first of our images that has all these tools; None where none has."""
    return next((image for image in IMAGES.values() if image.tools.issuperset(tools)), None)


def context_tar(image: WorkerImage = WORKER) -> bytes:
    """The build context as a tar, without the archive; the same files give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        _add_context(tar, image)
    return buffer.getvalue()


def write_context(image: WorkerImage, archive: Path | None, to: IO[bytes]) -> None:
    """Write the whole build context of `image`."""
    with tarfile.open(fileobj=to, mode="w") as tar:
        _add_context(tar, image)
        if image.archive is not None and archive is not None:
            tar.add(archive, image.archive, filter=_readable)


def context_digest() -> str:
    """sha256 of the worker image's build context."""
    return WORKER.context_digest()


def _add_context(tar: tarfile.TarFile, image: WorkerImage) -> None:
    files = image.context_files()
    for path in files:
        content = path.read_bytes()
        entry = tarfile.TarInfo(path.relative_to(image._folder).as_posix())
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))


def _readable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode = 0o644
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("treadle")
