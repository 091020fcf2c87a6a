"""Plain values: what a YAML scalar is as the text of a variable, and files that hold nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registry.errors import Invalid
from runner.documents.loading import load


def read_values(path: Path) -> dict[str, str | None]:
    """Read a file of variables for `--var-file`: a YAML or JSON object of plain values."""
    document = load(path)
    if not isinstance(document.value, dict) or any(
        isinstance(v, dict | list) for v in document.value.values()
    ):
        raise Invalid(
            "variables-file",
            f'"{path}" is not an object of plain values',
            hint="write one NAME: value a line",
        )
    return {str(name): text(value) for name, value in document.value.items()}


def text(value: Any) -> str | None:
    """A YAML scalar as a variable's text: booleans as Octopus writes them, whole floats without their dot."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value)
