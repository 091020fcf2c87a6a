from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from runner.engine.base import Endpoint, Stream
from runner.engine.fake import FakeEngine, Script
from runner.execution.events import Event
from runner.model import Status
from runner.runs import journal
from runner.runs.journal import Journal
from tests.support.plans import IMAGE, Desk
from tests.support.stage import Ended, Stage, said, set_variable

STEPS: list[dict[str, Any]] = [{"name": "A", "run": "x"}, {"name": "B", "run": "y"}]


class TestRun:
    def test_events_result_and_record_agree(self, stage: Stage) -> None:
        ended = stage.run(STEPS, {"1-a": said("hello")}, environment="Test")
        assert ended.result is not None
        assert ended.result.status is Status.SUCCESS
        assert [event["seq"] for event in ended.events] == list(range(1, len(ended.events) + 1))
        assert (ended.events[0]["event"], ended.events[-1]["event"]) == ("run-started", "run-finished")
        folder = stage.home.runs / ended.result.run
        assert list(journal.read(folder)) == ended.events
        result = journal.read_result(folder)
        assert result is not None
        assert result["status"] == "success"
        assert journal.read_plan(folder)["steps"][0]["name"] == "A"
        ended.engine.check_nothing_left()

    def test_a_plan_without_actions_needs_no_engine(self, stage: Stage) -> None:
        steps = [{"name": "A", "run": "x", "disabled": True}]
        ended = stage.run(steps, connect=lambda _: FakeEngine(answers=False))
        assert ended.statuses == {"A": "skipped"}
        assert ended.error is None

    def test_twenty_steps_and_more_leave_nothing(self, stage: Stage) -> None:
        steps = [{"name": f"Step {number}", "run": "x"} for number in range(200)]
        ended = stage.run(steps)
        assert set(ended.statuses.values()) == {"success"}
        ended.engine.check_nothing_left()


class TestBeforeTheRun:
    """What is wrong before anything ran is not a failed run: nothing is recorded."""

    def refused(self, stage: Stage, ended: Ended) -> tuple[str, int]:
        assert ended.error is not None
        assert ended.events == []
        assert not stage.home.runs.exists()
        return ended.error.message, ended.error.exit_code

    def test_an_image_that_is_not_there(self, stage: Stage) -> None:
        steps = [*STEPS, {"name": "C", "run": "z", "container": {"image": "nope:1"}}]
        assert self.refused(stage, stage.run(steps)) == ('The image "nope:1" is not there.', 2)

    def test_an_engine_that_does_not_answer(self, stage: Stage) -> None:
        ended = stage.run(STEPS, connect=lambda _: FakeEngine(answers=False))
        assert self.refused(stage, ended) == ("The fake engine does not answer.", 3)

    def test_the_engine_of_a_target(self, stage: Stage) -> None:
        asked: list[Endpoint] = []

        def connect(endpoint: Endpoint) -> FakeEngine:
            asked.append(endpoint)
            return FakeEngine(images={IMAGE: {}}, answers=endpoint.host is None)

        project = {
            "environments": {"Test": {}},
            "targets": {
                "web-1": {
                    "environments": ["Test"],
                    "roles": ["web"],
                    "docker": {"host": "tcp://10.0.0.1:2376"},
                }
            },
        }
        steps = [*STEPS, {"name": "C", "run": "z", "roles": ["web"]}]
        ended = stage.run(steps, project=project, connect=connect, environment="Test")
        assert self.refused(stage, ended)[1] == 3
        assert asked == [Endpoint(), Endpoint("tcp://10.0.0.1:2376")]


class TestBrokenEngine:
    def test_ends_the_run_as_failed_and_is_told(self, stage: Stage) -> None:
        ended = stage.run(STEPS, {"1-a": Script(output=[(Stream.STDOUT, b"so far\n")], breaks=True)})
        assert ended.error is not None
        assert (ended.error.message, ended.error.exit_code) == ("The engine is gone.", 3)
        last = ended.events[-1]
        assert (last["event"], last["status"], last["message"]) == (
            "run-finished",
            "failed",
            "The engine is gone.",
        )
        assert ended.log == ["so far"]
        ended.engine.check_nothing_left()


class TestListener:
    """Whoever watches a run must not end it."""

    def test_one_that_went_away_is_told_no_more(self, stage: Stage) -> None:
        def go_away(event: Event) -> None:
            raise BrokenPipeError

        ended = stage.run(STEPS, when=go_away)
        assert len(ended.events) == 1
        assert ended.result is not None
        assert ended.result.status is Status.SUCCESS

    def test_one_that_breaks_is_a_defect_when_the_run_has_ended(self, stage: Stage) -> None:
        def break_down(event: Event) -> None:
            raise RuntimeError("a bug in a view")

        with pytest.raises(RuntimeError, match="a bug in a view"):
            stage.run(STEPS, when=break_down)
        (record,) = stage.home.runs.iterdir()
        result = journal.read_result(record)
        assert result is not None
        assert result["status"] == "success"


class TestSweeping:
    def test_a_run_clears_up_after_one_that_died(self, stage: Stage) -> None:
        plan = Desk(stage.folder).plan(STEPS)
        engine = FakeEngine(images={IMAGE: {}})
        first = stage.execute(plan, engine)
        assert first.result is not None
        died = stage.home.runs / first.result.run
        (died / "engines.json").write_text(json.dumps([{"host": None, "tls": []}]))
        left = engine.prepare(engine.containers[0].spec)
        second = stage.execute(plan, engine)
        assert second.error is None
        assert left.state.value == "removed"
        assert not (died / "engines.json").exists()

    def test_but_never_after_one_that_lives(self, stage: Stage) -> None:
        plan = Desk(stage.folder).plan(STEPS)
        engine = FakeEngine(images={IMAGE: {}})
        stage.execute(plan, engine)
        with Journal.create(stage.home.runs, "other", None, "project", {}) as live:
            (live.folder / "engines.json").write_text(json.dumps([{"host": None, "tls": []}]))
            labels = {**engine.containers[0].spec.labels, "treadle.run": live.run}
            theirs = engine.prepare(replace(engine.containers[0].spec, labels=labels))
            stage.execute(plan, engine)
            assert theirs.state.value == "waiting for its payload"
            theirs.remove()


class TestShortSecrets:
    def test_an_output_too_short_to_be_masked_is_warned_of_once(self, stage: Stage) -> None:
        lines = said(set_variable("Pin", "123", sensitive=True), set_variable("Pin", "124", sensitive=True))
        steps = [{"name": "A", "run": "x"}, {"name": "B", "run": "y"}]
        ended = stage.run(steps, {"1-a": lines, "2-b": lines})
        assert [(e["code"], e["message"]) for e in ended.of("warning")] == [
            ("secret-unmasked", 'the secret "Pin" has fewer than 4 characters and cannot be masked')
        ]


class TestDerivedSecrets:
    @pytest.mark.parametrize(
        ("expression", "printed"),
        [
            ("#{Pw | ToUpper}", "CANARY-SECRET"),
            ("#{Pw | Trim | Replace canary heron}", "heron-secret"),
            ("#{Pw | Substring 6}", "canary"),
            ("#{Pw | Md5}", hashlib.md5(b"canary-secret").hexdigest()),
            ("#{if Pw}chosen by it#{/if}", "chosen by it"),
        ],
    )
    def test_what_a_script_makes_of_a_secret_is_masked(
        self, stage: Stage, expression: str, printed: str
    ) -> None:
        stage = replace(stage, secrets={"PW": "canary-secret"})
        project = {"variables": {"Pw": {"sensitive": True, "from": {"env": "PW"}}}}
        ended = stage.run(
            [{"name": "A", "run": f"echo '{expression}'"}], {"1-a": said(f"<{printed}>")}, project
        )
        assert printed in ended.script("1-a")
        assert ended.log == ["<********>"]

    def test_so_is_a_part_of_a_variables_text(self, stage: Stage) -> None:
        stage = replace(stage, secrets={"PW": "canary-secret"})
        project = {
            "variables": {
                "Pw": {"sensitive": True, "from": {"env": "PW"}},
                "Login": "user:#{Pw | ToUpper}@host",
            }
        }
        ended = stage.run([{"name": "A", "run": "x"}], {"1-a": said("CANARY-SECRET host")}, project)
        assert ended.log == ["******** host"]

    def test_true_and_false_tell_nothing_of_a_secret(self, stage: Stage) -> None:
        stage = replace(stage, secrets={"PW": "canary-secret"})
        project = {"variables": {"Pw": {"sensitive": True, "from": {"env": "PW"}}}}
        ended = stage.run(
            [{"name": "A", "run": "#{Pw | Contains can}"}], {"1-a": said("it is true")}, project
        )
        assert ended.log == ["it is true"]
