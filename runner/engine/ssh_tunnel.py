"""An engine on another machine through the user's own ssh: its socket, forwarded to one here.

One ssh for all connections of an engine: a login for each of them, as the docker command does it, would cost
more than the container. The user's ssh configuration, agent and known hosts apply.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from runner.engine.address import expect_address
from runner.engine.base import EngineError

REMOTE_SOCKET = "/var/run/docker.sock"
LOGIN_TIMEOUT = 30.0

_open: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True)
class SshTunnel:
    """A running `ssh -L`, and the socket it listens on."""

    process: subprocess.Popen[bytes]
    folder: tempfile.TemporaryDirectory[str]

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def _socket(self) -> Path:
        return Path(self.folder.name) / "docker.sock"

    @classmethod
    def open(cls, address: str) -> SshTunnel:
        """A tunnel to `ssh://[user@]host[:port][/path/of/docker.sock]`. Raises EngineError."""
        folder = tempfile.TemporaryDirectory(prefix="treadle-ssh-")
        command = ssh_command(address, Path(folder.name) / "docker.sock")
        # A session of its own: Ctrl-C is for the runner, which still has containers to remove through this.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        tunnel = cls(process, folder)
        _open.add(process)
        try:
            tunnel._await_login(address)
        except KeyboardInterrupt:
            tunnel.close()
            raise
        return tunnel

    def _await_login(self, address: str) -> None:
        deadline = time.monotonic() + LOGIN_TIMEOUT
        while not self._socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self._end()
                raise EngineError(
                    "engine-ssh",
                    f'No ssh connection to the engine at "{address}": {said or "no answer"}.',
                    hint="Try it by hand with the same name: ssh must log in without asking for anything.",
                )
            time.sleep(0.02)

    def _end(self) -> str:
        """End ssh; what it said, in one line."""
        _open.discard(self.process)
        self.process.terminate()
        said = self.process.communicate()[1].decode(errors="replace")
        self.folder.cleanup()
        return "; ".join(line.strip() for line in said.splitlines() if line.strip()).rstrip(".")

    def close(self) -> None:
        self._end()


def ssh_command(address: str, socket: Path) -> list[str]:
    """The ssh command line that forwards `socket` to the engine at `address`. Raises Invalid."""
    expect_address(address, "The engine's address")
    parts = urlsplit(address)
    assert parts.hostname
    login = ["-l", parts.username] if parts.username else []
    port = ["-p", str(parts.port)] if parts.port else []
    remote = parts.path if len(parts.path) > 1 else REMOTE_SOCKET
    options = [
        "BatchMode=yes",
        "ExitOnForwardFailure=yes",
        "ServerAliveInterval=15",
        "StreamLocalBindUnlink=yes",
    ]
    return [
        "ssh",
        "-nNT",
        *(word for option in options for word in ("-o", option)),
        *login,
        *port,
        "-L",
        f"{socket}:{remote}",
        "--",
        parts.hostname,
    ]


def end_tunnels() -> None:
    """End every ssh, for a process that is about to exit without closing its engines."""
    for process in list(_open):
        process.terminate()
