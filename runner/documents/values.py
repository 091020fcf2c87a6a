"""Plain values: what a YAML scalar is as the text of a variable, and files that hold nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registry.errors import Invalid
from registry.text.document import decode_utf8, in_order, problem_at
from registry.text.json_document import load_json
from registry.text.numbers import number_text
from runner.documents.loading import invalid, load, read_file
from runner.variables.dotenv import parse_dotenv

_PLAIN = "Give lists and mappings as JSON text, in quotes."


def read_values(path: Path) -> dict[str, str | None]:
    """Read a file of variables for `--var-file`: an object of plain values, in JSON if its name ends in `.json`,
    NAME=value lines if it is called `.env` or ends so, else in YAML.

    Raises NotFound, Invalid with all problems.
    """
    if ".env" in (path.name, path.suffix):
        label = str(path)
        return {**parse_dotenv(decode_utf8(read_file(path, label), label), label)}
    in_json = path.suffix.lower() == ".json"  # YAML knows no pair of \\u escapes
    document = load_json(read_file(path), str(path)) if in_json else load(path)
    if not isinstance(document.value, dict):
        message = f'"{path}" is not a list of variables'
        raise Invalid("variables-file", message, hint="Write one NAME: value a line.")
    problems = [
        *document.problems,
        *(
            problem_at(document, (name,), f'the value of "{name}" is not plain text', "wrong-type", _PLAIN)
            for name, value in document.value.items()
            if isinstance(value, dict | list)
        ),
    ]
    if problems:
        raise invalid(str(path), in_order(problems))
    return {name: text(value) for name, value in document.value.items()}


def text(value: Any) -> str | None:
    """A YAML scalar as a variable's text: booleans as Octopus writes them, numbers as they are written."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    return number_text(value)
