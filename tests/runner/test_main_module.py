"""`python -m runner`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_package_runs_as_the_program_does(tmp_path: Path) -> None:
    done = _run(tmp_path, "-m", "runner", "show", "builtin/sleep")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Treadle - Sleep\nbuiltin/sleep@")


def test_its_messages_and_exit_codes_are_the_program_s(tmp_path: Path) -> None:
    done = _run(tmp_path, "-m", "runner", "serach")
    assert done.returncode == 2
    assert 'there is no command "serach"' in done.stderr


def test_importing_the_module_starts_nothing(tmp_path: Path) -> None:
    done = _run(tmp_path, "-c", "import runner.__main__")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PATH": "/usr/bin:/bin", "TREADLE_HOME": str(home), "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
