"""Asking other repositories: credentials reach only whom they are for."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from registry.git.command import GitFailedError, environment_of, run
from registry.git.credentials import Credentials
from registry.git.remote import remote_refs
from registry.git.repository import Repository
from registry.git.transport import fetch, init_mirror
from tests.support.repository import SourceRepository


class _Guarded(BaseHTTPRequestHandler):
    """Asks for credentials, notes them and the processes that run meanwhile, and has no repository."""

    seen: list[str]
    command_lines: list[str]

    def do_GET(self) -> None:
        given = self.headers.get("Authorization")
        self.command_lines += [
            path.read_bytes().decode(errors="replace")
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if path.exists()
        ]
        if given is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="templates"')
        else:
            self.seen.append(given)
            self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Quietly."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    _Guarded.seen, _Guarded.command_lines = [], []
    with _serve("0.0.0.0", _Guarded) as server:
        yield server


@contextlib.contextmanager
def _serve(host: str, handler: type[BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer((host, 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_credentials_reach_the_server_and_no_command_line(server: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{server.server_port}/x.git"
    with pytest.raises(GitFailedError) as failed:
        remote_refs(url, Credentials("me", "pa$$ 'word\"", f"http://127.0.0.1:{server.server_port}"))
    expected = base64.b64encode(b"me:pa$$ 'word\"").decode()
    assert f"Basic {expected}" in _Guarded.seen
    assert not [line for line in _Guarded.command_lines if "pa$$" in line]
    assert "pa$$" not in str(failed.value)


def test_without_credentials_git_does_not_ask(server: ThreadingHTTPServer) -> None:
    with pytest.raises(GitFailedError) as failed:
        remote_refs(f"http://127.0.0.1:{server.server_port}/x.git")
    assert "terminal prompts disabled" in failed.value.reason
    assert _Guarded.seen == []


class _Elsewhere(_Guarded):
    """Sends everybody to another host."""

    location: str

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.location + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_a_redirect_does_not_take_credentials_to_another_host(server: ThreadingHTTPServer) -> None:
    _Elsewhere.location = f"http://127.0.0.2:{server.server_port}"
    with _serve("127.0.0.1", _Elsewhere) as elsewhere:
        address = f"http://127.0.0.1:{elsewhere.server_port}"
        with pytest.raises(GitFailedError):
            remote_refs(f"{address}/x.git", Credentials("me", "password", address))
    assert _Guarded.seen == []


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("protocol=https\nhost=git.example.com\n", True),
        ("protocol=https\nhost=git.example.com:443\n", True),
        ("protocol=https\nhost=git.example.com\npath=any/repository.git\n", True),
        ("protocol=http\nhost=git.example.com\n", False),
        ("protocol=https\nhost=git.example.com:8443\n", False),
        ("protocol=https\nhost=evil.example.com\n", False),
        ("protocol=https\nhost=git.example.com.evil.example\n", False),
        ("protocol=smtp\nhost=git.example.com\n", False),
    ],
)
def test_credentials_are_for_one_scheme_host_and_port(asked: str, given: bool) -> None:
    credentials = Credentials("me", "canary", "https://git.example.com")
    told = ""
    with contextlib.suppress(GitFailedError):
        environment = environment_of(credentials.environment())
        question = f"{asked}\n".encode()
        told = run(
            ["credential", "fill"],
            settings=credentials.settings(),
            environment=environment,
            stdin=question,
        ).decode()
    assert ("password=canary" in told) == given


def test_hooks_of_nobody_run(tmp_path: Path) -> None:
    source = SourceRepository.create(tmp_path / "source")
    source.commit({"a": b"a"})
    mirror = Repository(tmp_path / "mirror.git", trusted=True)
    mirror.folder.mkdir()
    init_mirror(mirror.folder)
    for repository in (source.path / ".git", mirror.folder):
        hooks = repository / "hooks"
        hooks.mkdir(exist_ok=True)
        for name in ("reference-transaction", "post-update", "post-checkout", "pre-auto-gc"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\n")
            (hooks / name).chmod(0o755)
    fetch(mirror.folder, str(source.path), "+refs/heads/main:refs/treadle/x")
    mirror.set_ref("refs/treadle/y", source.head())
    assert mirror.commit_of("refs/treadle/y") == source.head()
    assert not list(tmp_path.glob("ran-*"))


def test_a_hook_and_an_odd_path_do_not_lead_git_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SourceRepository.create(tmp_path / "source")
    source.commit({"a": b"a"})
    mirror = Repository(tmp_path / "~x $HOME {mirror}.git", trusted=True)
    mirror.folder.mkdir()
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    init_mirror(mirror.folder)
    fetch(mirror.folder, str(source.path), "+refs/heads/main:refs/treadle/x", trusted=True)
    found = mirror.commit_of("refs/treadle/x")
    assert not (tmp_path / "nowhere").exists()
    monkeypatch.undo()
    assert found == source.head()
