"""From an endpoint to a client of the Engine API."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.engine.base import Endpoint, EngineError
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
    tunnel = _tunnel(host) if host.startswith("ssh://") else None
    try:
        client = _client(tunnel.url if tunnel else host, tls)
    except (DockerException, RequestException, OSError) as error:
        if tunnel:
            tunnel.close()
        raise unreachable(host, error) from error
    return Connection(client, host, tunnel)


def _tunnel(host: str) -> SshTunnel:
    from runner.engine.ssh_tunnel import SshTunnel

    return SshTunnel.open(host)


def _client(url: str, tls: TLSConfig | None) -> APIClient:
    """A client that speaks the engine's own version of the API.

    The package's `version="auto"` asks before `trust_env` can be switched off, and with that on
    REQUESTS_CA_BUNDLE takes the place of the engine's own certificate authority.
    """
    from docker import APIClient

    def make(version: str, timeout: int) -> APIClient:
        client = APIClient(
            base_url=url, version=version, tls=tls or False, timeout=timeout, max_pool_size=CONNECTIONS
        )
        client.trust_env = False
        return client

    first = make(ANY_VERSION, GREETING_TIMEOUT)
    try:
        return make(str(first.version(api_version=False)["ApiVersion"]), TIMEOUT)
    finally:
        first.close()


def _address(endpoint: Endpoint) -> tuple[str, TLSConfig | None]:
    """The endpoint's own address; else DOCKER_HOST; else the current context: as the docker command does."""
    if endpoint.host:
        return endpoint.host, _tls(dict(endpoint.tls), bool(endpoint.tls))
    if host := os.environ.get("DOCKER_HOST"):
        folder = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
        files = {name: str(folder / f"{name}.pem") for name in ("ca", "cert", "key")}
        return host, _tls(files, bool(os.environ.get("DOCKER_TLS_VERIFY")))
    return _current_context()


def _current_context() -> tuple[str, TLSConfig | None]:
    from docker.context import ContextAPI
    from docker.errors import DockerException

    name = os.environ.get("DOCKER_CONTEXT")
    try:
        context = ContextAPI.get_context(name)
    except DockerException as error:
        raise EngineError(
            "docker-context-unreadable", f"The Docker context cannot be read: {error}."
        ) from error
    if context is None:
        raise EngineError(
            "docker-context-unknown",
            f'The Docker context "{name or "that is set as current"}" does not exist.',
            hint="List the contexts with: docker context ls",
        )
    # The package calls its default socket "http+unix://", which names it as a transport of its own.
    host = str(context.Host).removeprefix("http+")
    return host, context.TLSConfig


def _tls(files: dict[str, str], wanted: bool) -> TLSConfig | None:
    if not wanted:
        return None
    from docker.errors import TLSParameterError
    from docker.tls import TLSConfig

    pair = (files["cert"], files["key"]) if "cert" in files and "key" in files else None
    try:
        return TLSConfig(client_cert=pair, ca_cert=files.get("ca"), verify=True)
    except TLSParameterError as error:
        named = ", ".join(f'{name} "{path}"' for name, path in sorted(files.items()))
        raise EngineError(
            "engine-tls-files",
            f"The TLS files of this engine cannot be used: {named}.",
            hint="Give ca, cert and key as paths of files that exist.",
        ) from error
