"""The HTTP services that recorded runs of templates talk to, and a proxy through which they find hosts by their names.

A route: `method` (absent: any), `path` with or without its query (`*`: anything), `status`, `body` (an object is JSON),
`replies` in turn, `require_header` with `else_headers`. Without a route the answer is 404.
"""

from __future__ import annotations

import json
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.http_service import gateway_address

Route = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """A request; `host` where it came through the proxy."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    host: str = ""


@dataclass
class MockService:
    """`ca` is the PEM of who signs its certificates."""

    address: str
    ca: bytes
    seen: list[Seen] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)

    def answer(self, routes: Sequence[Route], seen: Seen) -> tuple[int, Mapping[str, str], bytes]:
        for number, route in enumerate(routes):
            if route.get("method", seen.method) != seen.method:
                continue
            if route["path"] not in ("*", seen.path, seen.path.partition("?")[0]):
                continue
            required = route.get("require_header", {})
            if any(seen.headers.get(name) != value for name, value in required.items()):
                return 401, route.get("else_headers", {}), b""
            replies = route.get("replies", [route])
            turn = self.counts[number] = self.counts.get(number, 0) + 1
            reply = replies[min(turn, len(replies)) - 1]
            body = reply.get("body", "")
            kind = "text/plain" if isinstance(body, str) else "application/json"
            text = body if isinstance(body, str) else json.dumps(body)
            return reply.get("status", 200), {"Content-Type": kind}, text.encode()
        return 404, {}, b""


@contextmanager
def mock_service(routes: Sequence[Route], hosts: Sequence[str]) -> Iterator[MockService]:
    """The service, where containers of the default network reach it."""
    authority = _Authority()
    with tempfile.TemporaryDirectory() as folder:
        tls = authority.context(Path(folder), hosts)
        service = MockService("", authority.pem)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            host = ""

            def do_CONNECT(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.host = self.path.rpartition(":")[0]
                self.connection = tls.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                self.close_connection = False

            def finish(self) -> None:
                super().finish()
                self.connection.close()  # that of TLS, which http.server knows nothing of

            def do_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                seen = Seen(self.command, self.path, dict(self.headers), body, self.host)
                service.seen.append(seen)
                status, headers, content = service.answer(routes, seen)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_any  # noqa: N815 - named by http.server

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        gateway = gateway_address()
        with ThreadingHTTPServer((gateway, 0), Handler) as server:
            server.daemon_threads = True
            service.address = f"{gateway}:{server.server_port}"
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            try:
                yield service
            finally:
                server.shutdown()


class _Authority:
    """A certificate authority for one test."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        self._certificate = self._built(name, name, self._key.public_key(), ca=True, hosts=())
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)

    def context(self, folder: Path, hosts: Sequence[str]) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mock")])
        made = self._built(subject, self._certificate.subject, key.public_key(), ca=False, hosts=hosts)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = folder / "mock.pem"
        file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _built(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        ca: bool,
        hosts: Sequence[str],
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())
