"""`treadle add REF to PROCESS`."""

from __future__ import annotations

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree
from tests.support.repository import SCRIPT, SYNTAX, SourceRepository, parameter, template

PROCESS = """\
# The shop
version: 1
steps:
  - name: Build   # first
    run: echo "build"

  - name: Deploy
    run: |
      echo "deploy"

# end of file
"""
ADDED = """\
  - name: "Say - Hello"
    uses: ours/hello@2
    with:
      # Where to post.
      Url: ""
"""


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    """A project with a process, whose source `ours` has been synced."""
    settings = "version: 1\nsources: {ours: {git: ./ours}}\nenvironments: {Test: {}}\n"
    project = make_project({"treadle.yaml": settings, "deploy.yaml": PROCESS})
    parameters = [parameter("Url", HelpText="Where to post."), parameter("Times", DefaultValue="1")]
    repository = SourceRepository.create(project.root / "ours")
    repository.commit({"hello.json": template("Say - Hello", 1)})
    windows = template("Windows", Properties={SYNTAX: "CSharp", SCRIPT: "x"})
    repository.commit(
        {"hello.json": template("Say - Hello", 2, Parameters=parameters), "windows.json": windows}
    )
    assert project.treadle("source", "sync", "ours").exit_code == 0
    return project


def _process(project: ProjectTree) -> str:
    return (project.root / "deploy.yaml").read_text()


@pytest.mark.parametrize(
    "words", [("ours/hello", "to", "deploy"), ("ours/hello", "deploy.yaml"), ("hello", "to", "deploy.yaml")]
)
def test_a_step_goes_to_the_end_and_everything_else_stays(
    project: ProjectTree, words: tuple[str, ...]
) -> None:
    done = project.treadle("add", *words)
    assert done.exit_code == 0
    assert _process(project) == PROCESS.replace("\n# end", f"\n{ADDED}\n# end")
    assert done.stdout.splitlines() == [
        'Added the step "Say - Hello" to deploy.yaml, line 11:',
        *ADDED.splitlines(),
        "Fill in: Url",
    ]
    assert project.treadle("validate", "deploy.yaml").exit_code == 0
    assert project.treadle("plan", "deploy", "-e", "Test").exit_code == 0


def test_a_dry_run_writes_nothing(project: ProjectTree) -> None:
    done = project.treadle("add", "hello", "to", "deploy", "--dry-run")
    assert done.stdout.startswith('Would add the step "Say - Hello" to deploy.yaml, line 11:\n')
    assert _process(project) == PROCESS


def test_the_name_of_a_step_is_its_own(project: ProjectTree) -> None:
    assert project.treadle("add", "hello", "to", "deploy", "--name", "Greet: all").exit_code == 0
    assert '  - name: "Greet: all"\n' in _process(project)
    names = [project.treadle("add", "hello", "to", "deploy", "--json").json["step"] for _ in range(3)]
    assert names == ["Say - Hello", "Say - Hello 2", "Say - Hello 3"]
    before = _process(project)
    done = project.treadle("add", "hello", "to", "deploy", "--name", "BUILD")
    assert (done.exit_code, done.complaint) == (
        2,
        'error: the process has a step "BUILD" already\n  hint: Give the step another --name.\n',
    )
    assert _process(project) == before


@pytest.mark.parametrize("version", ["@1", "@latest", "@1+"])
def test_a_version_that_was_asked_for_is_written_as_it_was(project: ProjectTree, version: str) -> None:
    done = project.treadle("add", f"ours/hello{version}", "to", "deploy", "--json").json
    assert done["reference"] == f"ours/hello{version}"
    assert f"uses: ours/hello{version}\n" in _process(project)


def test_what_cannot_run_is_added_with_a_warning(project: ProjectTree) -> None:
    done = project.treadle("add", "windows", "to", "deploy")
    assert done.exit_code == 0
    assert done.stderr == "ours/windows@1 cannot run yet: it is written in CSharp.\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("ours/hello", "to", "nope"), 'there is no process "nope"'),
        (("ours/nope", "to", "deploy"), 'source "ours" has no template "nope"'),
        (("ours/hello", "to", "treadle.yaml"), '"treadle.yaml" is the project'),
        (("ours/hello", "to", "deploy", "more"), "give one process"),
        (("ours/hello",), "missing argument"),
    ],
)
def test_what_is_not_there_is_told(project: ProjectTree, arguments: tuple[str, ...], complaint: str) -> None:
    done = project.treadle("add", *arguments)
    assert done.exit_code == 2
    assert complaint in done.stderr
    assert _process(project) == PROCESS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("version: 1\nsteps: [{name: A, run: echo}]\n", "cannot-edit"),
        ("services: {web: {image: nginx}}\n", "invalid-document"),
        ("version: 1\nsteps:\n  - name: A\n", "invalid-document"),
    ],
)
def test_a_file_that_would_be_no_process_is_left_alone(project: ProjectTree, text: str, code: str) -> None:
    project.write({"other.yaml": text})
    done = project.treadle("add", "hello", "to", "other", "--json")
    assert (done.exit_code, done.json["error"]["code"]) == (2, code)
    assert (project.root / "other.yaml").read_text() == text


def test_a_process_without_steps_gets_its_first(project: ProjectTree) -> None:
    project.write({"other.yaml": "version: 1\nsteps: []\n"})
    assert project.treadle("add", "windows", "to", "other").exit_code == 0
    assert (project.root / "other.yaml").read_text() == (
        "version: 1\nsteps:\n  - name: Windows\n    uses: ours/windows@1\n"
    )
