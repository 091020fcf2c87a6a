from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.project import ProjectTree, project_tree


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectTree:
    monkeypatch.setenv("HOOK", "https://hooks/s3cret")
    project = {
        "environments": {"Test": {}, "Production": {}},
        "targets": {"web-1": {"environments": ["Production"], "roles": ["web"]}},
        "variables": {
            "Host": {
                "value": "test.example.com",
                "scopes": [
                    {"value": "www.example.com", "environment": "Production"},
                    {"value": "one.example.com", "target": "web-1"},
                ],
            },
            "Url": {"value": "https://#{Host}/"},
            "Hook": {"sensitive": True, "from": {"env": "HOOK"}},
        },
    }
    return project_tree(tmp_path, monkeypatch, {"treadle.yaml": project})


def test_the_result_and_what_it_read(tree: ProjectTree) -> None:
    shown = tree.treadle("expand", "see #{Url}#{Nope}", "-e", "Production")

    assert shown.exit_code == 0
    assert shown.stdout == "see https://www.example.com/#{Nope}\n"
    assert shown.stderr.splitlines() == [
        "read     Url   project",
        'read     Host  project environment: "Production"',
        "missing  #{Nope}",
    ]


def test_an_input_beats_the_project_and_a_target_the_environment(tree: ProjectTree) -> None:
    assert tree.treadle("expand", "#{Url}", "-e", "Test", "--var", "Host=mine").stdout == "https://mine/\n"
    on_target = tree.treadle("expand", "#{Host}", "-e", "Production", "--target", "web-1")
    assert on_target.stdout == "one.example.com\n"


def test_secrets_are_masked(tree: ProjectTree) -> None:
    shown = tree.treadle("expand", "post to #{Hook | ToUpper}", "-e", "Test", "--json")

    assert shown.json == {
        "text": "post to ********",
        "reads": [
            {"name": "Hook", "value": "********", "origin": "project", "from": "environment variable HOOK"}
        ],
        "missing": [],
        "mistakes": [],
    }


def test_a_text_that_does_not_parse_is_bad_input(tree: ProjectTree) -> None:
    shown = tree.treadle("expand", "ok #{if", "-e", "Test")

    assert shown.exit_code == 2
    assert "line 1, column 4" in shown.stderr


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("#{Host | ToUper}", 'there is no filter "ToUper"', 'Did you mean "ToUpper"?'),
        ("#{Via}", 'there is no filter "Trimm"', 'Did you mean "Trim"?'),
        ("#{if Host}yes", "#{if} without #{/if}", "Write #{/if}"),
        ("#{else}", "#{else} without #{if}", "write the #{if}"),
        (
            "#{Host | Truncate x}",
            'the filter "Truncate" has no answer for the value of "Host"',
            "Check the value",
        ),
        (
            "#{Host | ToUpper | Trim middle}",
            'the filter "Trim" has no answer for the value of "Host"',
            "Check",
        ),
    ],
)
def test_what_is_wrong_with_an_expression_is_told(
    tree: ProjectTree, text: str, message: str, hint: str
) -> None:
    options = ("-e", "Test", "--var", "Host=x", "--var", "Via=#{Host | Trimm}")
    shown = tree.treadle("expand", text, *options)
    (mistake,) = json.loads(tree.treadle("expand", text, *options, "--json").stdout)["mistakes"]

    assert f"warning: {message}\n  hint: " in shown.stderr
    assert mistake["message"] == message
    assert hint in mistake["hint"]


@pytest.mark.parametrize(
    ("text", "message"),
    [('#{if Host == "x"}yes', "#{if} without #{/if}"), ("yes#{/each}", "#{/each} without #{each}")],
)
def test_half_a_block_that_does_not_parse_is_told_as_such(tree: ProjectTree, text: str, message: str) -> None:
    shown = tree.treadle("expand", text, "-e", "Test")

    assert shown.exit_code == 2
    assert message in shown.stderr


def test_strict_refuses_a_missing_value(tree: ProjectTree) -> None:
    shown = tree.treadle("expand", "#{Nope}", "-e", "Test", "--strict")

    assert shown.exit_code == 2
    assert "'#{Nope}'" in shown.stderr


def test_a_reference_to_itself_is_told_by_name(tree: ProjectTree) -> None:
    shown = tree.treadle("expand", "#{A}", "-e", "Test", "--var", "A=#{A}")

    assert shown.exit_code == 2
    assert "A -> A" in shown.stderr


def test_the_text_may_come_from_standard_input(tree: ProjectTree) -> None:
    assert tree.treadle("expand", "-", "-e", "Test", stdin="#{Host}").stdout == "test.example.com\n"
