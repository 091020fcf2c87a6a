from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import Conflict, Invalid, NotFound
from runner.execution import events
from runner.execution.artifacts import Artifact
from runner.execution.service_messages import OutputVariable
from runner.masking.masker import Masker
from runner.model import ActionResult, Level, RunResult, Status, StepResult
from runner.runs.history import Runs, copy_artifacts
from runner.runs.journal import Journal
from runner.runs.story import details
from tests.support.plans import execution

PLAN = {"steps": [{"name": "Deploy"}, {"name": "Notify"}]}


def create(runs: Path) -> Journal:
    return Journal.create(runs, "Web shop", "Test", "shop", plan=PLAN)


def deploy(journal: Journal, finish: bool = True) -> None:
    """A step on two targets: an output, an artifact, one failure."""
    journal.append(events.run_started(journal.run, "Web shop", "Test", "shop"))
    journal.append(events.step_started("Deploy"))
    for target in ("web-1", "web-2"):
        journal.append(events.action_started(execution(f"deploy@{target}", "Deploy", target), 1))
    journal.append(events.log("deploy@web-1", Level.INFO, ["copying"]))
    for value in ("old", "new"):
        journal.append(events.output("deploy@web-1", OutputVariable("Url", value), Masker()))
    journal.append(events.output("deploy@web-2", OutputVariable("Key", "hunter2", sensitive=True), Masker()))
    path = journal.folder / "artifacts" / "deploy@web-1" / "report.txt"
    path.parent.mkdir(parents=True)
    path.write_text("fine")
    journal.append(
        events.artifact("deploy@web-1", Artifact("report.txt", "artifacts/deploy@web-1/report.txt", 4))
    )
    journal.append(events.warning("artifact-missing", 'artifact "x" is not there', "deploy@web-2"))
    if finish:
        ok = ActionResult("deploy@web-1", Status.SUCCESS, 0, "", 1.5)
        bad = ActionResult("deploy@web-2", Status.FAILED, 3, "the script ended with exit code 3", 2.5)
        for result, target in ((ok, "web-1"), (bad, "web-2")):
            journal.append(events.action_finished(result, execution(result.action, "Deploy", target), 1))
        steps = (
            StepResult("Deploy", Status.FAILED, "the script ended with exit code 3", 2.6, (ok, bad)),
            StepResult("Notify", Status.SKIPPED, "an earlier step failed"),
        )
        for step in steps:
            journal.append(events.step_finished(step))
        journal.finish(RunResult(journal.run, Status.FAILED, 3.0, steps, 'step "Deploy" failed'))


@pytest.fixture
def failed(tmp_path: Path) -> Runs:
    with create(tmp_path) as journal:
        deploy(journal)
    return Runs(tmp_path)


def test_no_runs_yet(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    assert runs.latest() == ([], [])
    with pytest.raises(NotFound, match="there are no runs yet") as error:
        runs.find()
    assert error.value.hint == "Start one with `treadle run PROCESS -e ENVIRONMENT`."


def test_statuses_of_runs(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with create(tmp_path) as journal:
        deploy(journal, finish=False)
        assert runs.find().status is Status.RUNNING
        assert runs.find().seconds is None
    assert runs.find().status is Status.INTERRUPTED
    with create(tmp_path) as journal:
        deploy(journal)
    record = runs.find()
    assert (record.run, record.status, record.seconds) == (journal.run, Status.FAILED, 3.0)
    assert (record.process, record.environment, record.project) == ("Web shop", "Test", "shop")
    assert record.message == 'step "Deploy" failed'
    assert [found.status for found in runs.latest()[0]] == [Status.FAILED, Status.INTERRUPTED]
    assert len(runs.latest(limit=1)[0]) == 1


def test_runs_are_found_by_a_part_of_their_id(tmp_path: Path) -> None:
    for run in ("1abc00x7", "1abd00y7", "1abd00z8"):
        with create(tmp_path) as journal:
            journal.folder.rename(tmp_path / run)
    runs = Runs(tmp_path)
    assert runs.find("1abc00x7").run == "1abc00x7"
    assert runs.find("1abc").run == "1abc00x7"
    assert runs.find("Z8").run == "1abd00z8"
    assert runs.find("last").run == "1abd00z8"
    with pytest.raises(Invalid, match='"1abd" may be any of "1abd00z8", "1abd00y7"'):
        runs.find("1abd")
    with pytest.raises(NotFound, match='there is no run "1abd00z9"') as error:
        runs.find("1abd00z9")
    assert error.value.hint == 'Did you mean "1abd00z8"?'
    for text in ("", "../x", "."):
        with pytest.raises(NotFound):
            runs.find(text)


def test_a_run_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path, failed: Runs) -> None:
    broken = tmp_path / "zzz"
    broken.mkdir()
    (broken / "run.json").write_text('{"format": 99}')
    records, problems = failed.latest()
    assert [record.status for record in records] == [Status.FAILED]
    assert [problem.code for problem in problems] == ["journal-format"]


def test_details_of_a_run(failed: Runs) -> None:
    found = details(failed.find())
    assert [(step.step, step.status, step.reason) for step in found.steps] == [
        ("Deploy", Status.FAILED, "the script ended with exit code 3"),
        ("Notify", Status.SKIPPED, "an earlier step failed"),
    ]
    assert [(a.target, a.status, a.exit_code, a.seconds) for a in found.steps[0].actions] == [
        ("web-1", Status.SUCCESS, 0, 1.5),
        ("web-2", Status.FAILED, 3, 2.5),
    ]
    assert [(one.action.target, one.name, one.value) for one in found.outputs] == [
        ("web-1", "Url", "new"),
        ("web-2", "Key", "********"),
    ]
    assert [(one.name, one.size, one.path.read_text()) for one in found.artifacts] == [
        ("report.txt", 4, "fine")
    ]
    assert found.warnings == ('artifact "x" is not there',)


def test_details_of_a_live_and_of_an_interrupted_run(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with create(tmp_path) as journal:
        deploy(journal, finish=False)
        live = details(runs.find()).steps
        assert [step.status for step in live] == [Status.RUNNING, Status.QUEUED]
        assert {action.status for action in live[0].actions} == {Status.RUNNING}
    dead = details(runs.find()).steps
    assert [step.status for step in dead] == [Status.INTERRUPTED, Status.SKIPPED]
    assert dead[1].reason == "the run ended before it"
    assert {action.status for action in dead[0].actions} == {Status.INTERRUPTED}


def test_details_survive_a_damaged_journal(failed: Runs) -> None:
    file = failed.find().folder / "events.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    for number in range(len(lines)):
        file.write_bytes(b"".join((*lines[:number], lines[number][:30], b"\n", *lines[number + 1 :])))
        assert any("cannot be read" in warning for warning in details(failed.find()).warnings)
        file.write_bytes(b"".join(lines[:number]) + lines[number][:-10])
        details(failed.find())


def test_artifacts_are_copied_all_or_none(tmp_path: Path, failed: Runs) -> None:
    artifacts = details(failed.find()).artifacts
    copies = copy_artifacts(artifacts, tmp_path / "out")
    assert [copy.path for copy in copies] == [tmp_path / "out" / "deploy@web-1" / "report.txt"]
    assert copies[0].path.read_text() == "fine"
    with pytest.raises(Conflict, match="there is already"):
        copy_artifacts(artifacts, tmp_path / "out")
