from __future__ import annotations

from typing import Any

import pytest

from registry.model import Parameter
from runner.planner.plan_codec import decode_plan, encode_plan
from tests.support.plans import TWO_ENVIRONMENTS, Desk, template


def test_a_plan_comes_back_as_it_was(desk: Desk) -> None:
    found = Desk(
        desk.folder,
        {"team/tool": template(Parameter("P", default="x", required=True), properties={"A.B": "#{P}"})},
        {"S": "hunter2!"},
    )
    project: dict[str, Any] = {
        **TWO_ENVIRONMENTS,
        "variables": {
            "Secret": {"sensitive": True, "from": {"env": "S"}},
            "Plain": "#{Octopus.Machine.Name}",
        },
    }
    steps: list[dict[str, Any]] = [
        {"name": "A", "run": "echo #{Secret}", "container": {"memory": "1g", "capabilities": ["NET_ADMIN"]}},
        {"name": "B", "uses": "team/tool", "with": {"P": "#{Plain}"}, "roles": ["web-server"], "window": 1},
        {"name": "C", "run": "x", "condition": "variable", "when": "#{Octopus.Action[A].Output.X}"},
        {"name": "D", "run": "x", "disabled": True, "start": "with-previous"},
    ]
    plan = found.plan(steps, project, environment="Production")
    assert decode_plan(encode_plan(plan)) == plan


@pytest.mark.parametrize("text", ['{"format":2,"objects":[]}', "{}", "[]", '{"format":1,"objects":[[1]]}'])
def test_what_is_not_a_plan_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode_plan(text)
