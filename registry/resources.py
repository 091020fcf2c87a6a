"""Where the data files are that travel with the code: schemas and built-in templates.

In a checkout they lie at its top level, in an installed wheel under `registry/data`; the checkout wins, so
that an edit shows at once. Nothing else knows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def schema_file(name: str) -> Path:
    """The file of a schema by its short name, such as `process`."""
    return _folder("schemas") / f"{name}.schema.json"


def builtin_templates() -> Path:
    """The folder that holds the built-in templates, one folder each."""
    return _folder("templates-library")


@cache
def _folder(name: str) -> Path:
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    return _PACKAGE / "data" / name
