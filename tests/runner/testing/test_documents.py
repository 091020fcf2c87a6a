from __future__ import annotations

import pytest

from registry.errors import Invalid
from runner.testing.documents import read_test
from runner.testing.model import ExpectedCall, ExpectedLine

FULL = b"""\
version: 1
name: does it all
inputs: {A.Count: 3, A.Flag: true, A.Gone: null}
files: {conf/a.txt: hello}
commands: [{name: kubectl, stdout: ok, exit_code: 2}]
http: [{port: 8080, routes: [{path: /, status: 204}]}]
network: bridge
timeout: 2m
expect:
  exit_code: 0
  log: [ready, {absent: secret, level: info}]
  calls: [{name: kubectl, arguments: [get, pods]}]
"""


def test_a_test_file_is_read_in_full() -> None:
    test = read_test(FULL, "t.yaml")
    assert test.inputs == {"A.Count": "3", "A.Flag": "True", "A.Gone": None}
    assert (test.network, test.timeout) == ("bridge", 120.0)
    assert test.commands[0].exit_code == 2
    assert test.expect.log == (ExpectedLine(text="ready"), ExpectedLine(absent="secret", level="info"))
    assert test.expect.calls == (ExpectedCall("kubectl", ("get", "pods")),)


def test_all_problems_of_a_file_are_told_at_once() -> None:
    with pytest.raises(Invalid) as raised:
        read_test(b"version: 1\nname: x\ninput: {}\nexpect: {exit_code: big}\n", "t.yaml")
    assert [(p.line, p.code) for p in raised.value.problems] == [(3, "unknown-key"), (4, "wrong-type")]


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../../b"])
def test_files_stay_in_the_work_directory(path: str) -> None:
    text = f'version: 1\nname: x\nfiles: {{"{path}": x}}\nexpect: {{exit_code: 0}}\n'
    with pytest.raises(Invalid) as raised:
        read_test(text.encode(), "t.yaml")
    assert [problem.code for problem in raised.value.problems] == ["path-outside"]
