"""Engines for tests: the fake, the one of this machine, a second one behind TLS; and payloads that all can run."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runner.engine.base import HOME_LABEL, RUN_LABEL, Container, ContainerSpec, Engine, Exit, Stream
from runner.engine.fake import FakeEngine, Script
from runner.engine.payload import START_FILE, Payload, PayloadFile

CHECKOUT = Path(__file__).parents[2]


_scripts: dict[Payload, Script] = {}


def fake_engine() -> FakeEngine:
    """A fake that knows every `Program`."""
    return FakeEngine(lambda _, payload: _scripts[payload])


@dataclass(frozen=True)
class Program:
    """A start file, and what the fake does in its place."""

    sh: str
    script: Script = field(default_factory=Script)
    files: tuple[PayloadFile, ...] = ()

    def __post_init__(self) -> None:
        _scripts[self.payload] = self.script

    @property
    def payload(self) -> Payload:
        return Payload((*self.files, PayloadFile(START_FILE, self.sh.encode())))


@dataclass(frozen=True)
class Outcome:
    stdout: bytes
    stderr: bytes
    exit: Exit


@dataclass(frozen=True)
class Bench:
    """An engine, and one way to run containers on it. Every container that a test makes carries its own home."""

    engine: Engine
    defaults: ContainerSpec
    home: str = field(default_factory=lambda: f"test-{uuid.uuid4()}")

    def spec(self, run: str = "run-1", **changes: Any) -> ContainerSpec:
        labels = {HOME_LABEL: self.home, RUN_LABEL: run}
        return replace(self.defaults, **{"labels": labels, **changes})

    def left_behind(self) -> list[str]:
        """What this test made and did not remove."""
        if isinstance(self.engine, FakeEngine):
            return self.engine.left_behind()
        return list(self.engine.sweep(self.home, is_live=lambda _: False))

    def run(self, program: Program, **changes: Any) -> Outcome:
        """Run `program` in a container of its own, from prepare to remove."""
        container = self.engine.prepare(self.spec(**changes))
        try:
            return finish(container, program)
        finally:
            container.remove()


def finish(container: Container, program: Program) -> Outcome:
    """Deliver `program` to a waiting container and follow it to its end."""
    container.deliver(program.payload)
    chunks = list(container.output())
    return Outcome(joined(chunks, Stream.STDOUT), joined(chunks, Stream.STDERR), container.wait())


def joined(chunks: list[tuple[Stream, bytes]], stream: Stream) -> bytes:
    return b"".join(chunk for kind, chunk in chunks if kind is stream)


def busybox_image() -> str:
    """The small image of the tests, made if need be."""
    done = subprocess.run(
        [CHECKOUT / "scripts" / "ensure-busybox-image"], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()
