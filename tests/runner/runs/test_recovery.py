"""Runs whose process died go on as if it had not; runs that ended are done once more."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from registry.errors import Conflict, Invalid, NotFound, Undecided
from runner.engine.fake import Script
from runner.execution.events import Event
from runner.runs.history import Runs
from runner.runs.journal import Journal, read
from tests.support.stage import Ended, Stage, said, set_variable

FARM: dict[str, Any] = {
    "environments": {"Test": {}},
    "targets": {f"t-{n}": {"environments": ["Test"], "roles": ["farm"]} for n in range(3)},
}
SECRET = "correct horse battery"
STEPS: list[dict[str, Any]] = [
    {"name": "Build", "run": "echo", "restartable": True},
    {
        "name": "Roll",
        "roles": ["farm"],
        "window": 1,
        "actions": [
            {"name": "out", "run": "echo", "run_on": "worker-per-target", "restartable": True},
            {"name": "deploy", "run": "echo '#{Octopus.Action[Build].Output.Key}'", "restartable": True},
        ],
    },
    {
        "name": "Tell",
        "run": "echo #{Octopus.Action[out].Output[t-1].Was}",
        "condition": "variable",
        "when": "#{Octopus.Action[Build].Output.Yes}",
        "restartable": True,
    },
]
SCRIPTS = {
    "1-build": said(set_variable("Key", SECRET, sensitive=True), set_variable("Yes", "True")),
    **{f"2.1-out@t-{n}": said(set_variable("Was", f"in {n}")) for n in range(3)},
}


def run(
    stage: Stage, steps: list[dict[str, Any]], scripts: dict[str, Script] | None = None
) -> tuple[str, Ended]:
    ended = stage.run(steps, scripts or {}, FARM, environment="Test")
    return ended.events[0]["run"], ended


def cut(stage: Stage, run: str, after: int, torn: str = "") -> None:
    """Leave the first `after` events of a run, as a `kill -9` would have; `torn` is half a line."""
    folder = stage.home.runs / run
    lines = (folder / "events.jsonl").read_text().splitlines(keepends=True)
    (folder / "events.jsonl").write_text("".join(lines[:after]) + torn)
    (folder / "result.json").unlink(missing_ok=True)


def all_events(stage: Stage, run: str) -> list[Event]:
    return list(read(stage.home.runs / run))


class TestResume:
    def test_wherever_a_run_was_cut_off_it_comes_to_the_same_end(self, stage: Stage, tmp_path: Path) -> None:
        run_id, whole = run(stage, STEPS, SCRIPTS)
        kept = tmp_path / "whole"
        shutil.copytree(stage.home.runs / run_id, kept)
        for after in range(1, len(whole.events)):
            shutil.rmtree(stage.home.runs / run_id)
            shutil.copytree(kept, stage.home.runs / run_id)
            cut(stage, run_id, after)
            before = all_events(stage, run_id)
            done = {event["action"] for event in before if event["event"] == "action-finished"}
            ended = stage.resume(run_id, SCRIPTS)
            assert ended.error is None
            assert ended.statuses == whole.statuses
            again = {event["action"] for event in ended.of("action-started")}
            assert not again & done, "what has ended is not run again"
            events = all_events(stage, run_id)
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
            finished = Counter(
                event["action"]
                for event in events
                if event["event"] == "action-finished" and event["status"] == "success"
            )
            assert set(finished.values()) == {1}
            assert len(finished) == 8
            if "2.2-deploy@t-0" in again:
                assert ended.script("2.2-deploy@t-0") == f"echo '{SECRET}'"
            if "3-tell" in again:
                assert ended.script("3-tell") == "echo in 1"
            ended.engine.check_nothing_left()

    def test_half_a_line_is_cut_off(self, stage: Stage) -> None:
        run_id, _ = run(stage, STEPS, SCRIPTS)
        cut(stage, run_id, 4, torn='{"seq":5,"ti')
        assert stage.resume(run_id, SCRIPTS).error is None
        assert not [event for event in all_events(stage, run_id) if event["event"] == "warning"]

    def test_an_action_that_was_cut_off_is_repeated_only_if_somebody_says_so(self, stage: Stage) -> None:
        run_id, whole = run(stage, [{"name": "A", "run": "x"}, {"name": "B", "run": "x"}])
        (started,) = [
            n for n, event in enumerate(whole.events) if event.get("action") == "2-b" and "attempt" in event
        ][:1]
        cut(stage, run_id, started + 1)
        asked = stage.resume(run_id)
        assert isinstance(asked.error, Undecided)
        assert (asked.error.code, asked.error.exit_code) == ("interrupted-action", 4)
        assert '"B"' in asked.error.message
        assert len(all_events(stage, run_id)) == started + 1, "nothing has happened"
        failed = stage.resume(run_id, restart=False)
        assert failed.statuses == {"A": "success", "B": "failed"}
        assert [event["status"] for event in failed.of("action-finished")] == ["interrupted"]

    def test_repeated_it_is_another_attempt(self, stage: Stage) -> None:
        run_id, whole = run(stage, [{"name": "A", "run": "x"}])
        place = [event["event"] for event in whole.events].index("action-started")
        cut(stage, run_id, place + 1)
        ended = stage.resume(run_id, restart=True)
        assert ended.statuses == {"A": "success"}
        assert [event["attempt"] for event in ended.of("action-started")] == [2]

    def test_one_that_has_ended_or_is_live_is_refused(self, stage: Stage) -> None:
        run_id, _ = run(stage, [{"name": "A", "run": "x"}])
        ended = stage.resume(run_id)
        assert isinstance(ended.error, Conflict)
        assert ended.error.code == "run-finished"
        cut(stage, run_id, 1)
        with Journal.reopen(stage.home.runs / run_id, None):  # type: ignore[arg-type]
            live = stage.resume(run_id)
        assert isinstance(live.error, Conflict)
        assert live.error.code == "run-live"

    def test_without_its_key_it_stays_as_it_is(self, stage: Stage) -> None:
        run_id, _ = run(stage, STEPS, SCRIPTS)
        cut(stage, run_id, 3)
        stage.home.key_file.unlink()
        with pytest.raises(NotFound, match="sealed with the key"):
            stage.resume(run_id)

    def test_what_is_sealed_for_one_run_does_not_open_for_another(self, stage: Stage) -> None:
        one, _ = run(stage, STEPS, SCRIPTS)
        other, _ = run(stage, STEPS, SCRIPTS)
        shutil.copy(stage.home.runs / one / "plan.sealed", stage.home.runs / other)
        with pytest.raises(Invalid):
            stage.retry(other)

    def test_no_secret_lies_in_the_home(self, stage: Stage) -> None:
        run_id, _ = run(stage, STEPS, SCRIPTS)
        kept = [path.read_bytes() for path in (stage.home.runs / run_id).rglob("*") if path.is_file()]
        assert not [content for content in kept if SECRET.encode() in content]


class TestRetry:
    def test_runs_the_same_plan_again(self, stage: Stage) -> None:
        run_id, first = run(stage, STEPS, SCRIPTS)
        (stage.folder / "deploy.yaml").unlink()
        again = stage.retry(run_id, SCRIPTS)
        assert again.events[0]["run"] != run_id
        assert again.statuses == first.statuses
        assert len(again.of("action-started")) == 8

    def test_of_what_failed_takes_over_what_succeeded(self, stage: Stage) -> None:
        broken = {**SCRIPTS, "2.2-deploy@t-1": Script(code=3)}
        run_id, first = run(stage, STEPS, broken)
        assert first.statuses["Roll"] == "failed"
        again = stage.retry(run_id, SCRIPTS, failed_only=True)
        assert [event["action"] for event in again.of("action-started")] == [
            "2.2-deploy@t-1",
            "2.1-out@t-2",
            "2.2-deploy@t-2",
        ]
        assert again.script("2.2-deploy@t-1") == f"echo '{SECRET}'"
        assert again.statuses == {"Build": "success", "Roll": "success", "Tell": "success"}
        record = Runs(stage.home.runs).record(again.events[0]["run"])
        assert json.loads((record.folder / "result.json").read_text())["status"] == "success"

    def test_of_a_run_that_has_not_ended_is_refused(self, stage: Stage) -> None:
        run_id, _ = run(stage, STEPS, SCRIPTS)
        cut(stage, run_id, 3)
        assert isinstance(stage.retry(run_id).error, Conflict)


class TestFromStep:
    def begin(self, stage: Stage, step: str, plan_of: Ended) -> Ended:
        return stage.carry_out(
            plan_of.plan,
            plan_of.engine,
            lambda service, listen, tell: service.run(
                plan_of.plan, listen, stage.cancellation, tell, from_step=step
            ),
        )

    def test_leaves_out_what_is_before_and_takes_over_what_that_set(self, stage: Stage) -> None:
        _, first = run(stage, STEPS, SCRIPTS)
        again = self.begin(stage, "tell", first)
        assert again.statuses == {"Build": "skipped", "Roll": "skipped", "Tell": "success"}
        assert [event["action"] for event in again.of("action-started")] == ["3-tell"]
        assert again.events[-1]["steps"][0]["skip"] == "skipped-by-user"

    def test_needs_an_earlier_run(self, stage: Stage) -> None:
        _, first = run(stage, STEPS, SCRIPTS)
        shutil.rmtree(stage.home.runs)
        ended = self.begin(stage, "Tell", first)
        assert isinstance(ended.error, NotFound)
        assert ended.error.code == "no-earlier-run"

    def test_needs_the_step(self, stage: Stage) -> None:
        _, first = run(stage, STEPS, SCRIPTS)
        ended = self.begin(stage, "Tall", first)
        assert isinstance(ended.error, NotFound)
        assert ended.error.hint == 'Did you mean "Tell"?'
