from __future__ import annotations

from pathlib import Path
from typing import Any

from registry.model import Parameter, Reference, ResolvedTemplate
from runner.documents import read_process, read_project
from runner.model import Condition
from runner.planner import Inputs, compile_plan
from runner.project import ContainerSettings
from tests.support.plans import BLOB, IMAGE, TWO_ENVIRONMENTS, Desk, only, template
from tests.support.problems import refusal


def test_a_step_is_taken_over_with_all_that_matters_to_the_run(desk: Desk) -> None:
    step = {
        "name": "Deploy it!",
        "run": "x",
        "condition": "failure",
        "max_parallel": 3,
        "timeout": "2m",
        "notes": "Look!",
        "container": {"image": "alpine:3", "memory": "1g"},
    }
    (planned,) = desk.plan([step]).steps
    assert (planned.number, planned.name, planned.notes) == (1, "Deploy it!", "Look!")
    assert (planned.condition, planned.max_parallel) == (Condition.FAILURE, 3)
    (action,) = planned.actions
    assert action.timeout == 120.0
    assert (action.id, action.step, action.name, action.target) == (
        "1-deploy-it",
        "Deploy it!",
        "Deploy it!",
        None,
    )
    assert (action.image, action.container) == (
        "alpine:3",
        ContainerSettings(image="alpine:3", memory=1 << 30),
    )


def test_ids_are_unique_and_stable(desk: Desk) -> None:
    names = ["A b", "a-b", "日本語", "x" * 60, "a b!"]
    steps: list[dict[str, Any]] = [{"name": name, "run": "x", "roles": ["web-server"]} for name in names]
    ids = [action.id for action in desk.plan(steps, TWO_ENVIRONMENTS, environment="Production").actions]
    assert ids[:5] == ["1-a-b@web-2", "1-a-b@web-3", "2-a-b@web-2", "2-a-b@web-3", "3-step@web-2"]
    assert ids[6] == f"4-{'x' * 40}@web-2"
    assert len(set(ids)) == len(ids) == 10
    again = desk.plan(steps, TWO_ENVIRONMENTS, environment="Production").actions
    assert [action.id for action in again] == ids


def test_without_an_image_of_its_own_a_step_gets_the_default(desk: Desk) -> None:
    assert only(desk.plan([{"name": "A", "run": "x"}])).image == IMAGE


def test_a_template_is_pinned_to_what_was_found(tmp_path: Path) -> None:
    found = template(Parameter("P"), name="Tool - Do it", version=7)
    pin = only(
        Desk(tmp_path, {"team/tool": found}).plan([{"name": "A", "uses": "team/tool@latest"}])
    ).template
    assert pin is not None
    assert (pin.reference, pin.id, pin.name, pin.version) == ("team/tool@latest", found.id, "Tool - Do it", 7)
    assert (pin.provenance.blob, pin.parameters) == (BLOB, found.parameters)


def test_properties_of_the_step_beat_those_of_the_template(tmp_path: Path) -> None:
    found = template(properties={"Octopus.Action.Script.ScriptParameters": "-a", "Kept": "1"})
    step = {"name": "A", "uses": "t/tool", "properties": {"Octopus.Action.Script.ScriptParameters": "-b"}}
    properties = only(Desk(tmp_path, {"t/tool": found}).plan([step])).properties
    assert (properties["Octopus.Action.Script.ScriptParameters"], properties["Kept"]) == ("-b", "1")


def test_a_script_body_is_no_variable(desk: Desk) -> None:
    names = [value.name for value in only(desk.plan([{"name": "A", "run": "echo"}])).variables]
    assert not [name for name in names if "ScriptBody" in name]
    assert "Octopus.Action.Script.Syntax" in names


def test_a_template_is_asked_for_once_for_each_step(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"t/tool": template()})
    steps: list[dict[str, Any]] = [{"name": "A", "uses": "t/tool", "roles": ["web-server"]}]
    desk.plan(steps, TWO_ENVIRONMENTS, environment="Production")
    asked: list[Reference] = []

    def resolve(reference: Reference) -> ResolvedTemplate:
        asked.append(reference)
        return desk._resolve(reference)

    compile_plan(
        read_process(tmp_path / "deploy.yaml", tmp_path),
        read_project(tmp_path / "treadle.yaml", tmp_path),
        Inputs("Production"),
        resolve,
        lambda _, __: "",
        lambda _: IMAGE,
    )
    assert asked == [Reference("t", "tool")]


def test_all_problems_are_told_at_once_warnings_last(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"t/tool": template(Parameter("P"))})
    steps: list[dict[str, Any]] = [
        {"name": "A", "run": "echo '#{Nope}'"},
        {"name": "B", "uses": "t/gone"},
        {"name": "C", "uses": "t/tool", "with": {"Q": "x"}},
        {"name": "D", "run": "x", "environments": ["Tset"]},
    ]
    project = {"environments": {"Test": {}}, "variables": {"Loop": "#{Loop}"}}
    codes = [line.rpartition("[")[2].partition("]")[0] for line in refusal(lambda: desk.plan(steps, project))]
    assert codes == ["unknown-environment", "expression", "template-not-found", "unknown-parameter"]
    codes = [line.rpartition("[")[2].partition("]")[0] for line in refusal(lambda: desk.plan(steps))]
    assert codes == ["template-not-found", "unknown-parameter", "unknown-variable"]


def test_fifty_targets_and_a_hundred_variables(desk: Desk) -> None:
    targets = {f"t-{n}": {"environments": ["Test"], "roles": ["farm"]} for n in range(50)}
    variables = {f"V{n}": "end" if n % 5 == 4 else f"#{{V{n + 1}}}" for n in range(100)}
    project = {"environments": {"Test": {}}, "targets": targets, "variables": variables}
    steps: list[dict[str, Any]] = [{"name": f"S{n}", "run": "#{V0}", "roles": ["farm"]} for n in range(4)]
    plan = desk.plan(steps, project)
    assert {action.preview for action in plan.actions} == {"end"}
    assert len(plan.actions) == 200
