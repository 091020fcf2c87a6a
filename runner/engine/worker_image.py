"""The worker image: its name, and the build context that travels with Treadle."""

from __future__ import annotations

import hashlib
import io
import tarfile
from functools import cache
from pathlib import Path

CONTEXT_LABEL = "treadle.context"
"""Digest of the context that an image was built from: an image with another one is outdated."""

BASES = ("debian:bookworm-slim", "treadle/base:bookworm")
"""What it is built on, the preferred one first; `scripts/ensure-base-image` makes the second offline."""

_FOLDER = Path(__file__).with_name("worker")


@cache
def worker_reference() -> str:
    """The worker image of this version of Treadle, the default for every action."""
    from importlib.metadata import version

    return f"treadle/worker:{version('treadle')}"


def context_tar() -> bytes:
    """The build context as a tar; the same files give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in _files():
            content = path.read_bytes()
            entry = tarfile.TarInfo(path.relative_to(_FOLDER).as_posix())
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def context_digest() -> str:
    """sha256 of the build context."""
    return hashlib.sha256(context_tar()).hexdigest()


def _files() -> list[Path]:
    return sorted(path for path in _FOLDER.rglob("*") if path.is_file())
