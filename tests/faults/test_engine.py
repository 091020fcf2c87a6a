"""Engines, images and containers that are not there, or not any more; and a disk that is full."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from runner.engine.base import Endpoint
from tests.support.engine import busybox_image
from tests.support.journey import Journey, Step, docker, eventually, log_lines
from tests.support.second_engine import second_engine

pytestmark = pytest.mark.docker

WAIT = {"name": "Wait", "run": "echo ready; sleep 60"}


def test_a_missing_image_is_told_before_anything_runs(journey: Journey) -> None:
    journey.process(
        {"name": "One", "run": "echo one"},
        {"name": "Two", "run": "echo two", "container": {"image": "treadle/worcer:0.1.0"}},
    )

    done = journey.run()

    assert done.exit_code == 2, done.said
    assert done.events == []
    assert '"treadle/worcer:0.1.0"' in done.stderr
    assert "Traceback" not in done.stderr
    assert journey.run_folders() == []


@pytest.mark.parametrize("host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"])
def test_an_engine_that_does_not_answer(journey: Journey, host: str) -> None:
    journey.process({"name": "One", "run": "echo one"})

    done = journey.run(env={"DOCKER_HOST": host})

    assert done.exit_code == 3, done.said
    assert done.events == []
    assert f'"{host}" does not answer' in done.stderr
    assert "hint:" in done.stderr
    assert journey.run_folders() == []


def test_a_network_that_does_not_exist_fails_the_step(journey: Journey) -> None:
    journey.process({"name": "One", "run": "true", "container": {"network": "no-such-network"}})

    done = journey.run()

    assert done.exit_code in (1, 2), done.said
    assert "no-such-network" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def container_of(journey: Journey, action: str) -> str:
    """The id of an action's container."""
    found = (line.split() for line in journey.containers("ID", 'Label "treadle.action"'))
    return next(id_ for id_, label in found if label == action)


def test_a_container_removed_by_somebody_else(journey: Journey) -> None:
    journey.process(WAIT, {"name": "Never", "run": "echo never"})
    with journey.running() as run:
        run.await_log("ready")
        docker("rm", "-f", container_of(journey, "1-wait"))
        done = run.finish(20)

    assert done.exit_code == 1, done.said
    assert "was killed" in run.events[-1]["message"]
    assert log_lines(run.events) == ["ready"]


def test_all_containers_removed_by_somebody_else(journey: Journey) -> None:
    """The namespace that the actions share goes with them."""
    steps = [{"name": f"step {n}", "run": f"echo {n}; sleep 0.5"} for n in range(6)]
    journey.process(*steps)
    with journey.running() as run:
        run.await_log("1")
        docker("rm", "-f", *journey.containers())
        done = run.finish(30)

    assert done.exit_code in (1, 3), done.said
    assert "Traceback" not in done.stderr
    assert run.events[-1]["event"] == "run-finished"


@pytest.fixture
def small_home(journey: Journey) -> Iterator[Path]:
    """The journey's home on a disk of its own, of half a megabyte."""
    journey.home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(journey.home)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"this test mounts a small disk, which needs root: {done.stderr}"
    yield journey.home
    subprocess.run(["umount", str(journey.home)], check=True)


@pytest.mark.usefixtures("small_home")
def test_a_full_disk_ends_the_run_clearly(journey: Journey) -> None:
    journey.process({"name": "Talk", "run": "seq 1000000; sleep 60"}, {"name": "Never", "run": "echo never"})

    done = journey.run()

    assert done.exit_code == 3, done.said[-1000:]
    assert "No space left on device" in done.stderr
    assert "Make room on that disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert journey.containers() == []
    events = journey.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


@pytest.mark.usefixtures("small_home")
def test_an_artifact_that_the_disk_has_no_room_for(journey: Journey) -> None:
    journey.process({"name": "Keep", "run": "head -c 2M /dev/urandom >big; new_octopusartifact big"})

    done = journey.run()

    assert done.exit_code == 3, done.said
    assert 'cannot keep artifact "big": No space left on device' in done.stderr
    assert done.events[-1]["status"] == "failed"
    assert not list((journey.run_folders()[-1] / "artifacts").rglob("*big*"))


class MortalEngine:
    """A second engine that can be killed and started again."""

    def __init__(self, folder: Path, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.options = [f"--host=unix://{folder}/docker.sock"]
        self._log = folder / "dockerd.log"
        self._restarted: list[subprocess.Popen[bytes]] = []
        pid = (folder / "pid").read_text()
        self._command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
        (exec_root,) = (word.partition("=")[2] for word in self._command if word.startswith("--exec-root="))
        self._pid_files = [folder / "pid", Path(exec_root, "containerd", "containerd.pid")]

    def _pids(self) -> list[int]:
        return [int(path.read_text()) for path in self._pid_files]

    def kill(self) -> None:
        """Without a warning, and before it could look after anything."""
        pids = self._pids()
        for pid in pids:
            with suppress(ProcessLookupError):  # the second goes down with the first
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: all(map(_is_gone, pids)))

    def start(self) -> None:
        for path in self._pid_files:
            path.unlink()  # a killed process that nobody looked after yet counts as alive
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._command, stdout=log, stderr=log)
        self._restarted.append(process)
        eventually(lambda: self._answers() or process.poll() is not None)
        assert self._answers(), self._log.read_text()[-4000:]

    def _answers(self) -> bool:
        version = ["docker", *self.options, "version"]
        return subprocess.run(version, capture_output=True, check=False).returncode == 0

    def close(self) -> None:
        for process in self._restarted:
            process.terminate()
            process.wait(30)


def _is_gone(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


@contextmanager
def mortal_engine(folder: Path) -> Iterator[MortalEngine]:
    with second_engine(folder) as endpoint:
        engine = MortalEngine(folder, endpoint)
        archive = folder / "image.tar"
        docker("save", "-o", str(archive), busybox_image())
        docker("load", "-i", str(archive), engine=engine.options)
        archive.unlink()
        try:
            yield engine
        finally:
            engine.close()


def test_an_engine_that_dies_in_the_middle_of_a_run(journey: Journey) -> None:
    # The engine's sockets lie in this folder, and their paths must be short.
    with tempfile.TemporaryDirectory(prefix="engine-") as folder, mortal_engine(Path(folder)) as engine:
        host = engine.endpoint.host
        far: Step = {"roles": ["far"], "shell": "sh", "container": {"image": busybox_image()}}
        journey.write(
            "treadle.yaml",
            {
                "environments": {"Test": {}},
                "targets": {
                    "far": {
                        "environments": ["Test"],
                        "roles": ["far"],
                        "docker": {"host": host, "tls": dict(engine.endpoint.tls)},
                    }
                },
            },
        )
        journey.process({"name": "Near", "run": "echo near"}, {**WAIT, **far})
        with journey.running("-e", "Test") as run:
            run.await_log("ready")
            engine.kill()
            done = run.finish()
        assert done.exit_code == 3, done.said
        assert str(host) in done.stderr
        assert "Traceback" not in done.stderr
        assert run.events[-1]["event"] == "run-finished"
        assert run.events[-1]["status"] == "failed"
        assert json.loads((journey.run_folders()[-1] / "result.json").read_text())["status"] == "failed"

        engine.start()
        assert journey.containers(engine=engine.options) != []
        journey.process({"name": "Next", "run": "echo next", **far})
        again = journey.run("-e", "Test")

        assert again.exit_code == 0, again.said
        assert journey.containers(engine=engine.options) == []
