"""Which templates a process file uses."""

from __future__ import annotations

import pytest

from registry.model import Reference
from registry.project.process_file import repoint, template_uses

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
        ("Roll", "team/deploy@3+", 10),
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
