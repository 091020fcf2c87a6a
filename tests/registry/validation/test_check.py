"""Checking files and folders: kinds told by content, rules for templates, hostile input."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import NotFound
from registry.model import Problem
from registry.text.json_document import dump_json, load_json
from registry.validation.check import check_path, check_paths, check_template
from tests.support.library import CommunityLibrary

BODY = "Octopus.Action.Script.ScriptBody"
SYNTAX = "Octopus.Action.Script.Syntax"
TEMPLATE: dict[str, Any] = {
    "Id": "7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11",
    "Name": "Greeting - Say hello",
    "ActionType": "Octopus.Script",
    "Version": 3,
    "Properties": {SYNTAX: "Bash", BODY: "echo"},
    "Parameters": [],
}
FOLDER = """schema: 1
id: 7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11
name: Greeting - Say hello
version: 3
action_type: Octopus.Script
script: {syntax: Bash, file: script.sh}
"""
PROCESS = "version: 1\nsteps:\n  - {name: x, run: echo}\n"


def problems_of(tmp_path: Path, name: str, content: str | bytes) -> list[Problem]:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    (checked,) = check_path(file)
    return list(checked.problems)


def template_problems(tmp_path: Path, **changes: Any) -> list[Problem]:
    return problems_of(tmp_path, "x.json", json.dumps({**TEMPLATE, **changes}, indent=2))


def parameter_problem(tmp_path: Path, more: Mapping[str, Any] | None = None, **changes: Any) -> Problem:
    (problem,) = template_problems(tmp_path, Parameters=[{"Name": "a", **changes}], **(more or {}))
    return problem


def control(kind: str, options: str | None = None) -> dict[str, str]:
    settings = {"Octopus.ControlType": kind}
    return settings if options is None else {**settings, "Octopus.SelectOptions": options}


def test_good_template_has_no_problems(tmp_path: Path) -> None:
    assert template_problems(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "code", "severity", "message"),
    [
        (
            {"Parameters": [{"Name": "a"}, {"Name": "A"}]},
            "duplicate-parameter",
            "error",
            'parameter 2 "A" has the name of parameter 1',
        ),
        (
            {"Treadle": {"Outputs": [{"Name": "x"}, {"Name": "x"}]}},
            "duplicate-output",
            "error",
            'output 2 "x" has the name of output 1',
        ),
        (
            {"Treadle": {"Parameters": {"Greting": {}}}},
            "unknown-parameter",
            "error",
            'there is no parameter "Greting"',
        ),
        (
            {"Treadle": {"MinimumTreadle": "99.1"}},
            "treadle-too-old",
            "error",
            f"the template needs Treadle 99.1, and this is {version('treadle')}",
        ),
        (
            {"Name": "x\x1b[2J"},
            "hidden-character",
            "warning",
            "Name holds characters that a reader doesn't see: ^[",
        ),
        (
            {"Properties": {BODY: "a\nb\u200b\u202e"}},
            "hidden-character",
            "warning",
            f'line 2 of Properties["{BODY}"] holds characters that a reader doesn\'t see: \\u200b, \\u202e',
        ),
        ({"Name": "x "}, "blank-in-name", "warning", '"x " begins or ends with a blank'),
        ({"Properties": {}}, "empty-script", "warning", f'the script is empty: "{BODY}" has no text'),
        (
            {"Properties": {BODY: "x", SYNTAX: "bash"}},
            "unknown-syntax",
            "warning",
            'the syntax "bash" is unknown (did you mean "Bash"?)',
        ),
        (
            {"Packages": [{"Properties": {"PackageParameterName": "p"}}]},
            "unknown-parameter",
            "warning",
            'package 1 takes its id from the parameter "p", which doesn\'t exist',
        ),
        ({"Catagory": "x"}, "unknown-key", "warning", 'unknown key "Catagory" (did you mean "Category"?)'),
        (
            {"Id": "5"},
            "wrong-value",
            "error",
            'Id: expected a GUID such as 7f0d6a1e-5b0c-4a52-9d0e-2b1f6a3f9c11, got "5"',
        ),
        ({"Version": 1.5}, "wrong-type", "error", "Version: expected a whole number, got the number 1.5"),
        (
            {"Properties": {BODY: "x", "Octopus.Action.RunOnServer": True}},
            "wrong-type",
            "error",
            "Properties → Octopus.Action.RunOnServer: expected text, got true",
        ),
    ],
)
def test_template_rule(
    tmp_path: Path, changes: dict[str, Any], code: str, severity: str, message: str
) -> None:
    (problem,) = template_problems(tmp_path, **changes)
    assert (problem.code, problem.severity, problem.message) == (code, severity, message)
    assert problem.line is not None


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"DefaultValue": 5}, "default-not-text", 'the default of "a" is the number 5, expected text'),
        (
            {"DisplaySettings": control("Sensitve")},
            "unknown-control",
            'the control "Sensitve" of "a" is unknown (did you mean "Sensitive"?)',
        ),
        ({"DisplaySettings": control("Select")}, "options-missing", 'the Select "a" has no options'),
        (
            {"DisplaySettings": control("Select", "YES|Yes\nNO"), "DefaultValue": "Yes"},
            "default-not-offered",
            'the default "Yes" of "a" is none of its options (did you mean "YES"?)',
        ),
        (
            {"DisplaySettings": control("SingleLineText", "x")},
            "options-unused",
            '"a" has options, and its control is SingleLineText',
        ),
        (
            {"DisplaySettings": control("Checkbox"), "DefaultValue": "1"},
            "default-not-offered",
            'the default "1" of the Checkbox "a" is not a truth value',
        ),
        (
            {"DisplaySettings": control("Package")},
            "package-missing",
            'no package takes its id from the parameter "a"',
        ),
    ],
)
def test_parameter_rule(tmp_path: Path, changes: dict[str, Any], code: str, message: str) -> None:
    problem = parameter_problem(tmp_path, **changes)
    assert (problem.code, problem.severity, problem.message) == (code, "warning", message)


@pytest.mark.parametrize(
    ("extras", "default", "told"),
    [
        ({"Pattern": "[a-z]+"}, "A1", "doesn't match its pattern [a-z]+"),
        ({"Minimum": 3}, "2", "is less than 3"),
        ({"Maximum": 3}, "4", "is more than 3"),
        ({"Maximum": 3}, "many", "is not a number"),
    ],
)
def test_default_must_keep_to_the_typed_extras(
    tmp_path: Path, extras: dict[str, Any], default: str, told: str
) -> None:
    problem = parameter_problem(tmp_path, {"Treadle": {"Parameters": {"a": extras}}}, DefaultValue=default)
    assert problem.message == f'the default "{default}" of "a" {told}'
    assert (problem.path, problem.severity) == ("Parameters[0].DefaultValue", "error")


def test_a_default_on_which_a_pattern_takes_forever_is_a_problem(tmp_path: Path) -> None:
    extras = {"Treadle": {"Parameters": {"a": {"Pattern": "^(a|aa)+$"}}}}
    problem = parameter_problem(tmp_path, extras, DefaultValue="a" * 60 + "!")

    assert problem.code == "default-against-rule"
    assert problem.message.endswith('of "a" takes longer than a second to match its pattern ^(a|aa)+$')


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "missing ) at position 1"),
        ("a{2147483647}", "its repeats multiply to more than 100,000"),
        ("(" * 5_000 + ")" * 5_000, "its groups are nested more than 100 deep"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_a_problem(tmp_path: Path, pattern: str, reason: str) -> None:
    extras = {"Treadle": {"Parameters": {"a": {"Pattern": pattern}}}}
    problem = parameter_problem(tmp_path, extras, DefaultValue="x")

    assert (problem.code, problem.path) == ("wrong-value", "Treadle.Parameters.a.Pattern")
    assert problem.message.endswith(f"cannot be used: {reason}")


@pytest.mark.parametrize("default", ["", "#{Project.Value}", "2"])
def test_default_that_keeps_to_its_rules_is_no_problem(tmp_path: Path, default: str) -> None:
    extras = {"Treadle": {"Parameters": {"a": {"Minimum": 1, "Maximum": 3, "Pattern": "[0-9]"}}}}
    assert template_problems(tmp_path, Parameters=[{"Name": "a", "DefaultValue": default}], **extras) == []


def test_rules_point_into_template_yaml(tmp_path: Path) -> None:
    (tmp_path / "script.sh").write_text("")
    text = FOLDER + (
        "parameters:\n"
        "  - {name: a, control: Select, options: [x], default: y}\n"
        "  - {name: b, options: [x]}\n"
        "  - {name: A}\n"
        "outputs: [{name: o}, {name: o}]\n"
    )
    problems = problems_of(tmp_path, "template.yaml", text)
    assert [(problem.code, problem.line, problem.path) for problem in problems] == [
        ("empty-script", 6, "script.file"),
        ("default-not-offered", 8, "parameters[0].default"),
        ("options-unused", 9, "parameters[1].options"),
        ("duplicate-parameter", 10, "parameters[2].name"),
        ("duplicate-output", 11, "outputs[1].name"),
    ]


def test_missing_script_file_is_told(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "template.yaml", FOLDER)
    assert (problem.code, problem.line) == ("script-missing", 6)


def test_kinds_are_told_by_content(tmp_path: Path) -> None:
    files = {
        "a/template.yaml": FOLDER,
        "a/script.sh": "echo",
        "a/tests/ok.yaml": "version: 1\nname: works\nexpect: {exit_code: 0}\n",
        "a/tests/notes.txt": "nothing",
        "b.json": json.dumps(TEMPLATE),
        "deploy.yaml": PROCESS,
        "treadle.yaml": "version: 1\n",
        "package.json": "{}",
        "compose.yaml": "services: {}",
        ".hidden/x.json": "{",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    checked = check_paths([tmp_path, tmp_path / "b.json"])
    assert {(Path(one.file).name, one.kind, one.problems) for one in checked} == {
        ("template.yaml", "template-folder", ()),
        ("ok.yaml", "template-test", ()),
        ("b.json", "step-template", ()),
        ("deploy.yaml", "process", ()),
        ("treadle.yaml", "project", ()),
    }


@pytest.mark.parametrize(("name", "content"), [("x.json", "{}"), ("x.yaml", "a: b"), ("x.yaml", "")])
def test_other_document_asked_for_by_name_is_a_problem(tmp_path: Path, name: str, content: str) -> None:
    (problem,) = problems_of(tmp_path, name, content)
    assert problem.code == "unknown-document"


WORDS = [
    *TEMPLATE,
    "Packages",
    "Treadle",
    "Outputs",
    "DisplaySettings",
    "DefaultValue",
    "PackageParameterName",
    BODY,
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(WORDS), anything))
def test_any_json_gets_problems_with_a_place(value: dict[str, Any]) -> None:
    document = load_json(dump_json({**TEMPLATE, **value}), "x.json")
    for problem in check_template(document):
        assert problem.line
        assert problem.column
        assert problem.message


def test_path_without_anything_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        check_paths([tmp_path / "nothing"])
    with pytest.raises(NotFound, match="no document to check"):
        check_paths([tmp_path])


def test_byte_order_mark_is_a_warning(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "x.json", "\ufeff" + json.dumps(TEMPLATE))
    assert (problem.code, problem.severity) == ("byte-order-mark", "warning")


def test_duplicate_key_in_json_is_a_problem(tmp_path: Path) -> None:
    text = json.dumps(TEMPLATE).replace('"Version": 3', '"Version": 2, "Version": 3')
    (problem,) = problems_of(tmp_path, "x.json", text)
    place = text.index('"Version": 3') + 1
    assert (problem.code, problem.severity, problem.column) == ("duplicate-key", "error", place)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.json", '{"ActionType": ', "json-syntax"),
        ("x.json", b"\xff", "not-utf8"),
        ("x.yaml", "a: [", "yaml-syntax"),
        ("x.yaml", b"\xff", "not-utf8"),
        ("x.json", b" " * 50_000_000, "too-large"),
    ],
)
def test_unreadable_file_is_a_problem_of_it(
    tmp_path: Path, name: str, content: str | bytes, code: str
) -> None:
    (problem,) = problems_of(tmp_path, name, content)
    assert (problem.code, problem.file) == (code, str(tmp_path / name))


def test_link_in_a_template_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "script.sh").symlink_to("/etc/passwd")
    (problem,) = problems_of(tmp_path, "template.yaml", FOLDER)
    assert problem.code == "link-in-template"


def test_links_below_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(PROCESS)
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    (tmp_path / "up").symlink_to(tmp_path)
    assert [Path(one.file).name for one in check_path(tmp_path)] == ["real.yaml"]


def test_the_whole_community_library_is_valid(community_library: CommunityLibrary, tmp_path: Path) -> None:
    for name, data in community_library.templates.items():
        (tmp_path / name).write_bytes(data)
    start = time.process_time()
    checked = check_paths([tmp_path])
    assert time.process_time() - start < 3
    problems = [problem for one in checked for problem in one.problems]
    counts: dict[tuple[str, str], int] = {}
    for problem in problems:
        key = (problem.severity.value, problem.code)
        counts[key] = counts.get(key, 0) + 1
    assert len(checked) == 571
    assert counts == {
        ("warning", "options-unused"): 4,
        ("warning", "default-not-text"): 4,
        ("warning", "blank-in-name"): 2,
        ("warning", "unknown-key"): 1,
        ("warning", "default-not-offered"): 1,
    }
    assert all(problem.line for problem in problems)


def test_a_script_of_more_than_a_million_characters_is_refused(tmp_path: Path) -> None:
    body = "# far too long\n" * 100_000
    (problem,) = template_problems(tmp_path, Properties={SYNTAX: "Bash", BODY: body})
    assert (problem.code, problem.path) == ("text-too-long", f'Properties["{BODY}"]')
    (tmp_path / "greet").mkdir()
    (tmp_path / "greet/script.sh").write_text(body)
    (problem,) = problems_of(tmp_path, "greet/template.yaml", FOLDER)
    assert (problem.code, problem.line) == ("text-too-long", 6)


def test_a_template_has_at_most_500_parameters(tmp_path: Path) -> None:
    (problem,) = template_problems(tmp_path, Parameters=[{"Name": f"p{item}"} for item in range(501)])
    assert problem.message == "Parameters: expected at most 500 items, got 501"


def test_of_many_problems_the_first_500_are_reported(tmp_path: Path) -> None:
    keys = "".join(f"key{item}: x\n" for item in range(2000))
    assert len(problems_of(tmp_path, "greet/template.yaml", FOLDER + keys)) == 500
