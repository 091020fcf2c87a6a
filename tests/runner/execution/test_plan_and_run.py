"""The plan tells the truth: random processes with scripted results run as planned, and by the rules."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.execution.events import Event
from runner.model import Condition, SkipReason, Status
from runner.plan import Outcome, Plan, PlannedAction, PlannedStep
from tests.support.plans import Desk
from tests.support.scripted import Play

TARGETS = ("a", "b", "c")
PROJECT: dict[str, Any] = {
    "environments": {"Test": {}, "Production": {}},
    "targets": {name: {"environments": ["Test"], "roles": ["web"]} for name in TARGETS},
    "variables": {"Yes": "True", "No": "False"},
}
EXPRESSIONS = ("#{Yes}", "#{No}", "#{Octopus.Action[First].Output.Yes}", "#{Octopus.Action[First].Output.No}")
FIRST = {"name": "First", "run": "x"}

Keys = st.SearchStrategy[dict[str, Any]]

conditions: Keys = st.sampled_from(
    [{}, {}, {"condition": "failure"}, {"condition": "always"}]
    + [{"condition": "variable", "when": text} for text in EXPRESSIONS]
)
filters: Keys = st.sampled_from([{}, {}, {}, {"disabled": True}, {"environments": ["Production"]}])
tolerance: Keys = st.sampled_from([{}, {}, {"continue_on_error": True}])
clean_up: Keys = st.sampled_from([{}, {}, {"on_cancel": True}])
retries: Keys = st.sampled_from([{}, {}, {"retries": 1}, {"retries": 2}])
placing: Keys = st.sampled_from(
    [{}, {"roles": ["web"]}, {"roles": ["web"], "window": 1}, {"roles": ["web"], "window": 2}]
)


@st.composite
def steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [FIRST]
    for number in range(draw(st.integers(1, 4))):
        step = {
            "name": f"S{number}",
            **draw(conditions),
            **draw(filters),
            **draw(tolerance),
            **draw(clean_up),
        }
        step |= draw(placing)
        if number:  # beside "First" nobody would see what that sets
            step |= draw(st.sampled_from([{}, {"start": "with-previous"}]))
        if draw(st.booleans()):
            step["actions"] = [
                {
                    "name": f"S{number}A{part}",
                    "run": "x",
                    **draw(conditions),
                    **draw(filters),
                    **draw(retries),
                }
                | draw(tolerance)
                | draw(clean_up)
                for part in range(draw(st.integers(1, 3)))
            ]
        else:
            step |= {"run": "x"} | draw(retries)
        found.append(step)
    return found


def planned(processes: list[dict[str, Any]]) -> Plan:
    with tempfile.TemporaryDirectory() as folder:
        return Desk(Path(folder)).plan(processes, PROJECT, environment="Test")


@st.composite
def plays(draw: st.DrawFn) -> Play:
    plan = planned(draw(steps()))
    failing = {
        action.id: draw(st.sampled_from([-1, 1, 2]))
        for action in plan.actions
        if action.name != "First" and draw(st.integers(0, 4)) == 0
    }
    outputs = {"1-first": {"Yes": "True", "No": "False"}}
    return Play(plan, failing, outputs)


quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(plays())
def test_a_run_does_what_its_plan_says(play: Play) -> None:
    play.run()
    for step, action, fate in fates(play):
        outcome = Outcome.SKIP if step.skip is not None else step.outcome_of(action)
        if outcome is Outcome.SKIP:
            assert fate in (step.skip or action.skip, *run_time_reasons(step))
        elif outcome is Outcome.RUN:
            assert fate == "ran" or fate in run_time_reasons(step)
    assert {action: fate for _, action, fate in told(play)} == expected(play)


@quick
@given(plays())
def test_the_rules_of_a_run_hold(play: Play) -> None:
    play.run()
    check_groups(play)
    check_windows(play)
    reasons = Counter(event["action"] for event in play.of("action-skipped"))
    started = Counter(event["action"] for event in play.of("action-started"))
    assert all(count == 1 for count in reasons.values()), "every skip has one reason"
    assert not reasons.keys() & started.keys()
    failed = [step for step in play.of("step-finished") if step["status"] == "failed"]
    assert (play.status is Status.FAILED) == bool(failed), "every failure makes the run fail"
    ends = {step["step"]: step["status"] for step in play.of("step-finished")}
    assert set(ends) == {step.name for step in play.plan.steps}, "every step has an end"


@quick
@given(plays(), st.data())
def test_after_a_cancellation_only_what_cleans_up_starts(play: Play, data: st.DataObject) -> None:
    ran = Play(play.plan, play.failing, play.outputs)
    ran.run()
    play.cancel_at = data.draw(st.sampled_from([event["action"] for event in ran.of("action-started")]))
    play.run()
    (at,) = [place for place, event in enumerate(play.events) if event["event"] == "cancel-requested"]
    late = [event["action"] for event in play.events[at:] if event["event"] == "action-started"]
    cleaning = {action.id for action in play.plan.actions if action.on_cancel}
    assert set(late) <= cleaning | play.in_flight
    assert play.status is Status.CANCELLED


def fates(play: Play) -> list[tuple[PlannedStep, PlannedAction, str | None]]:
    """What became of every action: `ran`, or the reason."""
    skipped = {event["action"]: event["skip"] for event in play.of("action-skipped")}
    ended = {event["step"]: event.get("skip") for event in play.of("step-finished")}
    found = []
    for step in play.plan.steps:
        for action in step.actions:
            began = any(event["action"] == action.id for event in play.of("action-started"))
            found.append((step, action, "ran" if began else skipped.get(action.id) or ended[step.name]))
    return found


def told(play: Play) -> list[tuple[PlannedStep, str, str | None]]:
    """The fates that do not depend on which of several targets was faster."""
    return [
        (step, action.id, fate)
        for step, action, fate in fates(play)
        if not (step.window and any(one.id in play.failing for one in step.actions))
    ]


def run_time_reasons(step: PlannedStep) -> set[str]:
    """What may keep an action from running that the plan cannot know."""
    stopped = {SkipReason.WINDOW_STOPPED} if step.window else set()
    return {SkipReason.CONDITION, *stopped}


def expected(play: Play) -> dict[str, str]:
    """What becomes of every action, worked out group by group from the plan and the results alone."""
    found: dict[str, str] = {}
    failed = False
    for group in sorted({step.group for step in play.plan.steps}):
        ends = [expected_step(step, play, failed, found) for step in play.plan.steps if step.group == group]
        failed = failed or any(ends)
    return {
        id_: fate
        for step in play.plan.steps
        for id_, fate in ((action.id, found[action.id]) for action in step.actions)
        if not (step.window and any(one.id in play.failing for one in step.actions))
    }


def expected_step(step: PlannedStep, play: Play, failed: bool, found: dict[str, str]) -> bool:
    """Whether the step fails."""
    wrong = {Condition.SUCCESS: failed, Condition.FAILURE: not failed}.get(step.condition, False)
    reason = step.skip or (SkipReason.CONDITION if wrong else None)
    if reason is not None:
        found.update((action.id, reason) for action in step.actions)
        return False
    fails = [expected_lane(lane, step, play.failing, found) for lane in step.lanes]
    return any(fails)


def expected_lane(
    lane: tuple[PlannedAction, ...], step: PlannedStep, failing: Mapping[str, int], found: dict[str, str]
) -> bool:
    broken = fails = False
    for action in lane:
        found[action.id] = fate = expected_fate(action, broken)
        times = failing.get(action.id, 0)
        if fate == "ran" and (times < 0 or times > action.retries) and not action.continue_on_error:
            broken, fails = True, not step.continue_on_error
    return fails


def expected_fate(action: PlannedAction, broken: bool) -> str:
    if action.skip is not None:
        return action.skip
    wrong = {Condition.SUCCESS: broken, Condition.FAILURE: not broken}.get(action.condition, False)
    if wrong:
        return SkipReason.CONDITION
    texts = [one.text for one in (action.gate, action.when) if one is not None]
    return SkipReason.VARIABLE if any(".No}" in text or text == "#{No}" for text in texts) else "ran"


def check_groups(play: Play) -> None:
    """No action starts before its group: all steps of earlier ones have ended by then."""
    groups = {step.name: step.group for step in play.plan.steps}
    ended: set[str] = set()
    for event in play.events:
        if event["event"] == "step-finished":
            ended.add(event["step"])
        if event["event"] == "action-started":
            earlier = {name for name, group in groups.items() if group < groups[event["step"]]}
            assert earlier <= ended


def check_windows(play: Play) -> None:
    """Never more targets of a step in flight than allowed; a target is from its first action to its last."""
    left = {
        (step.name, action.target.name if action.target else None): len(
            [one for one in step.actions if one.target == action.target]
        )
        for step in play.plan.steps
        for action in step.actions
    }
    begun: dict[str, set[str | None]] = {}
    for event in play.events:
        if event["event"] == "action-started":
            begun.setdefault(event["step"], set()).add(event["target"])
        settled = event["event"] in ("action-skipped", "action-finished")
        retried = event["event"] == "action-finished" and _is_tried_again(play, event)
        if settled and not retried:
            key = event["step"], event["target"]
            left[key] -= 1
            if left[key] == 0:
                begun.get(event["step"], set()).discard(event["target"])
        for step in play.plan.steps:
            assert len(begun.get(step.name, ())) <= step.at_once


def _is_tried_again(play: Play, event: Event) -> bool:
    (action,) = [one for step in play.plan.steps for one in step.actions if one.id == event["action"]]
    return bool(event["status"] == "failed" and event["attempt"] <= action.retries)
