"""Data files are found in a checkout; the packaging test looks for them in a wheel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry

from registry.resources import builtin_templates, schema_file

SCHEMAS = sorted(
    path.name.removesuffix(".schema.json") for path in schema_file("process").parent.glob("*.schema.json")
)

SIBLINGS: Registry[Any] = Registry().with_contents(
    (schema["$id"], schema) for schema in (json.loads(schema_file(name).read_bytes()) for name in SCHEMAS)
)
"""One schema refers to parts of another."""


def test_data_files_are_those_of_the_checkout() -> None:
    assert (builtin_templates() / "sleep" / "template.yaml").is_file()
    assert {"step-template", "template-folder", "template-test", "process", "project", "variable-set"} <= set(
        SCHEMAS
    )


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_one_and_its_examples_keep_to_it(name: str) -> None:
    schema = json.loads(schema_file(name).read_bytes())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith(f"/{name}.schema.json")
    assert schema["title"]
    assert schema["description"]
    for example in schema.get("examples", ()):
        Draft202012Validator(schema, registry=SIBLINGS).validate(example)
