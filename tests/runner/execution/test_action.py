from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from registry.model import Parameter
from runner.engine.base import Container, Stream
from runner.engine.fake import FakeContainer, Script
from runner.engine.payload import WORK_DIR
from runner.execution import action
from runner.execution.artifacts import ArtifactLimits
from runner.execution.cancellation import Cancellation
from runner.runs.limits import RunLimits
from tests.support.plans import template
from tests.support.stage import Ended, Stage, create_artifact, said, set_variable

SECRET = "correct horse battery"
WITH_SECRET: dict[str, Any] = {"variables": {"Secret": {"sensitive": True, "from": {"env": "SECRET"}}}}


def run_one(stage: Stage, does: Script, body: str = "true", **changes: Any) -> Ended:
    """A run of one step, "A", whose script does something."""
    choices = changes.pop("choices", {})
    return stage.run([{"name": "A", "run": body, **changes}], {"1-a": does}, **choices)


def outcome(ended: Ended) -> tuple[str, int | None, str]:
    (event,) = ended.of("action-finished")
    return event["status"], event["exit_code"], event["message"]


class TestResult:
    def test_an_exit_code_of_zero_is_success(self, stage: Stage) -> None:
        assert outcome(run_one(stage, said("fine"))) == ("success", 0, "")

    def test_any_other_is_failure(self, stage: Stage) -> None:
        assert outcome(run_one(stage, Script(code=42))) == (
            "failed",
            42,
            "the script ended with exit code 42",
        )

    def test_a_script_may_say_itself_what_went_wrong(self, stage: Stage) -> None:
        message = "##octopus[resultMessage message='Tm8gc3BhY2U=']"
        assert outcome(run_one(stage, said(message, code=1))) == ("failed", 1, "No space")

    def test_error_output_fails_only_where_that_is_asked_for(self, stage: Stage) -> None:
        does = said("oh", stream=Stream.STDERR)
        assert outcome(run_one(stage, does)) == ("success", 0, "")
        asked = {"Octopus.Action.FailScriptOnErrorOutput": True}
        assert outcome(run_one(stage, does, properties=asked)) == (
            "failed",
            -1,
            "the script wrote to its error output",
        )
        assert outcome(run_one(stage, said("fine"), properties=asked)) == ("success", 0, "")

    def test_out_of_memory_says_what_to_do(self, stage: Stage) -> None:
        assert outcome(run_one(stage, Script(code=137, out_of_memory=True))) == (
            "failed",
            137,
            "out of memory (give it more with container: {memory: ...})",
        )

    def test_a_timeout_stops_it(self, stage: Stage) -> None:
        started = time.monotonic()
        assert outcome(run_one(stage, Script(hangs=True), timeout=0.2)) == (
            "failed",
            143,
            "timed out after 0.2 s",
        )
        assert time.monotonic() - started < 5

    def test_one_that_ends_in_time_has_not_timed_out(self, stage: Stage) -> None:
        assert outcome(run_one(stage, Script(seconds=0.05, code=5), timeout=30))[1] == 5

    def test_one_that_is_stopped_before_its_payload_came_is_cancelled(self, stage: Stage) -> None:
        class AtTheLastMoment(Cancellation):
            def watch(self, container: Container) -> None:
                self.request()
                container.stop(0)

        ended = run_one(replace(stage, cancellation=AtTheLastMoment()), Script())
        assert outcome(ended) == ("cancelled", None, "cancelled")
        assert ended.error is None

    def test_the_engine_that_refuses_a_container_fails_the_action(self, stage: Stage) -> None:
        ended = run_one(stage, Script(), container={"network": "nowhere"})
        assert outcome(ended) == ("failed", None, 'The engine has no network "nowhere".')
        assert ended.error is None


class TestScript:
    def test_is_evaluated_when_it_runs(self, stage: Stage) -> None:
        ended = run_one(
            stage, Script(), "echo #{Octopus.Task.Id} #{A} ##{A}", choices={"variables": {"A": "a"}}
        )
        assert ended.script("1-a") == f"echo {ended.events[0]['run']} a #{{A}}"

    def test_keeps_what_nothing_defines(self, stage: Stage) -> None:
        assert run_one(stage, Script(), "echo '#{Nope}'").script("1-a") == "echo '#{Nope}'"

    def test_may_insist_that_everything_is_defined(self, stage: Stage) -> None:
        insist = {"OctopusShouldFailDeploymentOnSubstitutionFails": "true"}
        status, code, message = outcome(run_one(stage, Script(), "echo '#{Nope}'", properties=insist))
        assert (status, code) == ("failed", None)
        assert message.startswith("substitution failed in the script: ")
        assert "#{Nope}" in message

    def test_reads_parameters_and_variables(self, stage: Stage) -> None:
        parameters = (Parameter("uri", default="http://#{Host}/"), Parameter("Blank"))
        stage.templates = {"library/tool": template(*parameters, body="curl #{uri}")}
        ended = stage.run(
            [{"name": "A", "uses": "library/tool", "with": {"uri": "#{uri}x"}}],
            project={"variables": {"Host": "shop", "uri": "http://#{Host}/"}},
        )
        assert ended.script("1-a") == "curl http://shop/x"
        variables = ended.variables("1-a")
        assert (variables["uri"], variables["Host"]) == ("http://shop/x", "shop")
        assert "Blank" not in variables

    def test_of_five_megabytes_arrives_whole(self, stage: Stage) -> None:
        comment = "#" * 120 + "\n"
        stage.templates = {"library/tool": template(body=(comment + "echo #{Host}\n") * 40_000)}
        ended = stage.run([{"name": "A", "uses": "library/tool"}], variables={"Host": "x"})
        assert ended.script("1-a") == (comment + "echo x\n") * 40_000

    def test_gets_a_thousand_variables(self, stage: Stage) -> None:
        variables = {f"V{number}": f"#{{V{number + 1}}}" if number % 2 else "v" for number in range(1000)}
        ended = run_one(stage, Script(), choices={"project": {"variables": variables}})
        assert {name: ended.variables("1-a")[name] for name in ("V0", "V997")} == {"V0": "v", "V997": "v"}

    def test_that_can_not_be_evaluated_fails_without_telling_the_secret(self, stage: Stage) -> None:
        output = set_variable("Key", "no version 4 me", sensitive=True)
        ended = stage.run(
            [
                {"name": "A", "run": "x"},
                {"name": "B", "run": "#{Octopus.Action[A].Output.Key | VersionMajor}"},
            ],
            {"1-a": said(output)},
        )
        assert ended.statuses == {"A": "success", "B": "failed"}
        assert ended.reasons["B"] == "the filter VersionMajor cannot treat its input: it is not a version"
        assert "no version 4 me" not in str(ended.events)
        ended.engine.check_nothing_left()


class TestSecrets:
    @pytest.fixture
    def vault(self, stage: Stage) -> Stage:
        stage.secrets = {"SECRET": SECRET}
        return stage

    def test_are_masked_in_the_log_however_the_script_got_them(self, vault: Stage) -> None:
        does = said(f"key={SECRET}", "http://user:correct horse battery@host/")
        ended = run_one(vault, does, "echo '#{Secret}'", choices={"project": WITH_SECRET})
        assert ended.log == ["key=********", "http://user:********@host/"]
        assert ended.script("1-a") == f"echo '{SECRET}'"

    def test_are_masked_in_results_outputs_and_artifact_names(self, vault: Stage) -> None:
        does = said(
            set_variable("Leak", f"<{SECRET}>"),
            create_artifact("/nowhere", f"{SECRET}.txt"),
            "##octopus[resultMessage message='Y29ycmVjdCBob3JzZSBiYXR0ZXJ5']",
            code=1,
        )
        ended = run_one(vault, does, choices={"project": WITH_SECRET})
        assert outcome(ended)[2] == "********"
        assert [event["value"] for event in ended.of("output")] == ["<********>"]
        assert SECRET not in str(ended.events)

    def test_are_nowhere_in_the_home(self, vault: Stage) -> None:
        run_one(vault, said(SECRET), f"echo {SECRET} #{{Secret}}", choices={"project": WITH_SECRET})
        (record,) = vault.home.runs.iterdir()
        kept = {path.name: path.read_bytes() for path in record.rglob("*") if path.is_file()}
        assert {"events.jsonl", "plan.json", "result.json"} <= set(kept)
        assert [name for name, content in kept.items() if SECRET.encode() in content] == []

    def test_do_not_go_into_the_containers_settings(self, vault: Stage) -> None:
        ended = run_one(vault, Script(), "echo '#{Secret}'", choices={"project": WITH_SECRET})
        assert SECRET not in str([container.spec for container in ended.engine.containers])


class TestDisk:
    def test_an_action_that_writes_too_much_is_stopped(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(action, "DISK_INTERVAL", 0.05)
        does = Script(hangs=True, disk=2 * 1024**2)
        status, _, message = outcome(run_one(stage, does, container={"disk": "1m"}))
        assert status == "failed"
        assert message.startswith("it wrote more than 1,048,576 bytes to the disk")

    def test_one_that_keeps_to_its_limit_is_not(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(action, "DISK_INTERVAL", 0.05)
        assert outcome(run_one(stage, Script(seconds=0.3, disk=2 * 1024**2)))[0] == "success"


class TestArtifacts:
    def test_are_collected_after_the_exit_even_of_a_failure(self, stage: Stage) -> None:
        path = f"{WORK_DIR}/report.txt"
        does = said(create_artifact(path, "report.txt"), code=1, files={path: b"all fine\n"})
        ended = run_one(stage, does)
        (event,) = ended.of("artifact")
        assert (event["name"], event["size"]) == ("report.txt", 9)
        assert (stage.home.runs / ended.events[0]["run"] / event["path"]).read_bytes() == b"all fine\n"

    def test_one_that_is_not_there_is_a_warning(self, stage: Stage) -> None:
        ended = run_one(stage, said(create_artifact("/nope", "report.txt")))
        assert outcome(ended)[0] == "success"
        assert [(event["code"], event["message"]) for event in ended.of("warning")] == [
            ("artifact-missing", 'artifact "report.txt" is not kept: there is no "/nope"')
        ]

    def test_the_step_s_timeout_covers_them(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        fetch = FakeContainer.fetch

        def slowly(container: FakeContainer, path: str) -> Iterator[bytes]:
            time.sleep(0.1)
            return fetch(container, path)

        monkeypatch.setattr(FakeContainer, "fetch", slowly)
        path = f"{WORK_DIR}/a.txt"
        does = said(*[create_artifact(path, "a.txt")] * 100, files={path: b"x"})
        ended = run_one(stage, does, timeout=1)
        assert outcome(ended) == ("failed", 0, "timed out after 1 s")
        kept = len(ended.of("artifact"))
        assert 1 <= kept < 12
        assert [(event["code"], event["message"]) for event in ended.of("warning")] == [
            (
                "artifacts-not-kept",
                f"{100 - kept} of 100 artifacts are not kept: the time of the step was up, or the run was cancelled",
            )
        ]

    def test_beyond_the_limit_one_sentence_says_how_many_are_missing(self, stage: Stage) -> None:
        path = f"{WORK_DIR}/a.txt"
        stage = replace(stage, settings=RunLimits(artifacts=ArtifactLimits(number=3)))
        does = said(*[create_artifact(path, "a.txt")] * 10, files={path: b"x"})
        ended = run_one(stage, does)
        assert len(ended.of("artifact")) == 3
        assert [(event["code"], event["message"]) for event in ended.of("warning")] == [
            ("too-many-artifacts", "7 of 10 artifacts are not kept: a run may have 3 of them")
        ]
