"""`treadle process add | remove | move | rename`."""

from __future__ import annotations

import json

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

PROCESS = """\
version: 1
steps:
  # Makes the site.
  - name: Build   # first
    run: set_octopusvariable Version 1

  - name: Deploy
    run: |
      echo "#{Octopus.Action[Build].Output.Version}"
      get_octopusvariable "Octopus.Action[$STEP].Output.Version"
  - name: Report
    run: "echo #{octopus.step[build].Status.Code} #{Octopus.Action[Build].Output[a].B}"
# end of file
"""


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    return make_project({"deploy.yaml": PROCESS})


def _process(project: ProjectTree) -> str:
    return (project.root / "deploy.yaml").read_text()


class TestRename:
    def test_rewrites_what_reads_the_step_and_tells_what_it_cannot_know(self, project: ProjectTree) -> None:
        done = project.treadle("process", "rename", "deploy", "build", "Make it")
        assert (done.exit_code, done.stderr.splitlines()) == (
            0,
            [
                'Look at: deploy.yaml:10:28: get_octopusvariable "Octopus.Action[$STEP].Output.Version"'
                " (the name is made up as it runs)"
            ],
        )
        assert done.stdout.splitlines() == [
            'Renamed the step "build" of deploy.yaml to "Make it".',
            'Rewritten: deploy.yaml:9:15: echo "#{Octopus.Action[Make it].Output.Version}"',
            'Rewritten: deploy.yaml:12:18: run: "echo #{octopus.step[Make it].Status.Code}'
            ' #{Octopus.Action[Make it].Output[a].B}"',
        ]
        assert _process(project) == PROCESS.replace("name: Build", 'name: "Make it"').replace(
            "[Build]", "[Make it]"
        ).replace("[build]", "[Make it]")
        assert project.treadle("validate", "deploy.yaml").exit_code == 0

    def test_changes_only_case_or_nothing_at_all(self, project: ProjectTree) -> None:
        assert project.treadle("process", "rename", "deploy", "Build", "BUILD").exit_code == 0
        assert "[BUILD]" in _process(project)
        before = _process(project)
        done = project.treadle("process", "rename", "deploy", "build", "BUILD")
        assert (done.exit_code, done.stdout) == (0, 'The step is called "BUILD" already.\n')
        assert _process(project) == before

    def test_refuses_a_name_that_is_taken(self, project: ProjectTree) -> None:
        done = project.treadle("process", "rename", "deploy", "Build", "report")
        assert (done.exit_code, done.complaint) == (
            2,
            'error: deploy.yaml has a step "report" already\n  hint: Take another name.\n',
        )
        assert _process(project) == PROCESS

    def test_leaves_what_it_cannot_write_and_says_so(self, project: ProjectTree) -> None:
        text = 'version: 1\nsteps:\n- name: A\n  run: x\n- name: B\n  run: "#{Octopus.Act\\u0069on[A].Output.X}"\n'
        project.write({"deploy.yaml": text})
        done = project.treadle("process", "rename", "deploy", "A", "C")
        assert done.stderr.startswith("Look at: deploy.yaml:6:")
        assert _process(project) == text.replace("name: A", "name: C")

    def test_a_dry_run_writes_nothing(self, project: ProjectTree) -> None:
        done = project.treadle("process", "rename", "deploy", "Build", "X", "--dry-run", "--json")
        data = json.loads(done.stdout)
        assert (data["name"], data["dry_run"], len(data["rewritten"]), len(data["left"])) == ("X", True, 3, 1)
        assert _process(project) == PROCESS


class TestRemove:
    def test_takes_the_step_and_its_comments_and_tells_who_still_reads_it(self, project: ProjectTree) -> None:
        done = project.treadle("process", "remove", "deploy", "Build")
        assert (done.exit_code, done.stdout) == (0, 'Removed the step "Build" from deploy.yaml.\n')
        assert [line.split(": ", 2)[1] for line in done.stderr.splitlines()] == [
            "deploy.yaml:5:15",
            "deploy.yaml:6:28",
            "deploy.yaml:8:18",
        ]
        start, end = PROCESS.index("  # Makes"), PROCESS.index("  - name: Deploy")
        assert _process(project) == PROCESS[:start] + PROCESS[end:]

    def test_keeps_the_last_step(self, project: ProjectTree) -> None:
        project.write({"one.yaml": "version: 1\nsteps:\n- name: A\n  run: x\n"})
        done = project.treadle("process", "remove", "one", "a")
        assert (done.exit_code, done.complaint) == (
            2,
            'error: "A" is the only step of one.yaml, which needs one\n'
            "  hint: Remove the file itself, or add another step first.\n",
        )

    def test_names_the_nearest_step(self, project: ProjectTree) -> None:
        done = project.treadle("process", "remove", "deploy", "Biuld")
        assert (done.exit_code, done.complaint) == (
            2,
            'error: deploy.yaml has no step "Biuld"\n  hint: Did you mean "Build"?\n',
        )


class TestMove:
    @pytest.mark.parametrize(
        ("where", "order"),
        [
            (["--last"], ["Deploy", "Report", "Build"]),
            (["--first"], ["Build", "Deploy", "Report"]),
            (["--after", "deploy"], ["Deploy", "Build", "Report"]),
            (["--before", "Report"], ["Deploy", "Build", "Report"]),
        ],
    )
    def test_takes_the_step_and_its_comments_along(
        self, project: ProjectTree, where: list[str], order: list[str]
    ) -> None:
        done = project.treadle("process", "move", "deploy", "Build", *where)
        assert done.exit_code == 0
        text = _process(project)
        assert sorted(order, key=lambda name: text.index(f"name: {name}")) == order
        assert "  # Makes the site.\n  - name: Build   # first\n" in text
        assert sorted(text.splitlines()) == sorted(PROCESS.splitlines())

    @pytest.mark.parametrize(
        ("where", "complaint"),
        [
            ([], "say where to: --first, --last, --before STEP or --after STEP"),
            (["--first", "--last"], "give one of --first, --last, --before and --after"),
            (["--after", "Build"], '"Build" cannot stand after itself'),
            (["--after", "Nope"], 'deploy.yaml has no step "Nope"'),
        ],
    )
    def test_refuses_a_place_that_is_not_one(
        self, project: ProjectTree, where: list[str], complaint: str
    ) -> None:
        done = project.treadle("process", "move", "deploy", "Build", *where)
        assert done.exit_code == 2
        assert complaint in done.complaint
        assert _process(project) == PROCESS


def test_a_step_is_added_where_one_says(project: ProjectTree) -> None:
    done = project.treadle(
        "process", "add", "builtin/sleep", "to", "deploy", "--after", "Build", "--name", "Wait"
    )
    assert done.exit_code == 0
    assert "builtin/sleep@" in _process(project).partition("name: Deploy")[0].partition("name: Build")[2]
    assert project.treadle("add", "builtin/sleep", "deploy", "--first").exit_code == 0
    assert _process(project).index("builtin/sleep") < _process(project).index("name: Build")


def test_a_broken_process_is_not_edited(project: ProjectTree) -> None:
    project.write({"deploy.yaml": PROCESS.replace("run: set", "rnu: set")})
    for command in (["remove", "deploy", "Build"], ["move", "deploy", "Build", "--last"]):
        done = project.treadle("process", *command)
        assert done.exit_code == 2
        assert 'deploy.yaml:5:5: error: step "Build": unknown key "rnu" (did you mean "run"?)' in done.stderr
