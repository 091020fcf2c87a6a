"""Skeletons: values in their places, and nothing else changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from registry.text.skeleton import fill
from registry.text.yaml_document import load_yaml


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("skeleton") / "file.j2"


def test_values_stand_in_their_places(skeleton: Path) -> None:
    skeleton.write_text("{{ a }} <{{ b }}>\n")
    assert fill(skeleton, a="x & y", b="{{ a }}") == b"x & y <{{ a }}>\n"


def test_shell_and_octopus_text_stays(skeleton: Path) -> None:
    text = 'echo "${#message} #{Name}" {a: {b: c}}\n\n'
    skeleton.write_text(text)
    assert fill(skeleton).decode() == text


def test_a_value_that_is_missing_is_a_mistake(skeleton: Path) -> None:
    skeleton.write_text("{{ a }}")
    with pytest.raises(UndefinedError, match="'a' is undefined"):
        fill(skeleton, b="x")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.text("ab:#-'\" \n{}[]&*!|>%@`,?\t"))
def test_a_yaml_value_is_one_scalar_wherever_it_stands(skeleton: Path, value: str) -> None:
    skeleton.write_text("a:\n  - b: {{ value | yaml }}\n    c: 1\n")
    assert load_yaml(fill(skeleton, value=value).decode(), "x").value == {"a": [{"b": value, "c": 1}]}
