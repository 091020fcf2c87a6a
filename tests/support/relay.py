"""A relay in front of a unix socket that can be cut: an engine, or one connection to it, that dies in between."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path


class Relay:
    """Listens on `front` and passes every connection on to `back`, until it is cut."""

    def __init__(self, front: Path, back: Path) -> None:
        self.front = front
        self._back = back
        self._open: list[socket.socket] = []
        self.frozen = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(front))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._back))
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def cut_connections(self) -> None:
        """End every open connection; new ones are still accepted."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Connections stay open and are accepted, but nothing passes any more."""
        self.frozen = True

    def close(self) -> None:
        """Nobody answers any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.front.unlink(missing_ok=True)
        self.cut_connections()
        for one in self._open:
            one.close()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                if self.frozen:
                    return
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
