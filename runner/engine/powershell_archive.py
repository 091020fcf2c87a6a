"""Where the release archive of PowerShell comes from that its image is built with; checked before it is used.

In this order: a file that is named, the one in `TREADLE_POWERSHELL_ARCHIVE`, the official release. Nothing is unpacked
here: the engine does that, within the build.
"""

from __future__ import annotations

import hashlib
import posixpath
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

from registry.errors import Invalid, Mismatch, NotFound, Unavailable

VARIABLE = "TREADLE_POWERSHELL_ARCHIVE"
VERSION = "7.6.6"
SHA256 = MappingProxyType(
    {
        "x64": "ddbc4a2d113bbd46d283cfedcbcd117a70caefd7673f41f2b4e0000badf103bc",
        "arm64": "924829e54c983648f6f1419a2dc7f9433c861b2fb5bd57736ff096c24f133729",
    }
)
"""The digests of the official archives of `VERSION`, by processor."""

RELEASES = "https://github.com/PowerShell/PowerShell/releases/download"

_PROCESSORS = {"amd64": "x64", "x86_64": "x64", "arm64": "arm64", "aarch64": "arm64"}
_NEEDED = frozenset({"pwsh", "pwsh.dll"})
_TIMEOUT = 30.0  # seconds without a byte
_BLOCK = 1024**2
_OTHER_WAY = (
    "Get the archive in another way, and name it: `treadle image build powershell --archive FILE`, "
    f"or the environment variable {VARIABLE}."
)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ArchiveChoice:
    """Which archive somebody wants.

    - `file`: one that is there. None: the one that the environment names, else a release.
    - `version`: the release to download; None for the one that Treadle knows.
    - `sha256`: what the archive has to have, of a file too; needed for any other release.
    - `releases`: the address below which releases lie.
    """

    file: Path | None = None
    version: str | None = None
    sha256: str | None = None
    releases: str = RELEASES


@dataclass(frozen=True, slots=True)
class Archive:
    """A checked archive: a file for as long as the build takes, and its digest."""

    path: Path
    sha256: str


@contextmanager
def open_archive(
    choice: ArchiveChoice, environ: Mapping[str, str], architecture: str, progress: Progress
) -> Iterator[Archive]:
    """The archive for an engine of this architecture (`amd64`, `arm64` ...).

    Raises NotFound (no such file, no release known for the processor), Invalid (not such an archive), Mismatch
    (another digest), Unavailable (the download failed).
    """
    named = choice.file or _from_environment(choice, environ)
    if named is not None:
        yield _checked(named, choice.sha256 or _digest_beside(named))
        return
    address, digest = _release(choice, architecture)
    with tempfile.TemporaryDirectory(prefix="treadle-powershell-") as folder:
        path = Path(folder) / "powershell.tar.gz"
        progress(f"Downloading {address}")
        with path.open("wb") as file:
            _download(address, file)
        yield _checked(path, digest, address)


def _from_environment(choice: ArchiveChoice, environ: Mapping[str, str]) -> Path | None:
    """What the environment names; somebody who asks for a release means that one."""
    return Path(environ[VARIABLE]) if environ.get(VARIABLE) and choice.version is None else None


def _release(choice: ArchiveChoice, architecture: str) -> tuple[str, str]:
    """Address and digest of a release."""
    processor = _PROCESSORS.get(architecture.lower())
    if processor is None:
        raise NotFound(
            "powershell-archive-missing",
            f'no release of PowerShell is known for the processor "{architecture}" of the engine',
            _OTHER_WAY,
        )
    version = (choice.version or VERSION).removeprefix("v")
    digest = choice.sha256 or (SHA256[processor] if version == VERSION else None)
    if digest is None:
        raise Invalid(
            "powershell-digest-missing",
            f"PowerShell {version} is not the release that Treadle knows the digest of ({VERSION})",
            f"Add the digest that its release page tells: `--version {version} --sha256 DIGEST`.",
        )
    name = f"powershell-{version}-linux-{processor}.tar.gz"
    return f"{choice.releases.rstrip('/')}/v{version}/{name}", digest


def _download(address: str, to: IO[bytes]) -> None:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(address, timeout=_TIMEOUT) as answer:  # noqa: S310 - https, but for tests
            while block := answer.read(_BLOCK):
                to.write(block)
    except (OSError, HTTPException) as error:  # URLError is an OSError
        if isinstance(error, HTTPError):
            error.close()
        reason = getattr(error, "reason", None) or error
        raise Unavailable(
            "powershell-archive-unreachable",
            f'PowerShell cannot be downloaded from "{address}": {reason}',
            _OTHER_WAY,
        ) from error


def _digest_beside(path: Path) -> str | None:
    """The digest in `FILE.sha256`, as `sha256sum` writes it, where there is one."""
    beside = path.with_name(f"{path.name}.sha256")
    try:
        words = beside.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError):
        return None
    return words[0] if words else None


def _checked(path: Path, expected: str | None, address: str | None = None) -> Archive:
    name = address or str(path)
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise NotFound(
            "powershell-archive-missing",
            f'the archive of PowerShell, "{name}", cannot be read: {error.strerror}',
            f"Name a release archive, such as powershell-{VERSION}-linux-x64.tar.gz: `--archive FILE`, or {VARIABLE}.",
        ) from None
    if expected is not None and found != expected.strip().lower():
        raise Mismatch(
            "powershell-archive-changed",
            f'"{name}" has the sha256 {found}, not {expected}',
            "Get it again, and compare it with the digest on its release page.",
        )
    _expect_powershell(path, name)
    return Archive(path, found)


def _expect_powershell(path: Path, name: str) -> None:
    """That it is a flat archive of PowerShell, which nothing leads out of."""
    hint = "It has to be a release archive for Linux, as powershell-X.Y.Z-linux-x64.tar.gz is."
    missing = set(_NEEDED)
    try:
        with tarfile.open(path, "r:gz") as tar:
            for member in tar:
                inside = posixpath.normpath(member.name)
                missing.discard(inside)
                leads_out = inside.startswith(("/", "..")) or not (
                    member.isreg() or member.isdir() or member.issym()
                )
                if leads_out or (member.issym() and _leads_out(inside, member.linkname)):
                    raise Invalid("powershell-archive-invalid", f'"{name}" holds "{member.name}"', hint)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Invalid("powershell-archive-invalid", f'"{name}" is not a tar.gz: {error}', hint) from None
    if missing:
        lacking = ", ".join(f'"{one}"' for one in sorted(missing))
        raise Invalid("powershell-archive-invalid", f'"{name}" lacks {lacking} at its top', hint)


def _leads_out(link: str, to: str) -> bool:
    return posixpath.normpath(posixpath.join(posixpath.dirname(link), to)).startswith(("/", ".."))
