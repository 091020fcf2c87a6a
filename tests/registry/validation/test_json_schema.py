"""Schema problems in people's words: golden texts for every kind of finding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from registry.cli.problems import problem_text
from registry.model import Problem
from registry.text.yaml_document import load_yaml
from registry.validation import json_schema as gateway
from registry.validation import messages
from registry.validation.json_schema import validate

SCHEMA = {
    "type": "object",
    "required": ["version"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": 1},
        "steps": {
            "type": "array",
            "minItems": 1,
            "maxItems": 9,
            "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 12},
                    "uses": {"type": "string", "pattern": "^[a-z]+/[a-z]+$", "examples": ["builtin/sleep"]},
                    "id": {"type": "string", "pattern": "^x$", "patternErrorMessage": "expected an id"},
                    "shell": {"enum": ["bash", "python"]},
                    "kind": {"const": "x"},
                    "roles": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
                    "window": {"type": ["integer", "null"], "minimum": 1, "maximum": 5},
                    "delay": {"exclusiveMinimum": 0},
                    "match": {"type": "string", "format": "regex"},
                    "target": {"type": "object", "minProperties": 1, "patternProperties": {"^x-": {}}},
                    "either": {
                        "anyOf": [
                            {"type": "string"},
                            {"const": False},
                            {
                                "type": "object",
                                "required": ["value"],
                                "additionalProperties": False,
                                "properties": {"value": {"type": "string"}},
                            },
                        ]
                    },
                },
                "dependentRequired": {"roles": ["window"]},
            },
        },
    },
}


@pytest.fixture(autouse=True)
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A schema called `golden` that holds every keyword."""
    file = tmp_path / "golden.schema.json"
    file.write_text(json.dumps(SCHEMA))
    monkeypatch.setattr(gateway, "schema_file", lambda _: file)
    gateway._rules.cache_clear()
    gateway._validator.cache_clear()
    yield
    gateway._rules.cache_clear()
    gateway._validator.cache_clear()


def problems_of(text: str) -> list[Problem]:
    document = load_yaml(text, "deploy.yaml")
    return validate(document.value, "golden", document)


def texts_of(text: str) -> list[str]:
    return [click.unstyle(problem_text(problem)) for problem in problems_of(text)]


def step(text: str) -> str:
    (said,) = texts_of(f"version: 1\nsteps:\n  - name: Build\n    {text}\n")
    return said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "use: a/b",
            'deploy.yaml:4:5: error: step "Build": unknown key "use" (did you mean "uses"?) [unknown-key]',
        ),
        (
            "zzz: a/b",
            'deploy.yaml:4:5: error: step "Build": unknown key "zzz" [unknown-key]\n'
            "  hint: Known here: name, uses, id, shell, kind, roles, window, delay, match, target, either.",
        ),
        (
            "uses: 5",
            'deploy.yaml:4:11: error: step "Build" → uses: expected text, got the number 5 [wrong-type]\n'
            "  hint: For example: `builtin/sleep`.",
        ),
        (
            "uses: {a: b}",
            'deploy.yaml:4:11: error: step "Build" → uses: expected text, got a mapping [wrong-type]\n'
            "  hint: For example: `builtin/sleep`.",
        ),
        (
            "uses: true",
            'deploy.yaml:4:11: error: step "Build" → uses: expected text, got true [wrong-type]\n'
            "  hint: For example: `builtin/sleep`.",
        ),
        (
            "uses:",
            'deploy.yaml:4:10: error: step "Build" → uses: expected text, got nothing [wrong-type]\n'
            "  hint: For example: `builtin/sleep`.",
        ),
        (
            "uses: nowhere",
            'deploy.yaml:4:11: error: step "Build" → uses: expected text that matches ^[a-z]+/[a-z]+$, '
            'got "nowhere" [wrong-value]\n  hint: For example: `builtin/sleep`.',
        ),
        ("id: y", 'deploy.yaml:4:9: error: step "Build" → id: expected an id, got "y" [wrong-value]'),
        (
            "shell: Phyton",
            'deploy.yaml:4:12: error: step "Build" → shell: expected "bash" or "python", got "Phyton" '
            '(did you mean "python"?) [wrong-value]',
        ),
        ("kind: y", 'deploy.yaml:4:11: error: step "Build" → kind: expected "x", got "y" [wrong-value]'),
        (
            "window: 1.5",
            'deploy.yaml:4:13: error: step "Build" → window: expected a whole number, got the number 1.5 [wrong-type]',
        ),
        (
            "window: 0",
            'deploy.yaml:4:13: error: step "Build" → window: expected 1 or more, got 0 [wrong-value]',
        ),
        (
            "window: 6",
            'deploy.yaml:4:13: error: step "Build" → window: expected 5 or less, got 6 [wrong-value]',
        ),
        (
            "delay: 0",
            'deploy.yaml:4:12: error: step "Build" → delay: expected more than 0, got 0 [wrong-value]',
        ),
        (
            "match: '['",
            'deploy.yaml:4:12: error: step "Build" → match: the pattern "[" cannot be used:'
            " unterminated character set at position 1 [wrong-value]",
        ),
        (
            "target: {}",
            'deploy.yaml:4:13: error: step "Build" → target: expected at least 1 key, got 0 [wrong-length]',
        ),
        (
            "either: [a]",
            'deploy.yaml:4:13: error: step "Build" → either: expected text, false or a mapping, got a list '
            "[wrong-type]",
        ),
        (
            "either: {value: 5}",
            'deploy.yaml:4:21: error: step "Build" → either → value: expected text, got the number 5 [wrong-type]',
        ),
        (
            "either: {vale: x, value: x}",
            'deploy.yaml:4:14: error: step "Build" → either: unknown key "vale" (did you mean "value"?) [unknown-key]',
        ),
        (
            "roles: [a]",
            'deploy.yaml:3:5: error: step "Build": "roles" needs "window" beside it [missing-key]',
        ),
        (
            "{window: 1, roles: [a, b, a]}".strip("{}").replace(", roles", "\n    roles"),
            'deploy.yaml:5:12: error: step "Build" → roles: "a" is listed twice [duplicate-item]',
        ),
        (
            "window: 1\n    roles: [a, 5]",
            'deploy.yaml:5:16: error: step "Build" → role 2: expected text, got the number 5 [wrong-type]',
        ),
    ],
)
def test_step_finding_in_words(line: str, said: str) -> None:
    assert step(line) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "deploy.yaml:1:1: error: expected a mapping, got nothing [wrong-type]"),
        ("steps: [{name: x}]", 'deploy.yaml:1:1: error: "version" is missing [missing-key]'),
        (
            "version: 1\nsteps: [{nmae: x, name: ''}]",
            'deploy.yaml:2:10: error: step 1: unknown key "nmae" (did you mean "name"?) [unknown-key]',
        ),
        (
            "version: 1\nsteps: []",
            "deploy.yaml:2:8: error: steps: expected at least 1 item, got 0 [wrong-length]",
        ),
        (
            "version: 1\nsteps: [{name: ''}]",
            "deploy.yaml:2:16: error: step 1 → name: expected text, got an empty one [wrong-length]",
        ),
        (
            "version: 1\nsteps: [{name: A long long name}]",
            'deploy.yaml:2:16: error: step "A long long name" → name: expected at most 12 characters, got 16 '
            "[wrong-length]",
        ),
        (
            "version: 1\nsteps: [{nam: x}]",
            'deploy.yaml:2:9: error: step 1: "name" is missing (is "nam" meant for it?) [missing-key]',
        ),
        (
            "version: 1\na: #{x}\n",
            'deploy.yaml:2:4: error: YAML takes the "#{" after a blank for a comment, and what follows is lost '
            '[yaml-swallowed-variable]\n  hint: Quote it: "... #{Name} ...".',
        ),
    ],
)
def test_document_finding_in_words(text: str, said: str) -> None:
    assert said in texts_of(text)


def test_unknown_format_version_is_the_only_problem() -> None:
    assert texts_of("version: 2\nsteps: 5\nfoo: 1\n") == [
        "deploy.yaml:1:10: error: version: this is format version 2, and only version 1 is known here "
        "[format-version]\n  hint: Upgrade Treadle."
    ]


def test_all_problems_come_at_once_in_the_order_of_the_text() -> None:
    problems = problems_of("version: 1\nsteps:\n  - uses: 5\n    shell: zsh\n  - 7\nfoo: 1\n")
    assert [(problem.line, problem.code) for problem in problems] == [
        (3, "missing-key"),
        (3, "wrong-type"),
        (4, "wrong-value"),
        (5, "wrong-type"),
        (6, "unknown-key"),
    ]
    assert [problem.path for problem in problems] == [
        "steps[0]",
        "steps[0].uses",
        "steps[0].shell",
        "steps[1]",
        "foo",
    ]


def test_long_values_are_cut() -> None:
    said = step(f"shell: {'x' * 500}")
    assert "x" * 59 + '…"' in said
    assert "x" * 60 not in said


def test_valid_document_has_no_problems() -> None:
    text = "version: 1\nsteps: [{name: x, uses: a/b, target: {x-y: 1}, either: false, window: null}]\n"
    assert problems_of(text) == []


def test_each_missing_key_is_told_whatever_its_name(tmp_path: Path) -> None:
    schema = {"required": ["it's", 'a "b"', "c", "d"], "properties": {}}
    (tmp_path / "golden.schema.json").write_text(json.dumps(schema))
    assert [problem.message for problem in problems_of("c: 1")] == [
        '"it\'s" is missing',
        '"a "b"" is missing',
        '"d" is missing',
    ]


def _rules_in(schema: Any) -> Iterator[str]:
    """The keywords that a schema and those in it use."""
    if isinstance(schema, dict):
        yield from schema
        for keyword, value in schema.items():
            names = keyword in ("properties", "patternProperties", "$defs")
            for inner in value.values() if names else value if isinstance(value, list) else [value]:
                yield from _rules_in(inner)


def test_every_rule_of_our_schemas_has_words_of_ours() -> None:
    files = sorted((Path(__file__).parents[3] / "schemas").glob("*.json"))
    used = {rule for file in files for rule in _rules_in(json.loads(file.read_bytes()))}
    containers = {"$ref", "properties", "patternProperties", "propertyNames", "items"}
    of_keys = {"additionalProperties", "required"}
    checked = used & set(Draft202012Validator.VALIDATORS) - containers - of_keys
    assert len(checked) > 10
    assert checked <= set(messages._WORDINGS)


def test_other_schema_can_be_referred_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schemas: dict[str, Any] = {
        "one": {"$id": "https://x/one.schema.json", "properties": {"a": {"$ref": "two.schema.json"}}},
        "two": {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "string"},
    }
    for name, content in schemas.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    monkeypatch.setattr(gateway, "schema_file", lambda name: tmp_path / f"{name}.json")
    gateway._rules.cache_clear()
    document = load_yaml("a: 5", "x.yaml")
    (problem,) = validate(document.value, "one", document)
    assert problem.message == "a: expected text, got the number 5"
