"""`scripts/ensure-venv`, with a stand-in for the Python of the virtualenv that it fills."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "ensure-venv"

PIP = """#!/bin/sh
echo "$*" >>{calls}
case "$*" in
  *freeze*) echo PyYAML==99.1; echo types_docker==1; grep -m1 -o '^click==[^ ]*' requirements/dev.txt ;;
  *--editable*) exit {code} ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A virtualenv whose Python notes what it is asked for in `calls`."""
    _stand_in(tmp_path)
    return tmp_path


def _stand_in(folder: Path, code: int = 0) -> None:
    python = folder / "bin" / "python"
    python.parent.mkdir(exist_ok=True)
    python.write_text(PIP.format(calls=folder / "calls", code=code))
    python.chmod(0o755)


def _ensure(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(SCRIPT), *arguments]
    environment = {**os.environ, "PYTHON": sys.executable}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_only_what_is_pinned_with_hashes_is_installed(folder: Path) -> None:
    done = _ensure(str(folder))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    quiet = "-m pip install -qq --disable-pip-version-check"
    assert (folder / "calls").read_text().splitlines() == [
        f"{quiet} --require-hashes --requirement requirements/dev.txt",
        f"{quiet} --no-deps --no-build-isolation --editable .",
    ]


def test_the_newest_versions_are_told(folder: Path) -> None:
    done = _ensure("--newest", str(folder))
    assert done.returncode == 0, done.stderr
    assert "--upgrade --upgrade-strategy eager --editable .[dev]" in (folder / "calls").read_text()
    told = done.stderr.splitlines()[1:]
    assert told == ["Newer than the pinned versions:", "  pyyaml==99.1", "  types-docker==1"]


def test_an_installation_that_fails_fails(folder: Path) -> None:
    _stand_in(folder, code=1)
    assert _ensure(str(folder)).returncode == 1
    assert _ensure("--newest", str(folder)).returncode == 1
