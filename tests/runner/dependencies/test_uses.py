"""Finding the steps that use templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.dependencies.uses import find_uses

PROCESS = """\
version: 1
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
    uses = find_uses(tmp_path, tmp_path).uses
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
    uses = find_uses(tmp_path, tmp_path, [tmp_path / "library"]).uses
    assert {use.label for use in uses} == {"sub/deploy.yml"}


@pytest.mark.parametrize(
    "text", ["version: 1\nsteps: [\n", "version: 1\nsteps: [{name: One, uses: slack}]\n"]
)
def test_a_process_that_cannot_be_read_is_told_beside_the_others(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.yaml").write_text(text)
    (tmp_path / "deploy.yaml").write_text(PROCESS)
    found = find_uses(tmp_path, tmp_path)
    assert len(found.uses) == 2
    (error,) = found.errors
    assert error.message.startswith("broken.yaml")


def test_what_the_project_ignores_is_passed_over(tmp_path: Path) -> None:
    for name in ("drafts/deep/x.yaml", "drafts/y.yaml", "ci/old.yaml", "deploy.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(PROCESS)

    def found(*ignore: str) -> set[str]:
        return {use.label for use in find_uses(tmp_path, tmp_path, (), ignore).uses}

    assert found("drafts/", "old.yaml") == {"deploy.yaml"}
    assert found("drafts/*.yaml") == {"deploy.yaml", "ci/old.yaml", "drafts/deep/x.yaml"}
    assert found("**/x.yaml", "./ci") == {"deploy.yaml", "drafts/y.yaml"}
