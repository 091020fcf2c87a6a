from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.conftest import MakeProject
from tests.support.project import ProjectTree

SECRET = "correct-horse-battery-staple"

PROJECT: dict[str, Any] = {
    "name": "Web shop",
    "environments": {"Test": {}, "Production": {}},
    "targets": {
        "web-1": {"environments": ["Test", "Production"], "roles": ["web-server"]},
        "web-2": {"environments": ["Production"], "roles": ["web-server"], "network": "web"},
    },
    "variables": {
        "Site.Host": {
            "value": "test.example.com",
            "scopes": [{"value": "#{Octopus.Machine.Name}.example.com", "environment": "Production"}],
        },
        "Hook": {"sensitive": True, "from": {"env": "SHOP_HOOK"}},
    },
}
PROCESS: dict[str, Any] = {
    "name": "Deploy",
    "steps": [
        {"name": "Hello", "run": "echo #{Site.Host} #{Hook}\nexit 0\n", "roles": ["web-server"], "notes": "Look!"},
        {
            "name": "Breathe",
            "uses": "builtin/sleep@1",
            "with": {"Sleep.Duration": "#{Pause}"},
            "condition": "always",
        },
        {"name": "Elsewhere", "run": "x", "environments": ["Production"]},
    ],
}  # fmt: skip


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.setenv("SHOP_HOOK", SECRET)
    # Planning needs no engine: none answers here.
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    return make_project({"treadle.yaml": PROJECT, "deploy.yaml": PROCESS})


class TestText:
    def test_shows_steps_targets_versions_and_values(self, shop: ProjectTree) -> None:
        done = shop.treadle("plan", "deploy", "-e", "test", "--var", "Pause=1s")
        assert (done.exit_code, done.stderr) == (0, "")
        text = done.stdout.splitlines()
        blob = next(line for line in text if "builtin/sleep" in line).partition("blob ")[2][:9]
        assert text == [
            "Deploy in Test",
            "",
            "  1  Hello",
            "     Look!",
            "     Bash script of the process, image treadle/worker:0.1.0",
            "     on web-1",
            "",
            "  2  Breathe  (always)",
            f"     builtin/sleep@1 (Bash, blob {blob}), image treadle/worker:0.1.0",
            "     once, on the worker",
            "       Sleep.Duration  1s  with deploy.yaml:14:23",
            "",
            "  3  Elsewhere",
            '     skipped: only in "Production"',
            "",
            "2 actions, one container each; 1 of 3 steps skipped",
        ]

    @pytest.mark.parametrize("where", ["before", "after"])
    def test_verbose_shows_scripts_and_variables(self, shop: ProjectTree, where: str) -> None:
        arguments = ["plan", "deploy", "-e", "Test", "--var", "Pause=1s"]
        done = shop.treadle(*(["-v", *arguments] if where == "before" else [*arguments, "-v"]))
        assert "       │ echo test.example.com ********\n       │ exit 0\n" in done.stdout
        assert "Octopus.Environment.Name" in done.stdout
        assert SECRET not in done.stdout

    def test_tells_apart_targets_whose_values_differ(self, shop: ProjectTree) -> None:
        steps = [
            {
                "name": "Wait",
                "uses": "builtin/wait-for-port",
                "with": {"WaitForPort.Host": "#{Octopus.Machine.Name}", "WaitForPort.Port": "80"},
                "roles": ["web-server"],
            }
        ]
        shop.write({"wait.yaml": {"steps": steps}})
        said = shop.treadle("plan", "wait", "-e", "Production").stdout
        assert "     on web-1, web-2\n     web-2 asks for: network web\n     on web-1:\n" in said
        assert "     on web-2:\n" in said

    def test_shows_what_an_action_asks_for_beyond_the_defaults(self, shop: ProjectTree) -> None:
        container = {"network": "host", "user": "0", "capabilities": ["SYS_ADMIN"]}
        shop.write({"more.yaml": {"steps": [{"name": "A", "run": "id", "container": container}]}})
        done = shop.treadle("plan", "more", "-e", "Test")
        assert "     once, on the worker\n     asks for: network host, root, SYS_ADMIN\n" in done.stdout
        (step,) = shop.treadle("plan", "more", "-e", "Test", "--json").json["steps"]
        assert step["actions"][0]["asks_for"] == ["network host", "root", "SYS_ADMIN"]

    def test_has_no_colours_in_a_pipe(self, shop: ProjectTree) -> None:
        assert "\x1b" not in shop.treadle("plan", "deploy", "-e", "Test", "--var", "Pause=1s").stdout

    def test_says_when_there_is_nothing_to_run(self, shop: ProjectTree) -> None:
        shop.write({"none.yaml": {"steps": [{"name": "A", "run": "x", "disabled": True}]}})
        assert shop.treadle("plan", "none", "-e", "Test").stdout.endswith(
            "\nnothing to run; 1 of 1 steps skipped\n"
        )


class TestJson:
    def plan(self, shop: ProjectTree, *arguments: str) -> Any:
        done = shop.treadle("plan", "deploy", "--json", "--var", "Pause=1s", *arguments)
        assert (done.exit_code, done.stderr) == (0, "")
        return done.json

    def test_holds_the_plan_step_by_step(self, shop: ProjectTree) -> None:
        plan = self.plan(shop, "-e", "production", "--skip", "elsewhere")
        head = {key: plan[key] for key in ("format", "process", "file", "project", "environment", "warnings")}
        assert head == {
            "format": 1,
            "process": "Deploy",
            "file": "deploy.yaml",
            "project": "Web shop",
            "environment": "Production",
            "warnings": [],
        }
        assert [
            (step["number"], step["name"], step["condition"], step["skip"]) for step in plan["steps"]
        ] == [
            (1, "Hello", "success", None),
            (2, "Breathe", "always", None),
            (3, "Elsewhere", "success", "skipped-by-user"),
        ]

    def test_holds_every_action_with_its_target_and_script(self, shop: ProjectTree) -> None:
        one, two = self.plan(shop, "-e", "Production")["steps"][0]["actions"]
        assert (one["id"], two["id"]) == ("1-hello@web-1", "1-hello@web-2")
        assert two["target"] == {
            "name": "web-2",
            "roles": ["web-server"],
            "docker": None,
            "network": "web",
            "volumes": {},
        }
        assert (two["image"], two["syntax"]) == ("treadle/worker:0.1.0", "Bash")
        assert two["script"] == "echo web-2.example.com ********\nexit 0\n"
        host = next(value for value in two["variables"] if value["name"] == "Site.Host")
        assert host == {
            "name": "Site.Host",
            "value": "web-2.example.com",
            "written": "#{Octopus.Machine.Name}.example.com",
            "sensitive": False,
            "origin": "project",
            "detail": 'environment: "Production"',
            "reads": ["Octopus.Machine.Name"],
            "missing": [],
        }

    def test_pins_templates(self, shop: ProjectTree) -> None:
        (action,) = self.plan(shop, "-e", "Test")["steps"][1]["actions"]
        pin = action["template"]
        assert (pin["reference"], pin["source"], pin["slug"], pin["version"]) == (
            "builtin/sleep@1",
            "builtin",
            "sleep",
            1,
        )
        assert len(pin["blob"]) == 40
        assert action["parameters"] == [
            {
                "name": "Sleep.Duration",
                "value": "1s",
                "written": "#{Pause}",
                "sensitive": False,
                "origin": "given",
                "detail": "deploy.yaml:14:23",
                "reads": ["Pause"],
                "missing": [],
            }
        ]

    def test_never_holds_a_secret(self, shop: ProjectTree) -> None:
        text = json.dumps(self.plan(shop, "-e", "Test"))
        assert SECRET not in text
        hook = next(v for v in json.loads(text)["steps"][0]["actions"][0]["variables"] if v["name"] == "Hook")
        assert (hook["value"], hook["sensitive"], hook["detail"]) == (
            "********",
            True,
            "environment variable SHOP_HOOK",
        )


class TestNothingIsCreated:
    def test_not_in_the_home(self, shop: ProjectTree) -> None:
        inline = {"steps": [{"name": "A", "run": "x"}]}
        shop.write({"inline.yaml": inline})
        shop.treadle("plan", "inline", "-e", "Test", "--json")
        assert shop.home_files() == []

    def test_no_run_and_no_file_in_the_project(self, shop: ProjectTree) -> None:
        before = {path: path.stat().st_mtime_ns for path in shop.root.rglob("*")}
        assert shop.treadle("plan", "deploy", "-e", "Test", "--var", "Pause=1s").exit_code == 0
        assert {path: path.stat().st_mtime_ns for path in shop.root.rglob("*")} == before
        assert not [name for name in shop.home_files() if name.startswith(("runs", "home-id"))]

    @pytest.mark.docker
    def test_no_container(self, make_project: MakeProject) -> None:
        def ours() -> str:
            label = "label=treadle.action=1-only-planned"
            listed = subprocess.run(
                ["docker", "ps", "-aq", "--filter", label], capture_output=True, check=True
            )
            return listed.stdout.decode()

        project = make_project({"deploy.yaml": {"steps": [{"name": "Only planned", "run": "x"}]}})
        assert project.treadle("plan", "deploy").exit_code == 0
        assert ours() == ""


class TestWarnings:
    @pytest.fixture
    def doubtful(self, make_project: MakeProject) -> ProjectTree:
        return make_project({"deploy.yaml": {"steps": [{"name": "A", "run": "echo '#{Nope}'"}]}})

    def test_go_to_stderr_and_fail_nothing(self, doubtful: ProjectTree) -> None:
        done = doubtful.treadle("plan", "deploy", "--json")
        assert done.exit_code == 0
        warning = (
            'deploy.yaml:4:16: warning: step "A": the script reads "Nope", which nothing defines;'
            " it will stay as it is [unknown-variable]\n"
            "  hint: Give it with --var Nope=..., or define it under variables in treadle.yaml.\n"
        )
        assert done.stderr == warning
        assert [problem["code"] for problem in done.json["warnings"]] == ["unknown-variable"]

    def test_are_errors_under_strict(self, doubtful: ProjectTree) -> None:
        done = doubtful.treadle("plan", "deploy", "--strict")
        assert done.exit_code == 2
        assert done.stderr.endswith("\nerror[strict]: warnings are errors with --strict\n")


def test_a_project_is_found_from_below(shop: ProjectTree) -> None:
    shop.write({"below/own.yaml": {"steps": [{"name": "A", "run": "x"}]}})
    for process in ("own", "deploy"):
        done = shop.treadle("-C", "below", "plan", process, "-e", "Test", "--var", "Pause=1s")
        assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no file"),
        ("hello", "has no certificate in PEM form"),
        ("-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n", "holds a private key"),
        ("x" * (1024**2 + 1), "has more than 1,048,576 bytes"),
    ],
)
def test_certificates_that_cannot_be_used_stop_the_plan(
    make_project: MakeProject, content: str | None, told: str
) -> None:
    project = make_project(
        {"treadle.yaml": {"ca": "ca.pem"}, "deploy.yaml": {"steps": [{"name": "A", "run": "x"}]}}
    )
    if content is not None:
        project.write({"ca.pem": content})
    done = project.treadle("plan", "deploy")
    assert done.exit_code == 2
    assert told in done.stderr
    assert "`ca`" in done.stderr


def test_a_value_that_is_not_utf8_is_refused(shop: ProjectTree) -> None:
    done = shop.treadle("plan", "deploy", "-e", "Test", "--var", "Pause=1\udcffs")
    assert done.exit_code == 2
    assert '--var "Pause" is not UTF-8 text' in done.stderr


def test_a_secret_too_short_to_be_masked_is_warned_of_by_name(
    shop: ProjectTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_HOOK", "abc")
    done = shop.treadle("plan", "deploy", "-e", "Test", "--var", "Pause=1s")
    assert done.exit_code == 0
    assert done.stderr.count('the secret "Hook" has fewer than 4 characters and cannot be masked') == 1
