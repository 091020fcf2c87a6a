"""The connection to a container's stdin and outputs, as the Engine API hijacks it from a request."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import APIClient

# A dead machine sends no end of its own: found after about a minute of silence.
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


SEND_TIMEOUT = 120.0
"""Seconds for a whole payload: up to 64 MB, perhaps over a slow line."""


class Attachment:
    """A raw, blocking connection. `close` may come from any thread, even while another one receives."""

    def __init__(self, client: APIClient, container: str) -> None:
        """Attach before the start: nothing is lost then, and no log driver is needed."""
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        # The file object belongs to the response: dropping either one closes the socket.
        self._holder: Any = client.attach_socket(container, params)
        self._socket: socket.socket = getattr(self._holder, "_sock", self._holder)
        self._lock = threading.Lock()
        self._receiving = False
        self._closed = False
        if self._socket.family != socket.AF_UNIX:
            _keep_alive(self._socket)

    def send(self, content: bytes) -> None:
        """Raises TimeoutError when the container does not take it in time."""
        self._socket.settimeout(SEND_TIMEOUT)
        self._socket.sendall(content)

    def receive(self, buffer: memoryview, timeout: float) -> int:
        """Fill the start of `buffer`; how much, 0 at the end. Raises TimeoutError after `timeout` seconds."""
        with self._lock:
            if self._closed:
                return 0
            self._receiving = True
        try:
            self._socket.settimeout(timeout)
            return self._socket.recv_into(buffer)
        finally:
            with self._lock:
                self._receiving = False
                if self._closed:
                    self._release()

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            # Wakes a receiver, which then releases the descriptor: closing it here could hand its number on.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            if not self._receiving:
                self._release()

    def _release(self) -> None:
        response = getattr(self._holder, "_response", None)
        with contextlib.suppress(OSError):
            if response is not None:
                response.close()
            self._holder.close()
            self._socket.close()


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if option := getattr(socket, name, None):
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
