"""From an endpoint to a client of the Engine API."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from runner.engine.address import expect_address
from runner.engine.base import Endpoint, EngineError
from runner.engine.docker_config import config_folder, current_context
from runner.engine.docker_errors import unreachable

if TYPE_CHECKING:
    from docker import APIClient
    from docker.tls import TLSConfig

    from runner.engine.ssh_tunnel import SshTunnel

GREETING_TIMEOUT = 5
"""Seconds that an engine has to say which version it is: every engine that is well does so at once."""

TIMEOUT = 60
"""Seconds that one answer may take from then on: a busy engine is slow, and a frozen one says nothing at all."""

LOST_TIMEOUT = 5
"""Seconds for each answer of an engine that has failed to give one: what is left to do is clearing up."""

ANY_VERSION = "1.41"
"""For the one question that is asked without naming a version."""

CONNECTIONS = 64
"""Kept open at most: each attached container takes one, and every thread another."""


_making = threading.Lock()


@dataclass(frozen=True)
class Connection:
    """A client, and the tunnel it goes through."""

    client: APIClient
    name: str
    tunnel: SshTunnel | None = None

    def note_lost(self) -> None:
        """The engine did not answer: do not wait long for it again."""
        self.client.timeout = LOST_TIMEOUT

    def close(self) -> None:
        self.client.close()
        if self.tunnel:
            self.tunnel.close()


def connect(endpoint: Endpoint) -> Connection:
    """A connection that has been answered. Raises EngineError."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    host, tls = _address(endpoint)
    expect_address(host, _whose(endpoint))
    tunnel = _tunnel(host) if host.startswith("ssh://") else None
    try:
        client = _client(tunnel.url if tunnel else host, tls)
    except (DockerException, RequestException, OSError, ValueError) as error:
        if tunnel:
            tunnel.close()
        raise unreachable(host, error) from error
    return Connection(client, host, tunnel)


def _whose(endpoint: Endpoint) -> str:
    """Where the address was found, for messages."""
    if endpoint.host:
        return "The engine's address"
    return "DOCKER_HOST" if os.environ.get("DOCKER_HOST") else "The Docker context's address"


def _tunnel(host: str) -> SshTunnel:
    from runner.engine.ssh_tunnel import SshTunnel

    return SshTunnel.open(host)


def _client(url: str, tls: TLSConfig | None) -> APIClient:
    """A client that speaks the engine's own version of the API.

    The package's `version="auto"` asks before `trust_env` can be switched off, and with that on
    REQUESTS_CA_BUNDLE takes the place of the engine's own certificate authority.
    """
    from docker import APIClient

    class Client(APIClient):
        """One that sends no logins along with a build: what that is based on is there already."""

        def _set_auth_headers(self, headers: Any) -> None:
            """Without looking into Docker's config file."""

    def make(version: str, timeout: int) -> APIClient:
        with _without_docker_config():
            client = Client(
                base_url=url, version=version, tls=tls or False, timeout=timeout, max_pool_size=CONNECTIONS
            )
        client.trust_env = False
        return client

    first = make(ANY_VERSION, GREETING_TIMEOUT)
    try:
        return make(str(first.version(api_version=False)["ApiVersion"]), TIMEOUT)
    finally:
        first.close()


@contextmanager
def _without_docker_config() -> Iterator[None]:
    """Make clients that do not read Docker's config file.

    The package reads it while a client is made, needed or not, and fails on whatever it does not expect there. It
    cannot be made to leave it.
    """
    from docker.auth import AuthConfig

    package: Any = import_module("docker.api.client")

    nothing = SimpleNamespace(load_general_config=dict, load_config=lambda **_: AuthConfig({}))
    with _making:
        found = package.config, package.auth
        package.config = package.auth = nothing
        try:
            yield
        finally:
            package.config, package.auth = found


def _address(endpoint: Endpoint) -> tuple[str, TLSConfig | None]:
    """The endpoint's own address; else DOCKER_HOST; else the current context: as the docker command does."""
    if endpoint.host:
        return endpoint.host, _tls(dict(endpoint.tls), bool(endpoint.tls))
    if host := os.environ.get("DOCKER_HOST"):
        folder = Path(os.environ.get("DOCKER_CERT_PATH") or config_folder())
        files = {name: str(folder / f"{name}.pem") for name in ("ca", "cert", "key")}
        return host, _tls(files, bool(os.environ.get("DOCKER_TLS_VERIFY")))
    return _context_address()


def _context_address() -> tuple[str, TLSConfig | None]:
    context = current_context()
    if not context.tls:
        return context.host, None
    return context.host, _tls(dict(context.tls), wanted=True, verify=context.verify)


def _tls(files: dict[str, str], wanted: bool, verify: bool = True) -> TLSConfig | None:
    if not wanted:
        return None
    from docker.errors import TLSParameterError
    from docker.tls import TLSConfig

    pair = (files["cert"], files["key"]) if "cert" in files and "key" in files else None
    try:
        return TLSConfig(client_cert=pair, ca_cert=files.get("ca"), verify=verify)
    except TLSParameterError as error:
        named = ", ".join(f'{name} "{path}"' for name, path in sorted(files.items()))
        raise EngineError(
            "engine-tls-files",
            f"The TLS files of this engine cannot be used: {named}.",
            hint="Give ca, cert and key as paths of files that exist.",
        ) from error
