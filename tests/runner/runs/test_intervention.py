"""Runs that wait for a person, without a process."""

from __future__ import annotations

from typing import Any

import pytest

from registry.errors import Conflict, Invalid, NotFound, Untrusted
from runner.engine.fake import Script
from runner.model import Choice, Status
from runner.runs.history import Runs
from runner.runs.intervention import Intervention, user_name
from runner.runs.story import details
from tests.support.stage import Ended, Stage

PROJECT: dict[str, Any] = {
    "environments": {"Test": {}, "Live": {"guided_failure": True}},
    "people": {"alice": {"name": "Alice Doe", "email": "alice@example.com"}, "bob": None},
    "targets": {f"t-{n}": {"environments": ["Test", "Live"], "roles": ["farm"]} for n in range(2)},
}
ASK = {"name": "Ask", "manual": {"instructions": "Release to #{Octopus.Environment.Name}?"}}
OUTPUT = "Octopus.Action[Ask].Output.Manual"
READ = f"echo #{{{OUTPUT}.Approved}} #{{{OUTPUT}.ResponsibleUser.DisplayName}}"
FAILS = Script(code=3)
NAMED = {"name": "Ask", "manual": {"instructions": "Go?", "responsible": ["Alice"]}}
STEP = {"name": "A", "run": "x", "roles": ["farm"]}


def run(stage: Stage, *steps: dict[str, Any], **changes: Any) -> tuple[str, Ended]:
    scripts = changes.pop("scripts", None)
    ended = stage.run(
        list(steps), scripts, PROJECT, environment=changes.pop("environment", "Test"), **changes
    )
    return ended.events[0]["run"], ended


def say(choice: Choice | None, by: str = "alice", **changes: Any) -> Intervention:
    return Intervention(choice, by, **changes)


class TestManualSteps:
    def test_the_run_waits_and_holds_nothing(self, stage: Stage) -> None:
        run_id, ended = run(stage, ASK, {"name": "Next", "run": READ})
        assert ended.result is not None
        assert ended.result.status is Status.WAITING
        (asked,) = ended.of("question-asked")
        assert (asked["text"], asked["choices"]) == ("Release to Test?", ["proceed", "abort"])
        ended.engine.check_nothing_left()
        record = Runs(stage.home.runs).record(run_id)
        assert record.status is Status.WAITING
        assert [one.question for one in details(record).questions] == ["1-ask#1"]

    def test_an_answer_goes_on_with_it_and_sets_its_outputs(self, stage: Stage) -> None:
        run_id, _ = run(stage, ASK, {"name": "Next", "run": READ})
        ended = stage.resume(run_id, answer=say(Choice.PROCEED, notes="fine"))
        assert ended.statuses == {"Ask": "success", "Next": "success"}
        assert ended.script("2-next") == "echo True alice"

    def test_an_abort_fails_it_and_repairs_run(self, stage: Stage) -> None:
        repair = {"name": "Repair", "run": READ, "condition": "failure"}
        run_id, _ = run(stage, ASK, {"name": "Next", "run": "x"}, repair)
        ended = stage.resume(run_id, answer=say(Choice.ABORT, notes="too early"))
        assert ended.statuses == {"Ask": "failed", "Next": "skipped", "Repair": "success"}
        assert ended.reasons["Ask"] == "aborted by alice: too early"
        assert ended.script("3-repair") == "echo False alice"

    def test_asked_again_it_waits_again(self, stage: Stage) -> None:
        run_id, _ = run(stage, ASK)
        ended = stage.resume(run_id)
        assert ended.result is not None
        assert ended.result.status is Status.WAITING
        assert Runs(stage.home.runs).record(run_id).status is Status.WAITING


class TestPeople:
    def test_only_the_responsible_may_answer(self, stage: Stage) -> None:
        run_id, ended = run(stage, NAMED, {"name": "Next", "run": READ})
        assert ended.of("question-asked")[0]["responsible"] == ["alice"]
        refused = stage.resume(run_id, answer=say(Choice.PROCEED, by="bob"))
        assert isinstance(refused.error, Untrusted)
        done = stage.resume(run_id, answer=say(Choice.PROCEED, by="ALICE"))
        assert done.script("2-next") == "echo True Alice Doe"

    def test_a_step_that_names_somebody_cannot_be_skipped(self, stage: Stage) -> None:
        with pytest.raises(Invalid, match="required"):
            run(stage, NAMED, skip=("Ask",))

    def test_somebody_unknown_is_a_problem_of_the_process(self, stage: Stage) -> None:
        with pytest.raises(Invalid) as caught:
            run(stage, {"name": "Ask", "manual": {"instructions": "Go?", "responsible": ["alise"]}})
        (problem,) = caught.value.problems
        assert (problem.code, problem.hint, problem.line) == ("unknown-person", 'Did you mean "alice"?', 7)

    def test_who_takes_a_question_keeps_it(self, stage: Stage) -> None:
        run_id, ended = run(stage, ASK)
        service, record = stage._service(ended.engine), Runs(stage.home.runs).record(run_id)
        service.take(record, say(None, by="bob"))
        assert Runs(stage.home.runs).record(run_id).status is Status.WAITING
        refused = stage.resume(run_id, answer=say(Choice.PROCEED))
        assert isinstance(refused.error, Conflict)
        assert stage.resume(run_id, answer=say(Choice.PROCEED, by="bob")).statuses == {"Ask": "success"}

    def test_the_environment_says_who_one_is(self) -> None:
        assert user_name({"TREADLE_USER": " alice "}) == "alice"
        assert user_name({})


class TestGuidedFailures:
    def test_the_environment_asks(self, stage: Stage) -> None:
        _, ended = run(stage, STEP, scripts={"1-a@t-0": FAILS}, environment="Live")
        (asked,) = ended.of("question-asked")
        assert (asked["target"], asked["choices"]) == ("t-0", ["fail", "retry", "ignore", "exclude"])
        assert ended.of("action-finished")[-1]["target"] in ("t-0", "t-1")
        assert len(ended.of("action-finished")) == 2, "the other target goes on"

    def test_the_run_has_the_last_word(self, stage: Stage) -> None:
        scripts = {"1-a@t-0": FAILS}
        _, ended = run(stage, STEP, scripts=scripts, environment="Live", guided_failure=False)
        assert ended.statuses == {"A": "failed"}
        _, asks = run(stage, STEP, scripts=scripts, guided_failure=True)
        assert len(asks.of("question-asked")) == 1

    def test_a_retry_may_repair_it(self, stage: Stage) -> None:
        run_id, _ = run(stage, STEP, scripts={"1-a@t-0": FAILS}, environment="Live")
        ended = stage.resume(run_id, answer=say(Choice.RETRY))
        assert ended.statuses == {"A": "success"}
        assert [event["attempt"] for event in ended.of("action-started")] == [2]

    def test_an_excluded_target_leaves_the_run_with_warnings(self, stage: Stage) -> None:
        steps = [STEP, {**STEP, "name": "B"}]
        run_id, _ = run(stage, *steps, scripts={"1-a@t-0": FAILS}, environment="Live")
        ended = stage.resume(run_id, answer=say(Choice.EXCLUDE))
        assert ended.statuses == {"A": "success-with-warnings", "B": "success"}
        assert [event["target"] for event in ended.of("action-started")] == ["t-1"]
        assert [event["skip"] for event in ended.of("action-skipped")] == ["target-excluded"]

    def test_of_several_questions_one_has_to_be_named(self, stage: Stage) -> None:
        scripts = {"1-a@t-0": FAILS, "1-a@t-1": FAILS}
        run_id, _ = run(stage, STEP, scripts=scripts, environment="Live")
        unclear = stage.resume(run_id, answer=say(Choice.FAIL))
        assert isinstance(unclear.error, Invalid)
        assert unclear.error.code == "answer-ambiguous"
        one = stage.resume(run_id, answer=say(Choice.IGNORE, target="T-1"))
        assert one.result is not None
        assert one.result.status is Status.WAITING
        both = stage.resume(run_id, answer=say(Choice.FAIL))
        assert both.statuses == {"A": "failed"}

    def test_what_nobody_asks_cannot_be_answered(self, stage: Stage) -> None:
        run_id, _ = run(stage, STEP, scripts={"1-a@t-0": FAILS}, environment="Live")
        wrong = stage.resume(run_id, answer=say(Choice.PROCEED))
        assert isinstance(wrong.error, Invalid)
        assert wrong.error.hint == "Give one of --fail, --retry, --ignore, --exclude."
        nothing = stage.resume(run_id, answer=say(Choice.FAIL, step="B"))
        assert isinstance(nothing.error, NotFound)
        assert nothing.error.code == "nothing-asked"
