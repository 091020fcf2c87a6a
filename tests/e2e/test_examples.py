"""The projects in examples/ do what their READMEs say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.journey import Journey, log_lines

pytestmark = pytest.mark.docker

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_simple_process_asks_in_production_only(journey: Journey) -> None:
    shutil.copytree(EXAMPLES / "simple-process", journey.root, dirs_exist_ok=True)

    test = journey.run("-e", "Test")
    assert test.exit_code == 0, test.said
    assert log_lines(test.events) == ["Deploying 1.0 to web-1", "web-1 has 1.0"]

    asked = journey.run("-e", "Production", "--var", "Release=1.1")
    assert asked.exit_code == 4, asked.said
    assert log_lines(asked.events) == []

    done = journey.treadle("runs", "intervene", "--proceed", "--progress", "json")
    assert done.exit_code == 0, done.said
    lines = sorted(log_lines(done.events))
    assert lines == [
        "Deploying 1.1 to web-1",
        "Deploying 1.1 to web-2",
        "web-1 has 1.1",
        "web-2 has 1.1",
    ]
