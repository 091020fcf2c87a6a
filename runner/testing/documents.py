"""Test files: YAML -> `TemplateTest`, every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from registry.errors import Invalid
from registry.text.document import decode_utf8, problem_at
from registry.text.numbers import read_seconds
from registry.text.yaml_document import YamlDocument, load_yaml
from registry.validation.json_schema import validate
from runner.documents.values import text
from runner.testing.model import (
    CommandStub,
    Expectations,
    ExpectedCall,
    ExpectedLine,
    ExpectedRequest,
    TemplateTest,
)


def read_test(data: bytes, file: str) -> TemplateTest:
    """Read a test file. Raises Invalid with all its problems."""
    document = load_yaml(decode_utf8(data, file), file)
    problems = validate(document.value, "template-test", document)
    if not problems:
        problems = [*_paths_outside(document, "files"), *_paths_outside(document, "expect", "files")]
    if problems:
        raise Invalid("invalid-test", f'"{file}" is not a template test', problems=problems)
    return _test(document.value, file)


def _paths_outside(document: YamlDocument, *keys: str) -> list[Any]:
    """Problems of files that aren't below the work directory."""
    value = document.value
    for key in keys:
        value = value.get(key) or {}
    return [
        problem_at(
            document,
            (*keys, name),
            f'"{name}" is not a path below the work directory',
            "path-outside",
            "Write a relative path without ..",
        )
        for name in value
        if PurePosixPath(name).is_absolute()
        or ".." in PurePosixPath(name).parts
        or not PurePosixPath(name).parts
    ]


def _test(value: Mapping[str, Any], file: str) -> TemplateTest:
    return TemplateTest(
        name=value["name"],
        file=file,
        expect=_expectations(value["expect"]),
        inputs=_texts(value.get("inputs")),
        variables=_texts(value.get("variables")),
        files=dict(value.get("files") or {}),
        services=tuple(value.get("http") or ()),
        commands=tuple(
            CommandStub(raw["name"], raw.get("stdout", ""), raw.get("stderr", ""), raw.get("exit_code", 0))
            for raw in value.get("commands") or ()
        ),
        network=value.get("network", "none"),
        image=value.get("image"),
        timeout=read_seconds(value.get("timeout", "60s")),
    )


def _expectations(raw: Mapping[str, Any]) -> Expectations:
    calls = raw.get("calls")
    return Expectations(
        exit_code=raw.get("exit_code"),
        message=raw.get("message"),
        outputs=_texts(raw.get("outputs")),
        log=tuple(
            ExpectedLine(text=line) if isinstance(line, str) else ExpectedLine(**line)
            for line in raw.get("log", ())
        ),
        artifacts=tuple(raw.get("artifacts", ())),
        files=dict(raw.get("files") or {}),
        requests=tuple(ExpectedRequest(**request) for request in raw.get("requests", ())),
        calls=None if calls is None else tuple(_call(call) for call in calls),
    )


def _call(raw: Mapping[str, Any]) -> ExpectedCall:
    arguments = raw.get("arguments")
    return ExpectedCall(raw["name"], None if arguments is None else tuple(arguments))


def _texts(raw: Mapping[str, Any] | None) -> dict[str, str | None]:
    return {name: text(value) for name, value in (raw or {}).items()}
