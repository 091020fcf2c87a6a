"""Treadle as its users meet it: the program as a process of its own, in a project, with real containers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from registry.text.yaml_document import dump_yaml
from runner.engine.base import HOME_LABEL

TREADLE = str(Path(sys.executable).with_name("treadle"))
PATIENCE = 60.0
"""Seconds that anything may take on a busy machine before a test calls it stuck."""

Step = Mapping[str, Any]
Event = dict[str, Any]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[Event]:
        """What `--progress json` printed."""
        return events_in(self.stdout)

    @property
    def said(self) -> str:
        """All that it printed, for the message of a failed assertion."""
        return f"exit code {self.exit_code}\n{self.stdout}\n{self.stderr}"


class Running:
    """A run in another process, which prints its events. Use it as a context manager."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[Event] = []

    def await_log(self, text: str) -> Event:
        """Read on until a line of the log holds `text`."""
        return self.await_event("log", lambda event: any(text in line for line in event["lines"]))

    def await_event(self, kind: str, accept: Any = lambda _: True) -> Event:
        """Read on until an event of a kind comes; the process ends it all if there is none."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: Event = json.loads(line)
            self.events.append(event)
            if event["event"] == kind and accept(event):
                return event
        raise AssertionError(f"no event {kind!r} came: {self.finish().said}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self, timeout: float = PATIENCE) -> Done:
        """Wait for the end."""
        stdout, stderr = self.process.communicate(timeout=timeout)
        self.events += events_in(stdout)
        return Done(self.process.returncode, stdout, stderr)


@dataclass(frozen=True)
class Journey:
    """A project in `root` and a TREADLE_HOME of its own."""

    root: Path
    home: Path

    def write(self, name: str, content: str | Mapping[str, Any]) -> Path:
        """Write a file of the project; data becomes YAML, with `version: 1`."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else dump_yaml({"version": 1, **content}))
        return path

    def process(self, *steps: Step, name: str = "deploy") -> None:
        """Write a process."""
        self.write(f"{name}.yaml", {"name": name, "steps": list(steps)})

    def treadle(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            [TREADLE, *arguments],
            cwd=self.root,
            env=self._environment(env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Done:
        """Run the process `deploy` to its end, printing its events."""
        return self.treadle("run", "deploy", "--progress", "json", *arguments, stdin=stdin, env=env)

    @contextmanager
    def running(
        self, *arguments: str, env: Mapping[str, str] | None = None, stderr: IO[str] | int = subprocess.PIPE
    ) -> Iterator[Running]:
        """Start a run of the process `deploy`; it is killed at the end of the block if it goes on."""
        command = [TREADLE, "run", "deploy", "--progress", "json", *arguments]
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=self._environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process:
            try:
                yield Running(process)
            finally:
                process.kill()

    @contextmanager
    def command(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a command that says nothing; it is killed at the end of the block if it goes on."""
        with subprocess.Popen(
            [TREADLE, *arguments],
            cwd=self.root,
            env=self._environment(None),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def containers(self, *columns: str, engine: Sequence[str] = ()) -> list[str]:
        """The containers of this home on an engine, running or not: their ids, or other columns."""
        identity = self.home / "home-id"
        if not identity.exists():
            return []
        label = f"label={HOME_LABEL}={identity.read_text().strip()}"
        form = " ".join(f"{{{{.{column}}}}}" for column in columns or ("ID",))
        listing = ["ps", "-a", "--no-trunc", "--filter", label, "--format", form]
        return docker(*listing, engine=engine).split("\n")[:-1]

    def run_folders(self) -> list[Path]:
        """The journals, oldest first."""
        return sorted(path for path in (self.home / "runs").glob("*") if not path.name.startswith("."))

    def events(self) -> list[Event]:
        """What the journal of the last run holds."""
        lines = (self.run_folders()[-1] / "events.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def _environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {**os.environ, "TREADLE_HOME": str(self.home), **(more or {})}


def docker(*arguments: str, engine: Sequence[str] = ()) -> str:
    """What the docker command prints; `engine` are the options that name another one than the current."""
    done = subprocess.run(["docker", *engine, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def events_in(stdout: str) -> list[Event]:
    """The events among what a run printed: not the error that it may have ended with, nor half a line."""
    found = [json.loads(line) for line in stdout.splitlines() if line.endswith("}")]
    return [event for event in found if "event" in event]


def log_lines(events: Sequence[Event], *levels: str) -> list[str]:
    """The logged lines of some levels, of info if none is named."""
    wanted = levels or ("info",)
    return [
        line
        for event in events
        if event["event"] == "log" and event["level"] in wanted
        for line in event["lines"]
    ]


def eventually(condition: Any, seconds: float = PATIENCE) -> Any:
    """The first true answer of `condition`, asked again and again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"still not so after {seconds:g} s")
