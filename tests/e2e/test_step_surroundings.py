"""What a step of a process puts around its script: environment variables, files of the project, an early end."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

pytestmark = pytest.mark.docker
SECRET = "correct-horse-battery"


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    variables = {"Token": {"sensitive": True, "from": {"env": "SHOP_TOKEN"}}, "Who": "World"}
    return make_project({"treadle.yaml": {"variables": variables}})


def run(shop: ProjectTree, *steps: dict[str, Any]) -> tuple[int, str]:
    shop.write({"deploy.yaml": {"steps": list(steps)}})
    done = shop.treadle("run", "deploy")
    return done.exit_code, done.stdout


class TestEnvironment:
    @pytest.mark.parametrize("shell", ["bash", "sh"])
    def test_reaches_scripts_evaluated(self, shop: ProjectTree, shell: str) -> None:
        step = {
            "name": "A",
            "shell": shell,
            "run": 'echo "<$GREETING>"',
            "env": {"GREETING": 'Hello #{Who}, "x"'},
        }
        assert '<Hello World, "x">' in run(shop, step)[1]

    def test_reaches_templates(self, shop: ProjectTree) -> None:
        script = {"RunAScript.Interpreter": "bash", "RunAScript.Body": 'echo "<$GREETING>"'}
        step = {"name": "A", "uses": "builtin/run-a-script", "with": script, "env": {"GREETING": "#{Who}"}}
        assert "<World>" in run(shop, step)[1]

    def test_keeps_secrets_out_of_logs_and_of_the_container(self, shop: ProjectTree) -> None:
        label = "1-secret-in-the-environment"
        look = subprocess.Popen(
            f"for i in $(seq 100); do docker ps -q --filter label=treadle.action={label} | xargs -r docker inspect"
            " && sleep 0.05; done",
            shell=True,
            stdout=subprocess.PIPE,
        )
        step = {
            "name": "Secret in the environment",
            "run": '[ ${#TOKEN} = 21 ]; echo "$TOKEN $CODED"; sleep 2',
            "env": {"TOKEN": "#{Token}", "CODED": "#{Token | ToUpper}"},
        }
        code, said = run(shop, step)
        look.terminate()
        inspected = look.communicate()[0].decode()
        assert (code, "******** ********" in said) == (0, True)
        assert f'"treadle.action": "{label}"' in inspected
        assert SECRET not in inspected
        journals = "".join(path.read_text(errors="replace") for path in _files(shop.home / "runs"))
        assert SECRET not in journals
        assert SECRET.upper() not in journals


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_files_of_the_project_reach_the_work_directory(shop: ProjectTree) -> None:
    shop.write({"conf/app.yaml": "colour: red\n", "tool.sh": "#!/bin/sh\necho from the tool\n"})
    (shop.root / "tool.sh").chmod(0o755)
    step = {
        "name": "A",
        "files": ["conf", {"from": "tool.sh", "to": "bin/tool"}],
        "run": "cat conf/app.yaml\n./bin/tool\necho more >> conf/app.yaml\n",
    }
    code, said = run(shop, step)
    assert (code, "colour: red" in said, "from the tool" in said) == (0, True, True)
    assert (shop.root / "conf/app.yaml").read_text() == "colour: red\n"


class TestFirstFailure:
    @pytest.mark.parametrize(
        ("shell", "script"),
        [("bash", "false\necho LATER"), ("bash", "false | true\necho LATER"), ("sh", "false\necho LATER")],
    )
    def test_ends_a_script_of_the_process(self, shop: ProjectTree, shell: str, script: str) -> None:
        code, said = run(shop, {"name": "A", "shell": shell, "run": script})
        assert (code, "LATER" in said) == (1, False)

    @pytest.mark.parametrize("where", ["step", "project"])
    def test_does_not_where_somebody_says_so(self, shop: ProjectTree, where: str) -> None:
        step: dict[str, Any] = {"name": "A", "run": "false\necho LATER"}
        if where == "step":
            step["fail_fast"] = False
        else:
            shop.write({"treadle.yaml": {"defaults": {"fail_fast": False}}})
        code, said = run(shop, step)
        assert (code, "LATER" in said) == (0, True)

    def test_leaves_the_helpers_alone(self, shop: ProjectTree) -> None:
        script = "x=$(get_octopusvariable Nope.Never)\nset_octopusvariable A 1\nwrite_verbose v\necho DONE"
        assert "DONE" in run(shop, {"name": "A", "run": script})[1]

    def test_does_not_end_templates(self, shop: ProjectTree) -> None:
        shop.treadle("new", "lax", "--syntax", "bash", "-o", "lax")
        (shop.root / "lax/script.sh").write_text("false\necho LATER\n")
        assert shop.treadle("publish", "lax", "--as", "lax").exit_code == 0
        code, said = run(shop, {"name": "A", "uses": "library/lax"})
        assert (code, "LATER" in said) == (0, True)
