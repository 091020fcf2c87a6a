from __future__ import annotations

from typing import Any

import pytest

from tests.support.plans import TWO_ENVIRONMENTS, Desk

WEB: dict[str, Any] = {"name": "Web", "run": "x", "roles": ["web-server"]}
READS = "echo '#{Octopus.Action[Web].Output.Id}'"


def codes(desk: Desk, *steps: dict[str, Any], environment: str = "Production") -> list[str]:
    plan = desk.plan([WEB, *steps], TWO_ENVIRONMENTS, environment=environment)
    return [warning.code for warning in plan.warnings]


def test_a_reader_that_is_none_of_several_targets_is_warned(desk: Desk) -> None:
    steps = [WEB, {"name": "Tell", "run": READS}]
    (warning,) = desk.plan(steps, TWO_ENVIRONMENTS, environment="Production").warnings
    assert warning.code == "output-of-several"
    assert warning.message.endswith("which 2 targets may set; the last one counts: web-3")
    assert warning.hint == "Say whose: Octopus.Action[Web].Output[web-2].Id."
    assert warning.line


@pytest.mark.parametrize(
    "step",
    [
        {"name": "Tell", "run": "echo '#{Octopus.Action[Web].Output[web-2].Id}'"},
        {"name": "Tell", "run": READS, "roles": ["primary"]},
        {"name": "Tell", "run": "echo '#{Octopus.Step[Web].Status.Code}'"},
    ],
)
def test_who_says_whose_or_reads_its_own_is_not(desk: Desk, step: dict[str, Any]) -> None:
    assert codes(desk, step) == []


def test_one_target_leaves_no_choice(desk: Desk) -> None:
    assert codes(desk, {"name": "Tell", "run": READS}, environment="Test") == []


def test_another_target_is_warned(desk: Desk) -> None:
    assert codes(desk, {"name": "Tell", "run": READS, "roles": ["database"]}) == ["output-of-several"]
