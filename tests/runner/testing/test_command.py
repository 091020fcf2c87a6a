"""`treadle test` in real containers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.project import ProjectTree, project_tree
from tests.support.repository import SourceRepository
from tests.support.repository import template as octopus_template

CHECKOUT = Path(__file__).resolve().parents[3]

TEMPLATE = """\
schema: 1
id: 0d5ea3a4-63a5-4d0e-8a1e-5bb0f0c2d111
name: Deploy - Apply
version: 1
action_type: Octopus.Script
script: {syntax: Bash, file: script.sh}
parameters: [{name: Apply.What, control: SingleLineText, pattern: "[a-z]+"}]
"""
SCRIPT = """\
set_octopusvariable Answer "$(kubectl get "$(get_octopusvariable Apply.What)" 'two words')"
curl -sS -d '{"done": true}' http://localhost:9000/done
cat given.txt > made.txt
new_octopusartifact made.txt
getent hosts deb.debian.org || echo "no network"
"""
PASSING = """\
version: 1
name: applies
inputs: {Apply.What: PODS}
files: {given.txt: hello}
commands: [{name: kubectl, stdout: three pods}]
http: [{port: 9000, routes: [{path: /done, method: POST, status: 201, body: thanks}]}]
expect:
  exit_code: 0
  outputs: {Answer: three pods}
  log: [thanks, no network]
  artifacts: [made.txt]
  files: {made.txt: hello, absent.txt: null}
  requests: [{path: /done, method: POST, body: '{"done":true}', count: 1}]
  calls: [{name: kubectl, arguments: [get, PODS, two words]}]
"""
FAILING = """\
version: 1
name: expects too much
commands: [{name: kubectl, exit_code: 3}]
timeout: 20s
expect: {exit_code: 9, outputs: {Answer: nine pods}, artifacts: [other]}
"""


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    files = {
        "apply/template.yaml": TEMPLATE,
        "apply/script.sh": SCRIPT,
        "apply/tests/applies.yaml": PASSING,
    }
    return project_tree(tmp_path, monkeypatch, files)


@pytest.mark.docker
def test_a_template_meets_stubs_only_and_everything_is_compared(template: ProjectTree) -> None:
    done = template.treadle("test", "apply")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "✓ apply: applies" in done.stdout + done.stderr
    assert "1 test of 1 template: 1 passed, 0 failed" in done.stdout + done.stderr
    assert list((template.home / "runs").iterdir()) == []


@pytest.mark.docker
def test_failures_are_told_all_at_once_and_written_as_junit(template: ProjectTree) -> None:
    template.write({"apply/tests/fails.yaml": FAILING})
    done = template.treadle("test", "apply", "--json", "--junit", "junit.xml")
    assert done.exit_code == 1
    results = {result["test"]: result for result in done.json}
    assert results["applies"]["passed"]
    assert [failure["what"] for failure in results["expects too much"]["failures"]] == [
        "exit code",
        'output "Answer"',
        "artifact",
    ]
    cases = ElementTree.parse(template.root / "junit.xml").findall(".//testcase")
    assert [(case.get("name"), case.find("failure") is not None) for case in cases] == [
        ("applies", False),
        ("expects too much", True),
    ]


@pytest.mark.docker
def test_all_built_in_templates_pass_their_tests(template: ProjectTree) -> None:
    done = template.treadle("test", str(CHECKOUT / "templates-library"))
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "of 7 templates" in done.stdout + done.stderr


@pytest.mark.docker
def test_a_template_of_a_source_is_tested_without_editing_it(template: ProjectTree) -> None:
    test = {"name": "naps", "inputs": {"Sleep.Duration": "1s"}, "expect": {"exit_code": 0}}
    template.write({"mine/quick.yaml": test})
    done = template.treadle("test", "builtin/sleep@1", "--tests", "mine")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "builtin/sleep@1: naps" in done.stdout + done.stderr


@pytest.mark.docker
@pytest.mark.parametrize("reference", ["builtin/sleep@1", "sleep"])
def test_a_template_of_a_source_is_tested_with_the_tests_beside_it(
    template: ProjectTree, reference: str
) -> None:
    done = template.treadle("test", reference, "-k", "not a time")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "1 test of 1 template: 1 passed, 0 failed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], 'no source has a template "nowhere"'),
        (["./nowhere"], '"./nowhere" is neither a folder nor a template reference'),
        (["plain/plain"], '"plain/plain" has no tests of its own'),
        (["apply", "-k", "zebra"], 'there are no tests with "zebra" in their name'),
        (["empty"], 'there is no template folder in "empty"'),
    ],
)
def test_what_cannot_be_tested_is_bad_input(template: ProjectTree, arguments: list[str], told: str) -> None:
    (template.root / "empty").mkdir()
    SourceRepository.create(template.root / "source").commit({"plain.json": octopus_template("Plain")})
    assert template.treadle("source", "add", "plain", "./source").exit_code == 0
    assert template.treadle("source", "sync", "plain").exit_code == 0
    done = template.treadle("test", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_linked_test_file_is_refused(template: ProjectTree) -> None:
    (template.root / "apply/tests/link.yaml").symlink_to("/etc/passwd")
    done = template.treadle("test", "apply")
    assert done.exit_code == 2
    assert "links are not followed" in done.stderr


@pytest.mark.docker
def test_files_are_substituted_and_those_with_secrets_stay_off_the_disk(template: ProjectTree) -> None:
    script = "cat conf/a.txt conf/b.txt\nreadlink conf/b.txt || true\nreadlink conf/a.txt || echo plain\n"
    properties = (
        "properties:\n"
        "  Octopus.Action.EnabledFeatures: Octopus.Features.SubstituteInFiles\n"
        '  Octopus.Action.SubstituteInFiles.TargetFiles: "conf/*.txt"\n'
    )
    secret = "parameters: [{name: Token, control: Sensitive}]\n"
    test = {
        "name": "substitutes",
        "inputs": {"Token": "s3cr3t-value"},
        "variables": {"Name": "world"},
        "files": {"conf/a.txt": "hello #{Name}\n", "conf/b.txt": "token #{Token}\n"},
        "expect": {
            "exit_code": 0,
            "log": ["hello world", "token ********", "/run/treadle/", "plain"],
        },
    }
    header = TEMPLATE.partition("parameters:")[0]
    template.write({"apply/template.yaml": header + secret + properties, "apply/script.sh": script})
    template.write({"apply/tests/applies.yaml": test})
    done = template.treadle("test", "apply")
    assert done.exit_code == 0, done.stdout + done.stderr


SLOW = """\
version: 1
name: slow
expect: {exit_code: 0}
"""


def _containers(home: Path) -> list[str]:
    identity = home / "home-id"
    if not identity.exists():
        return []
    label = f"label=treadle.home={identity.read_text().strip()}"
    found = subprocess.run(["docker", "ps", "-aq", "-f", label], capture_output=True, text=True, check=True)
    return found.stdout.split()


@pytest.mark.docker
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_tests_at_once_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    project = project_tree(
        tmp_path,
        monkeypatch,
        {
            "slow/template.yaml": TEMPLATE,
            "slow/script.sh": "sleep 60",
            **{f"slow/tests/slow-{number}.yaml": SLOW for number in range(3)},
        },
    )
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("treadle")), "test", "slow", "-j", "1"],
        cwd=project.root,
        env={**os.environ, "TREADLE_HOME": str(project.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not _containers(project.home):
        assert time.monotonic() < deadline, "no test began"
        time.sleep(0.1)
    time.sleep(1)
    started = time.monotonic()
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    _, said = process.communicate(timeout=40)
    assert time.monotonic() - started < 20
    assert process.returncode == 130
    assert said.endswith("Cancelled.\n")
    project.treadle("source", "list")  # whatever the next command is
    assert _containers(project.home) == []


@pytest.mark.docker
def test_a_failing_test_shows_no_secret_in_any_form_of_its_report(template: ProjectTree) -> None:
    script = (
        "echo 'printed Canary-9981 before it was one'\n"
        "set_octopusvariable P Canary-9981 -sensitive\n"
        "kubectl --token Canary-9981\n"
        "curl -sS -H 'X-Token: Canary-9981' -d Canary-9981 http://localhost:9000/Canary-9981\n"
        "echo Canary-9981 > made.txt\n"
    )
    test = {
        "version": 1,
        "name": "fails",
        "commands": [{"name": "kubectl"}],
        "http": [{"port": 9000, "routes": [{"path": "/x"}]}],
        "expect": {
            "outputs": {"P": "other"},
            "files": {"made.txt": "other"},
            "requests": [{"path": "/other"}],
            "calls": [{"name": "other"}],
        },
    }
    template.write({"apply/script.sh": script, "apply/tests/applies.yaml": test})
    text = template.treadle("test", "apply", "--junit", "junit.xml")
    data = template.treadle("test", "apply", "--json")
    assert (text.exit_code, data.exit_code) == (1, 1)
    assert len(data.json[0]["failures"]) == 4
    for shown in (text.stdout, text.stderr, data.stdout, (template.root / "junit.xml").read_text()):
        assert "Canary" not in shown
    assert "printed ******** before" in text.stdout
