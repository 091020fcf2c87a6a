"""Where PowerShell's archive comes from, and what is refused before anything of it is unpacked."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from registry.errors import Invalid, Mismatch, NotFound, Unavailable, UserError
from runner.engine.powershell_archive import RELEASES, SHA256, VARIABLE, VERSION, ArchiveChoice, open_archive

FILES = {"./pwsh": b"#!/bin/sh\n", "./pwsh.dll": b"MZ", "Modules/": b""}


def archive(folder: Path, name: str = "powershell.tar.gz", more: Mapping[str, bytes] | None = None) -> Path:
    path = folder / name
    with tarfile.open(path, "w:gz") as tar:
        for file, content in {**FILES, **(more or {})}.items():
            entry = tarfile.TarInfo(file)
            entry.type = tarfile.DIRTYPE if file.endswith("/") else tarfile.REGTYPE
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def opened(
    choice: ArchiveChoice, environ: Mapping[str, str] | None = None, processor: str = "amd64"
) -> tuple[bytes, str]:
    with open_archive(choice, environ or {}, processor, lambda _: None) as found:
        return found.path.read_bytes(), found.sha256


def refusal(choice: ArchiveChoice, kind: type[UserError], processor: str = "amd64") -> str:
    with pytest.raises(kind) as caught:
        opened(choice, processor=processor)
    assert caught.value.hint is not None
    assert caught.value.hint.endswith(".")
    return f"{caught.value.message} [{caught.value.code}]"


def test_a_file_that_is_named_comes_before_the_environments(tmp_path: Path) -> None:
    named, other = archive(tmp_path), archive(tmp_path, "other.tar.gz", {"extra": b"x"})
    assert opened(ArchiveChoice(named), {VARIABLE: str(other)}) == (named.read_bytes(), digest(named))
    assert opened(ArchiveChoice(), {VARIABLE: str(other)})[1] == digest(other)


def test_a_digest_that_is_given_or_lies_beside_the_file_is_checked(tmp_path: Path) -> None:
    path = archive(tmp_path)
    assert opened(ArchiveChoice(path, sha256=digest(path).upper()))[1] == digest(path)
    wrong = refusal(ArchiveChoice(path, sha256="0" * 64), Mismatch)
    assert wrong == f'"{path}" has the sha256 {digest(path)}, not {"0" * 64} [powershell-archive-changed]'
    path.with_name(f"{path.name}.sha256").write_text(f"{'1' * 64}  {path.name}\n")
    assert "[powershell-archive-changed]" in refusal(ArchiveChoice(path), Mismatch)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert "[powershell-archive-missing]" in refusal(ArchiveChoice(tmp_path / "nothing"), NotFound)
    assert "[powershell-archive-missing]" in refusal(ArchiveChoice(), NotFound, processor="riscv64")
    assert "[powershell-digest-missing]" in refusal(ArchiveChoice(version="7.5.0"), Invalid)


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "Modules/../../out"])
def test_an_archive_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path, more={name: b"x"})
    assert f'holds "{name}" [powershell-archive-invalid]' in refusal(ArchiveChoice(path), Invalid)


def test_another_file_is_not_taken_for_an_archive(tmp_path: Path) -> None:
    text, other = tmp_path / "README.md", tmp_path / "other.tar.gz"
    text.write_text("# Read me\n")
    assert "is not a tar.gz" in refusal(ArchiveChoice(text), Invalid)
    with tarfile.open(other, "w:gz"):
        """Nothing in it."""
    assert 'lacks "pwsh", "pwsh.dll" at its top' in refusal(ArchiveChoice(other), Invalid)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive(tmp_path).read_bytes()[:-30])
    assert "[powershell-archive-invalid]" in refusal(ArchiveChoice(cut), Invalid)


def test_the_official_release_is_known_for_both_processors() -> None:
    assert set(SHA256) == {"x64", "arm64"}
    assert all(len(one) == 64 for one in SHA256.values())
    assert RELEASES.startswith("https://github.com/PowerShell/PowerShell/")


@pytest.mark.parametrize(("processor", "file"), [("amd64", "x64"), ("aarch64", "arm64")])
def test_a_release_is_downloaded_and_checked(processor: str, file: str, tmp_path: Path) -> None:
    content = archive(tmp_path).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    paths: list[str] = []

    class Releases(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(404 if "0.0.0" in self.path else 200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Releases) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        releases = f"http://127.0.0.1:{server.server_port}"
        choice = ArchiveChoice(version="7.9.1", sha256=found, releases=releases)
        assert opened(choice, processor=processor) == (content, found)
        # The known release has a digest that this archive hasn't; nothing is unpacked.
        known = refusal(ArchiveChoice(releases=releases), Mismatch, processor)
        assert known.endswith(f"not {SHA256[file]} [powershell-archive-changed]")
        gone = refusal(ArchiveChoice(version="0.0.0", sha256=found, releases=releases), Unavailable)
        assert "[powershell-archive-unreachable]" in gone
        server.shutdown()
    assert paths[:2] == [
        f"/v7.9.1/powershell-7.9.1-linux-{file}.tar.gz",
        f"/v{VERSION}/powershell-{VERSION}-linux-{file}.tar.gz",
    ]


def test_an_archive_out_of_reach_says_how_to_get_there(tmp_path: Path) -> None:
    choice = ArchiveChoice(releases="http://127.0.0.1:1")
    with pytest.raises(Unavailable) as caught:
        opened(choice)
    assert caught.value.message.startswith('PowerShell cannot be downloaded from "http://127.0.0.1:1/v')
    assert caught.value.hint == (
        "Get the archive in another way, and name it: `treadle image build powershell --archive FILE`, "
        "or the environment variable TREADLE_POWERSHELL_ARCHIVE."
    )
