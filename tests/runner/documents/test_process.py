from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from registry.errors import NotFound
from registry.model import Reference
from runner.documents import find_process, read_process
from runner.model import Action, Condition, Filters, InlineScript, Process, Rules, RunOn, Step, TemplateUse
from runner.project import ContainerSettings
from tests.support.problems import golden_cases, refusal


def read(tmp_path: Path, text: str) -> Process:
    path = tmp_path / "deploy.yaml"
    path.write_text(dedent(text))
    return read_process(path, tmp_path)


def steps(text: str) -> str:
    """A whole process with these steps; the first one is on line 3."""
    return "version: 1\nsteps:\n" + dedent(text).strip("\n") + "\n"


def test_a_step_has_defaults_for_everything_but_its_name_and_action(tmp_path: Path) -> None:
    process = read(tmp_path, steps("- {name: Hello, run: echo hello}"))
    assert replace(process, positions={}) == Process(
        name="deploy",
        steps=(Step("Hello", (Action("Hello", InlineScript("echo hello")),)),),
        file="deploy.yaml",
    )


def test_every_key_is_read(tmp_path: Path) -> None:
    process = read(
        tmp_path,
        """
        version: 1
        name: Web shop
        description: Sells things.
        blank_parameters: empty
        steps:
          - name: Smoke test
            uses: community/bash-http-test-url@1
            with: {uri: "http://#{Host}/", timeout: 30, strict: true, ratio: 1.10, text: "", nothing: null}
            roles: [web-server]
            environments: [Test]
            channels: [Stable]
            tenant_tags: [Region/Europe]
            condition: variable
            when: "#{Wanted}"
            run_on: worker-per-target
            window: 2
            retries: 2
            retry_delay: 1m
            continue_on_error: true
            on_cancel: true
            disabled: true
            required: true
            on_no_targets: fail
            max_parallel: 3
            timeout: 1.5m
            notes: Look at the page.
            properties: {Octopus.Action.FailScriptOnErrorOutput: true, Count: 3}
            container:
              image: alpine:3.20
              user: 1000
              network: none
              shared_network: false
              memory: 256m
              tmp: 1g
              cpus: 0.5
              pids: 50
              read_only: true
              capabilities: [NET_ADMIN]
          - name: Last
            run: print(1)
            shell: python
            exclude_environments: [Production]
            timeout: 90
            start: with-previous
        """,
    )
    smoke, last = process.steps
    assert (process.name, process.blank_parameters_empty) == ("Web shop", True)
    action = Action(
        name="Smoke test",
        does=TemplateUse(
            Reference("community", "bash-http-test-url", 1),
            {
                "uri": "http://#{Host}/",
                "timeout": "30",
                "strict": "True",
                "ratio": "1.10",
                "text": "",
                "nothing": None,
            },
        ),
        timeout=90.0,
        run_on=RunOn.WORKER_PER_TARGET,
        retries=2,
        retry_delay=60.0,
        container=ContainerSettings(
            image="alpine:3.20",
            user="1000",
            network="none",
            memory=256 * 1024**2,
            cpus=0.5,
            pids=50,
            tmp=1024**3,
            read_only=True,
            capabilities=("NET_ADMIN",),
            shared_network=False,
        ),
        properties={"Octopus.Action.FailScriptOnErrorOutput": "True", "Count": "3"},
    )
    assert smoke == Step(
        name="Smoke test",
        actions=(action,),
        roles=("web-server",),
        rules=Rules(
            Filters(("Test",), (), ("Stable",), ("Region/Europe",)),
            Condition.VARIABLE,
            when="#{Wanted}",
            disabled=True,
            required=True,
            continue_on_error=True,
            on_cancel=True,
        ),
        fail_without_targets=True,
        max_parallel=3,
        window=2,
        notes="Look at the page.",
    )
    assert last.with_previous
    (scripted,) = last.actions
    assert scripted.does == InlineScript("print(1)", "python")
    assert (last.rules.filters.exclude_environments, scripted.timeout) == (("Production",), 90)


def test_the_actions_of_a_step_have_rules_of_their_own(tmp_path: Path) -> None:
    process = read(
        tmp_path,
        """
        version: 1
        steps:
          - name: Deploy
            roles: [web-server]
            condition: always
            actions:
              - {name: drain, run: "true", run_on: worker-per-target, environments: [Production]}
              - {name: copy, uses: library/copy, condition: failure, notes: Look}
        """,
    )
    (step,) = process.steps
    drain, copy = step.actions
    assert (step.is_lone, step.rules.condition) == (False, Condition.ALWAYS)
    assert (drain.at, drain.run_on) == (("steps", 0, "actions", 0), RunOn.WORKER_PER_TARGET)
    assert drain.rules == Rules(Filters(("Production",)))
    assert (copy.rules.condition, copy.notes, copy.label) == (Condition.FAILURE, "Look", 'action "copy"')
    assert process.positions["steps", 0, "actions", 1, "uses"][0] == 9


@pytest.mark.parametrize(
    ("written", "seconds"), [("45s", 45), ("2m", 120), ("0.5h", 1800), ("7", 7), ("0.25", 0.25)]
)
def test_a_timeout_is_in_seconds_unless_it_has_a_unit(tmp_path: Path, written: str, seconds: float) -> None:
    process = read(tmp_path, steps(f"- {{name: A, run: x, timeout: {written}}}"))
    assert process.actions[0].timeout == seconds


@pytest.mark.parametrize(
    ("written", "count"), [("512", 512), ("4k", 4096), ("1m", 1 << 20), ("2g", 2 << 30), ('"512"', 512)]
)
def test_memory_is_in_bytes_unless_it_has_a_unit(tmp_path: Path, written: str, count: int) -> None:
    process = read(tmp_path, steps(f"- {{name: A, run: x, container: {{memory: {written}}}}}"))
    assert process.actions[0].container.memory == count


@pytest.mark.parametrize(
    "image",
    [
        "alpine",
        "alpine:3.20",
        "library/alpine",
        "localhost:5000/a_b/c-d/e__f:Tag_1",
        "treadle/test-busybox:1",
        f"registry.example.com/team/tool@sha256:{'a' * 64}",
        f"sha256:{'a' * 64}",
    ],
)
def test_every_way_to_name_an_image_is_right(tmp_path: Path, image: str) -> None:
    process = read(tmp_path, steps(f"- {{name: A, run: x, container: {{image: '{image}'}}}}"))
    assert process.actions[0].container.image == image


def test_positions_point_at_what_a_plan_may_complain_about(tmp_path: Path) -> None:
    process = read(tmp_path, steps("- name: A\n  uses: builtin/sleep\n  with:\n    seconds: 3\n"))
    assert process.positions["steps", 0, "uses"] == (4, 9)
    assert process.positions["steps", 0, "with", "seconds"] == (6, 14)


@pytest.mark.parametrize(
    ("text", "expected"), golden_cases(Path(__file__).with_name("refused_processes.txt"))
)
def test_every_problem_is_told_at_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert refusal(lambda: read(tmp_path, text)) == expected


def test_a_binary_file_is_no_process(tmp_path: Path) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_bytes(b"\x7fELF\x02\xff\xfe")
    assert refusal(lambda: read_process(path, tmp_path)) == [
        "the file is not UTF-8 text (byte 5) [not-utf8] > Save the file as UTF-8."
    ]


def test_a_file_elsewhere_is_called_by_its_whole_path(tmp_path: Path) -> None:
    path = tmp_path / "deploy.yaml"
    path.write_text(steps("- {name: A, run: x}"))
    assert read_process(path, tmp_path).file == "deploy.yaml"
    assert read_process(path, tmp_path / "elsewhere").file == str(path)


class TestFindProcess:
    def test_finds_names_with_and_without_ending(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").touch()
        (tmp_path / "ops").mkdir()
        (tmp_path / "ops" / "b.yml").touch()
        for name, path in {"a": "a.yaml", "a.yaml": "a.yaml", "ops/b": "ops/b.yml"}.items():
            assert find_process(name, [tmp_path]) == tmp_path / path

    def test_a_yaml_file_comes_before_another_of_that_name(self, tmp_path: Path) -> None:
        (tmp_path / "deploy").write_text("#!/bin/sh\n")
        (tmp_path / "deploy.yaml").touch()
        assert find_process("deploy", [tmp_path]) == tmp_path / "deploy.yaml"

    def test_looks_where_the_user_is_before_the_project(self, tmp_path: Path) -> None:
        below = tmp_path / "below"
        below.mkdir()
        (tmp_path / "a.yaml").touch()
        (tmp_path / "b.yaml").touch()
        (below / "a.yaml").touch()
        assert find_process("a", [below, tmp_path]) == below / "a.yaml"
        assert find_process("b", [below, tmp_path]) == tmp_path / "b.yaml"

    def test_refuses_what_is_none_and_lists_those_there_are(self, tmp_path: Path) -> None:
        (tmp_path / "treadle.yaml").touch()
        (tmp_path / "deploy.yaml").write_text(steps("- {name: A, run: x}"))
        (tmp_path / "cloudbuild.yaml").write_text("steps: [{name: gcr.io/x, args: [b]}]")
        (tmp_path / "empty").mkdir()
        (tmp_path / "folder.yaml").mkdir()
        with pytest.raises(NotFound):
            find_process("depoy", [tmp_path])
        there = "Process files there: deploy.yaml."
        for name, said in {
            "depoy": f'there is no process "depoy" [process-not-found] > {there}',
            ".": f'"." is a folder; give a process file [process-not-found] > {there}',
            "empty": '"empty" is a folder; give a process file [process-not-found] > Write one with `treadle init`.',
            "treadle": f'"treadle" is the project; a process is a file of its own [not-a-process] > {there}',
        }.items():
            assert refusal(lambda name=name: find_process(name, [tmp_path])) == [said]  # type: ignore[misc]
