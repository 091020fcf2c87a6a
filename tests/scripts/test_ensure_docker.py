"""`scripts/ensure-docker`, with stand-ins for docker and for what starts its engine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "ensure-docker"

DOCKER = """#!/bin/sh
case $1 in
  version) [ -e {started} ] ;;
  context) echo unix:///var/run/docker.sock ;;
esac
"""
STARTER = """#!/bin/sh
echo "$0 $*" >>{calls}
touch {started}
"""
SUDO = """#!/bin/sh
shift
exec "$@"
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs; `started` appears in it when an engine runs."""
    names = {"started": tmp_path / "started", "calls": tmp_path / "calls"}
    programs = {"docker": DOCKER, "dockerd": STARTER, "systemctl": STARTER, "sudo": SUDO}
    for name, text in programs.items():
        (tmp_path / name).write_text(text.format(**names))
        (tmp_path / name).chmod(0o755)
    return tmp_path


def ensure(machine: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {"PATH": f"{machine}:{os.environ['PATH']}", "TMPDIR": str(machine), **environment}
    return subprocess.run([SCRIPT], env=settings, capture_output=True, text=True, timeout=30, check=False)


def test_an_engine_that_answers_is_left_alone(machine: Path) -> None:
    (machine / "started").touch()
    done = ensure(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (machine / "calls").exists()


def test_an_engine_that_does_not_run_is_started(machine: Path) -> None:
    done = ensure(machine)
    assert done.returncode == 0, done.stderr
    assert "docker" in (machine / "calls").read_text()


def test_an_engine_elsewhere_is_its_owners_to_start(machine: Path) -> None:
    done = ensure(machine, DOCKER_HOST="tcp://10.0.0.5:2376")
    assert done.returncode == 3
    assert done.stderr == (
        'The Docker engine at "tcp://10.0.0.5:2376" does not answer: '
        "start it there, or unset DOCKER_HOST to use one here.\n"
    )
    assert not (machine / "calls").exists()
