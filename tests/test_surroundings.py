"""The guard of `conftest.py` itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry.home import Home
from tests.conftest import REAL_HOME, MakeProject


def test_touching_the_real_settings_trips_the_alarm() -> None:
    with pytest.raises(AssertionError, match="which belongs to you"):
        (REAL_HOME / ".local/share/treadle/index.sqlite").read_bytes()


def test_touching_the_home_that_the_environment_names_trips_the_alarm(tmp_path: Path) -> None:
    program = "import os, tests.conftest; open(os.environ['TREADLE_HOME'] + '/projects.json', 'w')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TREADLE_HOME": str(tmp_path)},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert f'a test touched "{tmp_path}/projects.json"' in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_git_and_treadle_see_surroundings_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    asked = ["git", "config", "--global", "user.email"]
    assert subprocess.run(asked, capture_output=True, text=True).stdout == "tests@example.com\n"
    assert Home.locate().path.is_relative_to(tmp_path_factory.getbasetemp())


def test_a_project_has_a_home_of_its_own(make_project: MakeProject) -> None:
    project = make_project({"deploy.yaml": {"steps": [{"name": "Hello", "run": "echo hello"}]}})
    done = project.treadle("plan", "deploy")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Hello" in done.stdout
    assert project.home_files() == []
