"""Which templates a process file uses."""

from __future__ import annotations

import pytest

from registry.model import Reference
from registry.project.process_file import is_process, repoint, template_uses

PROCESS = b"""\
# What we do
version: 1
steps:
  - name: Tell   # loud
    uses: 'library/notify'
    with: {Text: "library/notify"}
  - name: Roll
    actions:
      - {name: drain, run: ./drain.sh}
      - {name: deploy, uses: team/deploy@3+}
  - name: Odd
    uses: nothing
"""


def test_steps_and_actions_use_templates() -> None:
    assert [(use.step, str(use.reference), use.line) for use in template_uses(PROCESS, "deploy.yaml")] == [
        ("Tell", "library/notify", 5),
        ("Roll / deploy", "team/deploy@3+", 10),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfeuses",
        b"uses: [",
        b"steps: uses",
        b"steps: {uses: a/b}",
        b"steps: [uses, {uses: 5}]",
        b"[uses]",
    ],
)
def test_what_is_no_process_uses_nothing(data: bytes) -> None:
    assert template_uses(data, "x.yaml") == []


def test_other_references_change_nothing_else() -> None:
    pinned = {"library/notify": "library/notify@2", "team/deploy@3+": "library/deploy@4"}
    expected = PROCESS.replace(b"uses: 'library/notify'", b"uses: 'library/notify@2'")
    expected = expected.replace(b"team/deploy@3+", b"library/deploy@4")
    assert repoint(PROCESS, "deploy.yaml", pinned) == expected
    assert repoint(PROCESS, "deploy.yaml", {"library/notify": "library/notify"}) == PROCESS
    assert [use.reference for use in template_uses(expected, "x")] == [
        Reference("library", "notify", 2),
        Reference("library", "deploy", 4),
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"version": 1, "steps": [{"name": "A", "run": "x"}]},
        {"version": 1, "steps": "no list"},
        {"version": 2, "steps": []},
        {"steps": [{"name": "A", "uses": "a/b"}]},
    ],
)
def test_processes_are_known_right_or_wrong(value: object) -> None:
    assert is_process(value)


@pytest.mark.parametrize(
    "value",
    [
        {"trigger": ["main"], "steps": [{"script": "echo hi"}]},
        {"steps": [{"name": "gcr.io/x", "args": ["b"]}]},
        {"steps": [{"name": "build", "image": "golang", "commands": ["go build"]}]},
        {"steps": [{"label": "x", "command": "make"}]},
        {"version": "2.1", "steps": [{"name": "A", "run": "x"}]},
        {"version": "3", "tasks": {}},
        {"version": 1, "environments": {}},
        [{"name": "A"}],
        None,
    ],
)
def test_lists_of_steps_of_other_tools_are_none(value: object) -> None:
    assert not is_process(value)
