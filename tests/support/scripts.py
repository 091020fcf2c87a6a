"""Running one script in a container and keeping what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from runner.bootstrap import ScriptRequest, build_payload
from runner.engine.base import Container, Stream
from runner.engine.payload import Payload


@dataclass(frozen=True)
class Ran:
    """Raw output, as text."""

    stdout: str
    stderr: str
    exit_code: int

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()


def run_payload(container: Container, payload: Payload) -> Ran:
    container.deliver(payload)
    chunks = list(container.output())
    streams = (Stream.STDOUT, Stream.STDERR)
    stdout, stderr = (
        b"".join(chunk for of, chunk in chunks if of is stream).decode("utf-8", "replace")
        for stream in streams
    )
    return Ran(stdout, stderr, container.wait(60).code)


def run_script(container: Container, request: ScriptRequest) -> Ran:
    """Run `request` in a waiting container."""
    return run_payload(container, build_payload(request))
