"""The site: a page that takes a while, as pages do. It drops the requests it works on when it ends."""

import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = (Path(__file__).resolve().parent / "VERSION").read_text().strip()


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/health":
            time.sleep(0.1)
        body = f"{VERSION} from {socket.gethostname()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


time.sleep(0.5)  # what a larger site needs to start
ThreadingHTTPServer(("", 8080), Page).serve_forever()
