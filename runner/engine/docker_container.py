"""One container of an action: deliver, output, wait, stop, fetch, remove."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from runner.engine.base import KILLED, ContainerLimits, EngineError, Exit, Stream, refuse_oversized
from runner.engine.docker_attach import Attachment
from runner.engine.docker_connect import Connection
from runner.engine.docker_errors import engine_errors
from runner.engine.docker_stream import BrokenStream, demultiplex
from runner.engine.payload import Payload

if TYPE_CHECKING:
    from docker import APIClient

SILENCE = 5.0
"""Seconds without output after which it is worth asking whether the container is still there."""

END_TIMEOUT = 20.0
"""Seconds from the end of a container's output to its end: the engine still takes its network down."""

PATIENCE = 30.0
"""Seconds of waiting for a container's end after which it is worth asking whether the engine is still there."""

FETCH_CHUNK = 1024 * 1024


class DockerContainer:
    """See `runner.engine.base.Container`."""

    def __init__(
        self, connection: Connection, id_: str, attachment: Attachment, limits: ContainerLimits
    ) -> None:
        self._connection = connection
        self._client: APIClient = connection.client
        self._id = id_
        self._attachment = attachment
        self._limits = limits
        self._exit: Exit | None = None

    @property
    def id(self) -> str:
        return self._id

    def deliver(self, payload: Payload) -> None:
        refuse_oversized(payload, self._limits)
        tar = payload.to_tar()
        with engine_errors(self._connection, "delivering an action"):
            self._attachment.send(b"%d\n" % len(tar))
            self._attachment.send(tar)

    def output(self, drain_timeout: float = 10.0) -> Iterator[tuple[Stream, bytes]]:
        drain = _Drain(self._has_exited, drain_timeout)

        def receive(buffer: memoryview) -> int:
            while not drain.is_over():
                try:
                    return self._attachment.receive(buffer, drain.patience)
                except TimeoutError:
                    drain.note_silence()
            return 0

        try:
            with engine_errors(self._connection, "reading an action's output"):
                yield from demultiplex(receive)
        except BrokenStream as error:
            raise EngineError("engine-lost", f"The output of an action broke off: {error}.") from error
        self._confirm_end()

    def _confirm_end(self) -> None:
        """An engine that dies looks like a clean end of output: the container must have ended as well."""
        try:
            self.wait(END_TIMEOUT)
        except TimeoutError as error:
            raise EngineError(
                "engine-lost",
                f'The engine at "{self._connection.name}" closed the output of an action that goes on.',
                hint="Check the engine's own log.",
            ) from error

    def wait(self, timeout: float | None = None) -> Exit:
        if self._exit is None:
            code: int | None = KILLED  # by whoever removed it, if it is gone
            with engine_errors(self._connection, "waiting for an action"), gone_already():
                code = self._exit_code(PATIENCE if timeout is None else timeout)
                while code is None and timeout is None:
                    self._state()  # an engine that does not answer this either is gone
                    code = self._exit_code(PATIENCE)
            if code is None:
                raise TimeoutError(f"container {self._id[:12]} goes on after {timeout} seconds")
            # A killed child sets the flag as well, while the script goes on: it must have died of it itself.
            self._exit = Exit(code, out_of_memory=code == KILLED and bool(self._state().get("OOMKilled")))
        return self._exit

    def _exit_code(self, timeout: float) -> int | None:
        """The exit code; None when the container goes on after `timeout` seconds."""
        from requests.exceptions import ConnectionError as BrokenConnection
        from requests.exceptions import ReadTimeout
        from urllib3.exceptions import ReadTimeoutError

        try:
            return int(self._client.wait(self._id, timeout=timeout)["StatusCode"])  # type: ignore[arg-type]  # fractions are fine
        except ReadTimeout:
            return None
        except BrokenConnection as error:
            # The engine answers at once and sends the body at the end: so most timeouts come from within it.
            if error.args and isinstance(error.args[0], ReadTimeoutError):
                return None
            raise

    def _has_exited(self) -> bool:
        return not self._state().get("Running")

    def _state(self) -> dict[str, Any]:
        """What the engine knows of the container; nothing once somebody else has removed it."""
        with engine_errors(self._connection, "looking at an action"), gone_already():
            return dict(self._client.inspect_container(self._id)["State"])
        return {}

    def stop(self, grace: float = 10.0) -> None:
        with engine_errors(self._connection, "stopping an action"), gone_already():
            self._client.stop(self._id, timeout=math.ceil(grace))

    def fetch(self, path: str) -> Iterator[bytes]:
        from docker.errors import NotFound

        doing = f'fetching "{path}"'
        with engine_errors(self._connection, doing):
            try:
                stream, _ = self._client.get_archive(self._id, path, chunk_size=FETCH_CHUNK)
            except NotFound:
                stream = None
        if stream is None:
            raise FileNotFoundError(path)
        return self._checked(stream, doing)

    def _checked(self, stream: Iterator[bytes], doing: str) -> Iterator[bytes]:
        with engine_errors(self._connection, doing):
            yield from stream

    def disk_usage(self) -> int:
        with engine_errors(self._connection, "looking at an action's disk", may_be_slow=True):
            found = self._client.containers(all=True, size=True, filters={"id": self._id})
        return sum(int(container.get("SizeRw") or 0) for container in found)

    def remove(self) -> None:
        self._attachment.close()
        with engine_errors(self._connection, "removing an action's container"):
            remove_container(self._client, self._id)


class _Drain:
    """When to stop waiting for output: `timeout` seconds after the container was found to be gone."""

    def __init__(self, has_exited: Callable[[], bool], timeout: float) -> None:
        self._has_exited = has_exited
        self._timeout = timeout
        self._deadline: float | None = None
        self.patience = SILENCE

    def note_silence(self) -> None:
        if self._deadline is None and self._has_exited():
            self._deadline = time.monotonic() + self._timeout
            self.patience = max(0.01, min(SILENCE, self._timeout))

    def is_over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline


def remove_container(client: APIClient, id_: str) -> None:
    """Remove a container, running or not, with its anonymous volumes; fine when it is gone already."""
    with gone_already():
        client.remove_container(id_, v=True, force=True)


@contextmanager
def gone_already() -> Iterator[None]:
    """Nothing to do for a container that is gone, or that somebody else removes at this moment."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        if error.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            raise
