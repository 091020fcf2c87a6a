"""Targets that are alike are planned once: nobody may see that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.plans import Desk, value_of

PROJECT: dict[str, Any] = {
    "environments": {"Test": {}},
    "targets": {
        "a": {"environments": ["Test"], "roles": ["web"]},
        "b": {"environments": ["Test"], "roles": ["web"]},
        "c": {"environments": ["Test"], "roles": ["web", "main"]},
        "d": {"environments": ["Test"], "roles": ["web"], "network": "other"},
    },
    "variables": {
        "Where": "on #{Octopus.Machine.Name}",
        "Kind": {
            "value": "plain",
            "scopes": [{"value": "special", "target": "b"}, {"value": "m", "role": "main"}],
        },
    },
}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo", ["echo"] * 4),
        ("#{Octopus.Machine.Name}", ["a", "b", "c", "d"]),
        ("#{Where}", ["on a", "on b", "on c", "on d"]),
        ("#{Kind}", ["plain", "special", "m", "plain"]),
        ("#{Octopus.Machine.Roles}", ["web", "web", "web,main", "web"]),
    ],
)
def test_each_target_has_its_own_values(desk: Desk, script: str, expected: list[str]) -> None:
    plan = desk.plan([{"name": "S", "run": script, "roles": ["web"]}], PROJECT, environment="Test")
    assert [action.preview for action in plan.actions] == expected
    for action in plan.actions:
        assert action.target is not None
        name = action.target.name
        assert (action.id, value_of(action, "Octopus.Machine.Name").value) == (f"1-s@{name}", name)
        assert value_of(action, "Octopus.Machine.Id").text == f"Machines-{name}"
        assert value_of(action, "Where").value == f"on {name}"


def test_their_containers_are_their_own(desk: Desk) -> None:
    plan = desk.plan([{"name": "S", "run": "x", "roles": ["web"]}], PROJECT, environment="Test")
    assert [action.extras for action in plan.actions] == [(), (), (), ("network other",)]
