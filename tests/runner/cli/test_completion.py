from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

TREADLE = str(Path(sys.executable).with_name("treadle"))


@pytest.fixture
def project(make_project: MakeProject) -> ProjectTree:
    return make_project(
        {
            "treadle.yaml": {
                "environments": {"Test": {}, "Production": {}},
                "targets": {"web-1": {"environments": ["Test"], "roles": ["web"]}},
            },
            "deploy.yaml": {
                "steps": [{"name": "Say hello", "run": "echo"}, {"name": "Other", "run": "echo"}]
            },
            "clean-up.yaml": {
                "steps": [{"name": "Tidy", "run": "echo"}, {"name": "Wait", "uses": "builtin/sleep"}]
            },
            "below/x": "",
            "bundle.tar.gz": "",
        }
    )


def offered(project: ProjectTree, line: str, shell: str = "bash") -> list[str]:
    """What the shell is answered when the last word of `line` is being typed."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "TREADLE_HOME": str(project.home),
        "_TREADLE_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1) if shell != "fish" else words[-1],
    }
    done = subprocess.run([TREADLE], cwd=project.root, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("treadle doc", ["plain,doctor"]),
        ("treadle run ", ["plain,clean-up", "plain,deploy"]),
        ("treadle plan d", ["plain,deploy"]),
        ("treadle run deploy -e P", ["plain,Production"]),
        ("treadle run deploy -e Test --target ", ["plain,web-1"]),
        ("treadle run deploy --skip s", ["plain,Say hello"]),
        ("treadle -C .. plan project/dep", ["file,project/dep"]),
        ("treadle show b", ["prefix,builtin/"]),
        ("treadle show builtin/wait", ["plain,builtin/wait-for-http", "plain,builtin/wait-for-port"]),
        ("treadle update builtin/sl", ["plain,builtin/sleep"]),
        ("treadle import builtin/sl", ["plain,builtin/sleep"]),
        ("treadle import ./x", ["file,./x"]),
        ("treadle lint x", ["file,x"]),
        ("treadle source sync c", ["plain,community"]),
        ("treadle source remove c", ["plain,community"]),
        ("treadle search --syntax b", ["plain,bash"]),
        ("treadle search --category tre", ["plain,treadle"]),
        ("treadle runs show l", ["plain,last"]),
        ("treadle runs list --environment T", ["plain,Test"]),
        ("treadle completion po", ["plain,powershell"]),
        ("treadle show sl", ["plain,sleep"]),
        ("treadle test clean", ["file,clean"]),
        ("treadle test b", ["prefix,builtin/", "prefix,below/", "plain,bundle.tar.gz"]),
        ("treadle search --category other,tre", ["plain,other,treadle"]),
        ("treadle search --syntax bash,py", ["plain,bash,python"]),
        ("treadle search --action-type octopus.s", ["plain,Octopus.Script"]),
        ("treadle lint --ignore blank", ["plain,blank-in-name"]),
        ("treadle config show keep", ["plain,keep_runs"]),
        ("treadle help out", ["plain,outdated"]),
        ("treadle help runs pr", ["plain,prune"]),
        ("treadle update --all --step w", ["plain,Wait"]),
    ],
)
def test_values_are_offered(project: ProjectTree, line: str, answer: list[str]) -> None:
    assert offered(project, line) == answer


@pytest.mark.docker
def test_runs_offer_their_steps_targets_and_projects(project: ProjectTree) -> None:
    project.write(
        {
            "web.yaml": {"steps": [{"name": "On the web", "run": "echo", "roles": ["web"]}]},
            "other.yaml": {"steps": [{"name": "Elsewhere", "run": "echo"}]},
        }
    )
    first = project.treadle("run", "web", "-e", "Test", "--json").json["run"]
    assert project.treadle("run", "other", "-e", "Test").exit_code == 0
    assert offered(project, "treadle runs logs --step ") == ["plain,Elsewhere"]
    assert offered(project, f"treadle runs logs {first} --step ") == ["plain,On the web"]
    assert offered(project, f"treadle runs logs {first} --target w") == ["plain,web-1"]
    assert offered(project, "treadle runs list --project ") == ["plain,project"]


def test_what_cannot_be_read_offers_nothing(project: ProjectTree) -> None:
    project.write({"treadle.yaml": "version: [", "deploy.yaml": "steps: ["})
    assert offered(project, "treadle run deploy -e ") == []
    assert offered(project, "treadle run deploy --skip ") == []


def test_a_fish_description_keeps_its_commas(project: ProjectTree) -> None:
    (line,) = offered(project, "treadle publish --dry", shell="fish")
    assert line == "plain,--dry-run\tSay what would be done; change nothing."


def test_powershell_gets_one_answer_a_line(project: ProjectTree) -> None:
    environment = {
        **os.environ,
        "_TREADLE_COMPLETE": "powershell_complete",
        "COMP_WORDS": "treadle run deploy -e P",
        "COMP_CWORD": "P",
    }
    done = subprocess.run([TREADLE], cwd=project.root, env=environment, capture_output=True, text=True)
    assert done.stdout == "plain\tProduction\t\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_prints_a_script(project: ProjectTree, shell: str) -> None:
    done = project.treadle("completion", shell)
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"{shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("(treadle run deploy --skip Say) 4", ["Say\\ hello"]),
        ("(treadle run d) 2", ["deploy"]),
        ("(treadle show b) 2", ["builtin/"]),
    ],
)
def test_bash_completes_by_its_script(project: ProjectTree, line: str, replies: list[str]) -> None:
    words, _, current = line.rpartition(" ")
    program = f"""
        compopt() {{ :; }}
        eval "$(treadle completion bash)"
        COMP_WORDS={words} COMP_CWORD={current}
        _treadle_completion treadle
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{Path(TREADLE).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "TREADLE_HOME": str(project.home), "PATH": path}
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-c", program], cwd=project.root, env=environment, capture_output=True, text=True
    )
    assert (done.stdout.splitlines(), done.stderr) == (replies, "")
