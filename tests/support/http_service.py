"""An HTTP service that containers can reach, and that remembers what it was asked."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.support.journey import docker


@dataclass(frozen=True)
class Request:
    """A request as it came; `body` is text."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass
class HttpService:
    """Answers `status` to everything, with the body `text`."""

    address: str = ""
    status: int = 200
    text: str = "ok"
    requests: list[Request] = field(default_factory=list)


@contextmanager
def http_service() -> Iterator[HttpService]:
    """The service, on the address that the containers of the default network have as their gateway."""
    gateway = gateway_address()
    service = HttpService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode()
            service.requests.append(Request(self.command, self.path, dict(self.headers), body))
            self.send_response(service.status)
            self.send_header("Content-Length", str(len(service.text)))
            self.end_headers()
            self.wfile.write(service.text.encode())

        do_POST = do_PUT = do_GET  # noqa: N815 - named by http.server

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer((gateway, 0), Handler) as server:
        service.address = f"http://{gateway}:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def gateway_address() -> str:
    """The bridge's own address: the first of its subnet where the engine doesn't tell."""
    (config,) = json.loads(docker("network", "inspect", "bridge"))[0]["IPAM"]["Config"]
    return str(config.get("Gateway") or ipaddress.ip_network(config["Subnet"])[1])
