"""The rules of a run, without an engine and without a clock: events in, moves out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from runner.execution import events
from runner.execution.moves import Ask, BeginStep, Decide, EndStep, Move, Retry, Skip, Start
from runner.execution.state import RunState, fold, run_status
from runner.model import ActionResult, Condition, SkipReason, Status, StepResult
from runner.plan import Expression, Plan, PlannedAction, PlannedStep
from runner.project import Target

OPEN = Expression("#{Wanted}", ("Wanted",))


def action(name: str, target: str | None = None, step: str | None = None, **changes: Any) -> PlannedAction:
    where = None if target is None else Target(target, (), ("web",))
    return PlannedAction(f"{name}@{target}" if target else name, step or name, name, where, **changes)


def step(name: str, *actions: PlannedAction, **changes: Any) -> PlannedStep:
    return PlannedStep(
        1,
        name,
        changes.pop("condition", Condition.SUCCESS),
        actions or (action(name),),
        **changes,
    )


def rolling(name: str, targets: Iterable[str], *actions: str, **changes: Any) -> PlannedStep:
    """A step with these actions on these targets."""
    return step(name, *(action(one, target, name) for target in targets for one in actions), **changes)


def state_of(*steps: PlannedStep) -> RunState:
    return fold(Plan("p", "p.yaml", "p", None, steps), ())


def said(moves: Iterable[Move]) -> list[str]:
    """The moves in words: `start a`, `skip b: condition`, `end A: success`."""
    words = []
    for move in moves:
        match move:
            case BeginStep(one):
                words.append(f"begin {one.name}")
            case EndStep(one, status):
                words.append(f"end {one.name}: {status}")
            case Start(one, attempt):
                words.append(f"start {one.id}" + (f" #{attempt}" if attempt > 1 else ""))
            case Skip(one, reason):
                words.append(f"skip {one.id}: {reason}")
            case Decide(one):
                words.append(f"decide {one.id}")
            case Ask(one, _, choices):
                words.append(f"ask {one.id}: {' '.join(choices)}")
            case Retry(one, attempt):
                words.append(f"retry {one.id} #{attempt}")
    return words


def make(state: RunState, move: Move, holds: bool = True, due: float = 0) -> None:
    """What the journal would say of a move, folded in."""
    match move:
        case BeginStep(one):
            state.apply(events.step_started(one.name))
        case EndStep(one, status, reason, skip):
            state.apply(events.step_finished(StepResult(one.name, status, reason, skip=skip)))
        case Start(one, attempt):
            state.apply(events.action_started(one, attempt))
        case Skip(one, reason, detail):
            state.apply(events.action_skipped(one, reason, detail))
        case Decide(one, expression, of_step):
            state.apply(events.condition_decided(one, expression.text, of_step, holds))
        case Ask(one, kind, choices):
            number = state.actions[one.id].guided + 1
            state.apply(events.question_asked(f"{one.id}#{number}", kind, one, choices, "why"))
        case Retry(one, attempt):
            state.apply(events.retry_scheduled(one, attempt, datetime.fromtimestamp(due, UTC)))


def advance(state: RunState, now: float = 0, holds: bool = True) -> list[str]:
    """Make every move until nothing may happen without an end; what was made."""
    made: list[str] = []
    while moves := state.moves(now):
        made += said(moves)
        for move in moves:
            make(state, move, holds)
    return made


def end(state: RunState, id_: str, status: Status = Status.SUCCESS) -> None:
    """An attempt that runs ends."""
    planned = next(one for step in state.plan.steps for one in step.actions if one.id == id_)
    result = ActionResult(
        id_, status, 0 if status is Status.SUCCESS else 1, "" if status == "success" else "no"
    )
    state.apply(events.action_finished(result, planned, state.actions[id_].attempts))


class TestOrder:
    def test_a_step_begins_when_the_one_before_has_ended(self) -> None:
        state = state_of(step("A"), step("B", group=1))
        assert advance(state) == ["begin A", "start A"]
        end(state, "A")
        assert advance(state) == ["end A: success", "begin B", "start B"]
        end(state, "B")
        assert advance(state) == ["end B: success"]
        assert state.ended

    def test_the_steps_of_a_group_run_beside_each_other(self) -> None:
        state = state_of(step("A"), step("B"), step("C", group=1))
        assert advance(state) == ["begin A", "begin B", "start A", "start B"]
        end(state, "B")
        assert advance(state) == ["end B: success"]
        end(state, "A")
        assert advance(state) == ["end A: success", "begin C", "start C"]

    def test_a_group_runs_without_its_first_step(self) -> None:
        state = state_of(step("A", skip=SkipReason.DISABLED), step("B"))
        assert advance(state) == ["end A: skipped", "begin B", "start B"]

    def test_conditions_look_at_what_failed_before_the_group(self) -> None:
        state = state_of(
            step("A"), step("B", condition=Condition.FAILURE), step("C", condition=Condition.FAILURE, group=1)
        )
        assert advance(state) == ["begin A", "end B: skipped", "start A"]
        end(state, "A", Status.FAILED)
        assert advance(state) == ["end A: failed", "begin C", "start C"]

    def test_a_failure_lets_siblings_finish(self) -> None:
        state = state_of(step("A"), step("B"), step("C", group=1))
        advance(state)
        end(state, "A", Status.FAILED)
        assert advance(state) == ["end A: failed"]
        end(state, "B")
        assert advance(state) == ["end B: success", "end C: skipped"]


class TestLanes:
    def test_actions_run_in_order_on_each_target(self) -> None:
        state = state_of(rolling("Roll", "ab", "drain", "deploy"))
        assert advance(state) == ["begin Roll", "start drain@a", "start drain@b"]
        end(state, "drain@b")
        assert advance(state) == ["start deploy@b"]

    def test_the_window_slides(self) -> None:
        state = state_of(rolling("Roll", "abcd", "x", "y", window=2))
        assert advance(state) == ["begin Roll", "start x@a", "start x@b"]
        end(state, "x@b")
        end(state, "x@a")
        assert advance(state) == ["start y@a", "start y@b"]
        end(state, "y@b")
        assert advance(state) == ["start x@c"], "it does not wait for the rest of a batch"

    def test_the_smaller_of_window_and_parallelism_counts(self) -> None:
        assert advance(state_of(rolling("R", "abcd", "x", window=3, max_parallel=2)))[1:] == [
            "start x@a",
            "start x@b",
        ]

    def test_a_failure_in_a_window_stops_further_targets(self) -> None:
        state = state_of(rolling("Roll", "abc", "x", "y", window=2))
        advance(state)
        end(state, "x@a", Status.FAILED)
        assert advance(state) == [
            "skip y@a: condition",
            "skip x@c: window-stopped",
            "skip y@c: window-stopped",
        ]
        end(state, "x@b")
        assert advance(state) == ["start y@b"], "what is in flight goes on"
        end(state, "y@b")
        assert advance(state) == ["end Roll: failed"]

    def test_without_a_window_the_others_go_on(self) -> None:
        state = state_of(rolling("Roll", "ab", "x", max_parallel=1))
        advance(state)
        end(state, "x@a", Status.FAILED)
        assert advance(state) == ["start x@b"]

    def test_an_action_may_ask_for_a_failure_before_it_on_its_target(self) -> None:
        repair = [action("repair", target, "S", condition=Condition.FAILURE) for target in "ab"]
        state = state_of(step("S", action("x", "a", "S"), repair[0], action("x", "b", "S"), repair[1]))
        advance(state)
        end(state, "x@a", Status.FAILED)
        end(state, "x@b")
        assert advance(state) == ["start repair@a", "skip repair@b: condition"]


class TestExpressions:
    def test_are_decided_when_the_turn_of_their_action_comes(self) -> None:
        state = state_of(step("A", action("A", gate=OPEN), condition=Condition.VARIABLE))
        assert advance(state) == ["begin A", "decide A", "start A"]

    def test_one_that_does_not_hold_skips(self) -> None:
        state = state_of(step("A", action("A", gate=OPEN), condition=Condition.VARIABLE))
        made = advance(state, holds=False)
        assert made == ["begin A", "decide A", "skip A: variable", "end A: skipped"]
        assert state.results[0].skip is SkipReason.VARIABLE

    def test_that_of_a_step_is_decided_once_a_target(self) -> None:
        both = [action(name, "a", "S", gate=OPEN) for name in "xy"]
        state = state_of(step("S", *both, condition=Condition.VARIABLE))
        assert advance(state) == ["begin S", "decide x@a", "start x@a"]
        end(state, "x@a")
        assert advance(state) == ["start y@a"]

    def test_one_that_cannot_be_evaluated_is_a_failure(self) -> None:
        state = state_of(step("A", action("A", gate=OPEN), condition=Condition.VARIABLE))
        state.apply(events.step_started("A"))
        planned = state.plan.actions[0]
        state.apply(events.condition_decided(planned, OPEN.text, True, False, "it reads itself"))
        assert advance(state) == ["end A: failed"]
        assert state.results[0].reason == "it reads itself"


class TestRetries:
    def test_come_after_a_pause_and_end(self) -> None:
        state = state_of(step("A", action("A", retries=1)))
        advance(state)
        end(state, "A", Status.FAILED)
        (retry,) = state.moves(100)
        assert said([retry]) == ["retry A #2"]
        make(state, retry, due=115)
        assert (state.moves(114.9), state.wake) == ([], 115)
        assert advance(state, now=115) == ["start A #2"]
        end(state, "A", Status.FAILED)
        assert advance(state) == ["end A: failed"]

    def test_that_succeed_repair_the_action(self) -> None:
        state = state_of(step("A", action("A", retries=3)))
        advance(state)
        end(state, "A", Status.FAILED)
        assert advance(state) == ["retry A #2", "start A #2"]
        end(state, "A")
        assert advance(state) == ["end A: success"]


class TestWarnings:
    def test_a_failure_that_does_not_matter_ends_a_step_with_warnings(self) -> None:
        state = state_of(step("A", continue_on_error=True), step("B", group=1))
        advance(state)
        end(state, "A", Status.FAILED)
        assert advance(state) == ["end A: success-with-warnings", "begin B", "start B"]

    def test_after_an_action_that_does_not_matter_its_target_goes_on(self) -> None:
        first = action("x", "a", "S", continue_on_error=True)
        state = state_of(step("S", first, action("y", "a", "S"), window=1))
        advance(state)
        end(state, "x@a", Status.FAILED)
        assert advance(state) == ["start y@a"]
        end(state, "y@a")
        assert advance(state) == ["end S: success-with-warnings"]


def answer(state: RunState, id_: str, choice: str, notes: str = "") -> None:
    """Somebody answers the open question about an action."""
    (asked,) = [one for one in state.questions.values() if one.action.id == id_]
    state.apply(events.question_answered(asked.id, id_, choice, "alice", notes))


def guided(*steps: PlannedStep) -> RunState:
    return fold(Plan("p", "p.yaml", "p", None, steps, guided_failure=True), ())


class TestManual:
    def test_proceeding_is_success(self) -> None:
        state = state_of(step("Ask", action("Ask", manual=True)), step("B", group=1))
        assert advance(state) == ["begin Ask", "ask Ask: proceed abort"]
        answer(state, "Ask", "proceed")
        assert advance(state) == ["end Ask: success", "begin B", "start B"]

    def test_aborting_is_a_failure_and_asks_nobody_again(self) -> None:
        state = guided(step("Ask", action("Ask", manual=True)), step("B", group=1))
        advance(state)
        answer(state, "Ask", "abort", "too early")
        assert advance(state) == ["end Ask: failed", "end B: skipped"]
        assert state.results[0].reason == "aborted by alice: too early"

    def test_each_target_of_a_rolling_step_asks(self) -> None:
        actions = [action("ask", target, "S", manual=True) for target in "ab"]
        state = state_of(step("S", *actions, window=1))
        assert advance(state) == ["begin S", "ask ask@a: proceed abort"]
        answer(state, "ask@a", "proceed")
        assert advance(state) == ["ask ask@b: proceed abort"]

    def test_a_cancellation_withdraws_the_question(self) -> None:
        state = state_of(step("Ask", action("Ask", manual=True)))
        advance(state)
        state.apply(events.cancel_requested())
        assert advance(state) == ["end Ask: cancelled"]


class TestGuidedFailure:
    def test_asks_when_the_retries_are_used_up(self) -> None:
        state = guided(step("A", action("A", retries=1)))
        advance(state)
        end(state, "A", Status.FAILED)
        assert advance(state) == ["retry A #2", "start A #2"]
        end(state, "A", Status.FAILED)
        assert advance(state) == ["ask A: fail retry ignore"]

    @pytest.mark.parametrize(
        ("choice", "made"),
        [
            ("fail", ["end A: failed", "end B: skipped"]),
            ("ignore", ["end A: success-with-warnings", "begin B", "start B"]),
            ("retry", ["start A #2"]),
        ],
    )
    def test_does_what_the_person_says(self, choice: str, made: list[str]) -> None:
        state = guided(step("A"), step("B", group=1))
        advance(state)
        end(state, "A", Status.FAILED)
        assert advance(state) == ["ask A: fail retry ignore"]
        answer(state, "A", choice)
        assert advance(state) == made

    def test_an_excluded_target_is_out_of_the_rest_of_the_run(self) -> None:
        state = guided(rolling("S", "ab", "x", "y", window=1), rolling("T", "ab", "z", group=1))
        advance(state)
        end(state, "x@a", Status.FAILED)
        assert advance(state) == ["ask x@a: fail retry ignore exclude"]
        answer(state, "x@a", "exclude")
        assert advance(state) == ["skip y@a: target-excluded", "start x@b"]
        end(state, "x@b")
        advance(state)
        end(state, "y@b")
        assert advance(state) == [
            "end S: success-with-warnings",
            "begin T",
            "skip z@a: target-excluded",
            "start z@b",
        ]

    def test_of_what_is_required_nobody_passes_over(self) -> None:
        state = guided(step("A", action("A", "a", required=True)))
        advance(state)
        end(state, "A@a", Status.FAILED)
        assert advance(state) == ["ask A@a: fail retry"]

    def test_tries_again_ten_times_at_most_and_never_goes_on_by_itself(self) -> None:
        state = guided(step("A"))
        advance(state)
        for _ in range(10):
            end(state, "A", Status.FAILED)
            assert "retry" in advance(state)[0]
            answer(state, "A", "retry")
            advance(state)
        end(state, "A", Status.FAILED)
        assert advance(state) == ["ask A: fail ignore"]
        assert advance(state) == []


class TestCancellation:
    def test_nothing_starts_any_more(self) -> None:
        state = state_of(rolling("S", "abc", "x", "y", max_parallel=1), step("T", group=1))
        advance(state)
        state.apply(events.cancel_requested())
        assert set(advance(state)) == {f"skip {one}: cancelled" for one in ("x@b", "y@b", "x@c", "y@c")}
        end(state, "x@a", Status.CANCELLED)
        assert advance(state) == ["skip y@a: cancelled", "end S: cancelled", "end T: cancelled"]

    def test_but_what_cleans_up(self) -> None:
        back = action("back", "a", "S", on_cancel=True)
        state = state_of(
            step("S", action("x", "a", "S"), back),
            step("T", group=1),
            step("Clean", action("Clean", on_cancel=True), on_cancel=True, group=2),
        )
        advance(state)
        state.apply(events.cancel_requested())
        end(state, "x@a", Status.CANCELLED)
        assert advance(state) == ["start back@a"]
        end(state, "back@a")
        assert advance(state) == ["end S: cancelled", "end T: cancelled", "begin Clean", "start Clean"]

    def test_a_failure_is_not_tried_again(self) -> None:
        state = state_of(step("A", action("A", retries=3)))
        advance(state)
        end(state, "A", Status.FAILED)
        (retry,) = state.moves(0)
        make(state, retry, due=15)
        state.apply(events.cancel_requested())
        assert advance(state) == ["end A: failed"]


def test_a_state_is_a_fold_of_its_events() -> None:
    """Whatever the point at which a run is looked at, its events say the same as its life."""
    plan = Plan("p", "p.yaml", "p", None, (rolling("S", "abc", "x", "y", window=2), step("T", group=1)))
    state = fold(plan, ())
    told: list[Any] = []
    queue = ["x@a", "x@b", "y@b", "y@a", "x@c", "y@c", "T"]
    while not state.ended:
        for move in state.moves(0) or ():
            told.append(move)
            make(state, move)
        again = fold(plan, ())
        for one in told:
            if isinstance(one, tuple):
                end(again, *one)
            else:
                make(again, one)
        assert (again.actions, again.moves(0), again.group) == (state.actions, state.moves(0), state.group)
        if not state.moves(0) and queue:
            last = (queue.pop(0), Status.SUCCESS)
            end(state, *last)
            told.append(last)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([Status.SUCCESS, Status.SUCCESS_WITH_WARNINGS], Status.SUCCESS_WITH_WARNINGS),
        ([Status.FAILED, Status.SUCCESS_WITH_WARNINGS], Status.FAILED),
        ([Status.SKIPPED, Status.SKIPPED], Status.SKIPPED),
    ],
)
def test_a_run_is_as_good_as_its_worst_step(steps: list[Status], expected: Status) -> None:
    assert run_status([StepResult("s", one) for one in steps], cancelled=False) is expected
