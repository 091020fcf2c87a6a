"""The HTTP services of a test. Runs as a Python action in a container of its own, standard library only.

Its configuration is the variable `Services`, JSON: `[{"port", "routes": [{"path", ...}]}]`. Every request is printed
as one line of JSON; the first line says that all ports listen.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MAX_BODY = 1024 * 1024
printing = threading.Lock()


def tell(record: dict[str, Any]) -> None:
    with printing:
        print(json.dumps(record), flush=True)


def handler_for(port: int, routes: list[dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    counting = threading.Lock()
    used = [0] * len(routes)

    def choose(method: str, path: str) -> dict[str, Any]:
        with counting:
            for number, route in enumerate(routes):
                fits = route["path"] == path and route.get("method", method) == method
                if fits and used[number] < route.get("times", used[number] + 1):
                    used[number] += 1
                    return route
        return {"status": 404, "body": f"no route for {method} {path}\n"}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            size = min(int(self.headers.get("Content-Length") or 0), MAX_BODY)
            body = self.rfile.read(size).decode("utf-8", "replace")
            headers = {name.lower(): value for name, value in self.headers.items()}
            tell({"port": port, "method": self.command, "path": self.path, "headers": headers, "body": body})
            route = choose(self.command, self.path)
            time.sleep(route.get("delay", 0))
            content = route.get("body", "").encode()
            self.send_response(route.get("status", 200))
            for name, value in route.get("headers", {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler


def serve() -> None:
    services = json.loads(get_octopusvariable("Services"))  # type: ignore[name-defined]  # noqa: F821
    for service in services:
        handler = handler_for(service["port"], service["routes"])
        server = ThreadingHTTPServer(("", service["port"]), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    tell({"listening": len(services)})
    threading.Event().wait()


sys.stderr = open("/dev/null", "w")  # noqa: PTH123, SIM115 - a client that hangs up is not news
serve()
