"""Finding the steps that use templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import Invalid
from runner.dependencies.uses import find_uses

PROCESS = """\
name: Web
steps:
  - name: One
    uses: community/a@12
    with: {url: http://x, count: 1.50, on: true, none: null}
  - name: Script
    run: echo hello
  - name: Rolling
    actions:
      - {name: drain, run: ./drain.sh}
      - {name: deploy, uses: library/b@3+}
"""


def test_steps_and_their_actions_are_found(tmp_path: Path) -> None:
    (tmp_path / "deploy.yaml").write_text(PROCESS)
    uses = find_uses(tmp_path, tmp_path)
    assert [(use.label, use.path, use.step, str(use.reference)) for use in uses] == [
        ("deploy.yaml", ("steps", 0), "One", "community/a@12"),
        ("deploy.yaml", ("steps", 2, "actions", 1), "Rolling / deploy", "library/b@3+"),
    ]
    assert uses[0].values == {"url": "http://x", "count": "1.50", "on": "True", "none": None}


def test_only_processes_are_read(tmp_path: Path) -> None:
    for name in (".hidden/x.yaml", "library/y.yaml", "sub/deploy.yml", "treadle.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(PROCESS)
    (tmp_path / "chart.yaml").write_text("{{ not yaml at all\n")
    (tmp_path / "pipeline.yaml").write_text("steps: [{task: Build@1}, text]\n")
    uses = find_uses(tmp_path, tmp_path, [tmp_path / "library"])
    assert {use.label for use in uses} == {"sub/deploy.yml"}


@pytest.mark.parametrize("text", ["steps: [\n", "steps: [{name: One, uses: slack}]\n"])
def test_a_process_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "deploy.yaml").write_text(text)
    with pytest.raises(Invalid, match=r"deploy\.yaml: "):
        find_uses(tmp_path, tmp_path)
