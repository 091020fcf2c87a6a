from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from registry.errors import Invalid, NotFound
from runner.variables.sources.kinds import complaints, label, source_of
from tests.runner.variables.sources.reading import read
from tests.support.problems import refusal

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ({"cmd": "printf 'a b'"}, "a b"),
        ({"cmd": ["printf", "a b\n"]}, "a b"),
        ({"cmd": "echo $HOME `x` * | cat"}, "$HOME `x` * | cat"),
        ({"cmd": "echo a | tr a b", "shell": True}, "b"),
        ({"cmd": ["printf", "\n\n"]}, "\n"),
        ({"cmd": "true"}, ""),
    ],
)
def test_what_a_command_prints_is_the_value(tmp_path: Path, raw: Any, value: str) -> None:
    assert read(raw, tmp_path, ENVIRON) == value


def test_it_starts_in_the_projects_folder_without_input_and_without_keys(tmp_path: Path) -> None:
    environ = {**ENVIRON, "TREADLE_KEY": "k", "OTHER": "o"}
    script = 'pwd; cat; echo "${TREADLE_KEY:-none} $OTHER"'
    assert read({"cmd": script, "shell": True}, tmp_path, environ) == f"{tmp_path}\nnone o"


def test_one_that_fails_says_why(tmp_path: Path) -> None:
    script = "echo first >&2; echo 'no such \x1b[31mentry' >&2; exit 3"
    with pytest.raises(NotFound) as caught:
        read({"cmd": script, "shell": True}, tmp_path, ENVIRON)
    assert caught.value.code == "variable-command"
    assert caught.value.message.endswith(" failed with exit code 3: no such ^[[31mentry")


def test_of_a_secret_not_even_the_complaints_are_shown(tmp_path: Path) -> None:
    raw = {"cmd": "echo s3cret >&2; echo s3cret; exit 3", "shell": True}
    with pytest.raises(NotFound) as caught:
        read(raw, tmp_path, ENVIRON, sensitive=True)
    assert caught.value.message.endswith(" failed with exit code 3")


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert refusal(lambda: read({"cmd": "no-such-program x"}, tmp_path, ENVIRON)) == [
        'the command "no-such-program x" cannot be started: No such file or directory [variable-command]'
        " > Install it, or correct its name."
    ]


@pytest.mark.parametrize("script", ["sleep 60", "sleep 60 & sleep 60", "exec >&- 2>&-; sleep 60"])
def test_one_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path, script: str) -> None:
    begun = time.monotonic()
    script = f"echo $$ > pid; {script}"
    with pytest.raises(NotFound, match=r"did not end within 0\.3 s"):
        read({"cmd": script, "shell": True, "timeout": 0.3}, tmp_path, ENVIRON)
    assert time.monotonic() - begun < 30
    group = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not _lives(group):
            break
        time.sleep(0.05)
    assert not _lives(group)


def test_one_that_prints_too_much_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="prints more than 1,048,576 bytes"):
        read({"cmd": "yes"}, tmp_path, ENVIRON)


def test_complaints_without_end_do_no_harm(tmp_path: Path) -> None:
    assert read({"cmd": "head -c 9000000 /dev/zero >&2; echo v", "shell": True}, tmp_path, ENVIRON) == "v"


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is not UTF-8 text"):
        read({"cmd": ["printf", r"\377"]}, tmp_path, ENVIRON)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"cmd": "echo 'open"}, "source-command"),
        ({"cmd": "  "}, "source-command"),
        ({"cmd": [" "]}, "source-command"),
        ({"cmd": ["a"], "shell": True}, "source-option"),
        ({"env": "A", "timeout": 3}, "source-option"),
        ({"cmd": "a", "timeout": "0s"}, "source-option"),
        ({"cmd": "a", "timeout": "2h"}, "source-option"),
        ({"cmd": "a", "name": "x"}, "source-option"),
    ],
)
def test_what_cannot_be_run_is_told_before(raw: Any, code: str) -> None:
    assert [complaint.code for complaint in complaints(raw)] == [code]


def test_a_command_is_shown_as_people_write_it() -> None:
    assert label(source_of({"cmd": ["op", "read", "a b"]})) == "command op read 'a b'"


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
