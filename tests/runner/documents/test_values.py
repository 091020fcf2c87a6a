from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.documents import read_values
from tests.support.problems import refusal


def test_values_are_texts(tmp_path: Path) -> None:
    file = tmp_path / "vars.yaml"
    file.write_text("Text: hello\nYes: true\nNo: False\nVersion: 1.10\nBig: 1e3\nNone: null\nEmpty: ''\n")
    assert read_values(file) == {
        "Text": "hello",
        "Yes": "True",
        "No": "False",
        "Version": "1.10",
        "Big": "1e3",
        "None": None,
        "Empty": "",
    }


@pytest.mark.parametrize("name", [".env", "test.env"])
def test_an_env_file_will_do(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("# answers\nSite.Host=www  # comment\nNotes='two\nlines'\n")
    assert read_values(file) == {"Site.Host": "www", "Notes": "two\nlines"}
    file.write_text("Site.Host\n")
    assert refusal(lambda: read_values(file)) == [
        f"{file}: line 1: expected NAME=value [dotenv-invalid] > Write one NAME=value a line."
    ]


def test_json_will_do(tmp_path: Path) -> None:
    file = tmp_path / "vars.json"
    file.write_text('{"Site.Host": "www", "Port": 80}')
    assert read_values(file) == {"Site.Host": "www", "Port": "80"}


@pytest.mark.parametrize("name", ["vars.json", "VARS.JSON"])
def test_json_may_write_a_character_as_two_escapes(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(json.dumps({"X": "launch \U0001f680", "Yes": True, "None": None, "N": 1.50}))
    assert read_values(file) == {"X": "launch \U0001f680", "Yes": "True", "None": None, "N": "1.5"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"X": "\\ud83d"}', "half a character"),
        ('{"X": [1]}', 'the value of "X" is not plain text'),
        ('{"X": 1, "X": 2}', 'duplicate key "X"'),
        ("X: 1", "this is not JSON"),
        ("[]", '"vars.json" is not a list of variables'),
    ],
)
def test_json_that_will_not_do_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("vars.json").write_text(text)
    assert expected in refusal(lambda: read_values(Path("vars.json")))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "- a\n",
            ['"vars.yaml" is not a list of variables [variables-file] > Write one NAME: value a line.'],
        ),
        (
            "just text",
            ['"vars.yaml" is not a list of variables [variables-file] > Write one NAME: value a line.'],
        ),
        (
            "A: [1]\nB: {c: d}\nC: #{Host}\nD: 1\nD: 2\n",
            [
                '1:4 the value of "A" is not plain text [wrong-type]'
                " > Give lists and mappings as JSON text, in quotes.",
                '2:4 the value of "B" is not plain text [wrong-type]'
                " > Give lists and mappings as JSON text, in quotes.",
                '3:4 YAML takes the "#{" after a blank for a comment, and what follows is lost'
                ' [yaml-swallowed-variable] > Quote it: "... #{Name} ...".',
                '5:1 duplicate key "D" [duplicate-key] > It is first on line 4.',
            ],
        ),
    ],
)
def test_anything_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("vars.yaml").write_text(text)
    assert refusal(lambda: read_values(Path("vars.yaml"))) == expected


def test_a_file_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "nope.yaml"
    assert refusal(lambda: read_values(path)) == [f'there is no file "{path}" [file-not-found]']
    assert refusal(lambda: read_values(tmp_path)) == [
        f'"{tmp_path}" is neither a file nor a pipe [file-unreadable]'
    ]
