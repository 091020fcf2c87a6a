"""The public schemas of process and project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from registry.resources import schema_file


@pytest.fixture(params=["process", "project"])
def schema(request: pytest.FixtureRequest) -> Any:
    return json.loads(schema_file(request.param).read_text())


def test_is_a_schema(schema: Any) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(".schema.json")


def test_accepts_its_own_examples(schema: Any) -> None:
    assert schema["examples"]
    for example in schema["examples"]:
        assert list(Draft202012Validator(schema).iter_errors(example)) == []


def test_gives_every_key_a_title(schema: Any) -> None:
    untitled = [path for path, key in _keys(schema, "") if "title" not in key and "$ref" not in key]
    assert untitled == []


def test_examples_of_keys_are_right(schema: Any) -> None:
    for path, key in _keys(schema, ""):
        for example in key.get("examples", ()):
            rules = {**key, "$defs": schema["$defs"]}
            assert list(Draft202012Validator(rules).iter_errors(example)) == [], path


def test_knows_no_key_both_now_and_later(schema: Any) -> None:
    for part in (schema, *schema["$defs"].values()):
        assert not set(part.get("x-not-yet", ())) & set(part.get("properties", ()))


def _keys(part: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every key that the schema describes, with its path."""
    for name, key in part.get("properties", {}).items():
        yield f"{path}/{name}", key
        yield from _keys(key, f"{path}/{name}")
    for name, definition in part.get("$defs", {}).items():
        yield from _keys(definition, f"{path}/$defs/{name}")
