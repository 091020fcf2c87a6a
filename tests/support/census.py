"""The census of the community library's PowerShell templates, by PowerShell's own parser.

It doesn't come with Treadle: it is the file `powershell-census.json` in the folder that TREADLE_CONFORMANCE_DIR names,
or beside the checkout. Where it is missing, tests that ask for the fixture `powershell_census` are left out, and the
summary says so in one line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.library import CHECKOUT

_NAME = "powershell-census.json"


def census_file() -> Path | None:
    """The file, None where there is none."""
    named = os.environ.get("TREADLE_CONFORMANCE_DIR")
    folders = [Path(named)] if named else []
    files = [folder / _NAME for folder in (*folders, CHECKOUT.parent / "shared/conformance")]
    return next((file for file in files if file.is_file()), None)


@pytest.fixture(scope="session")
def powershell_census() -> Sequence[Mapping[str, Any]]:
    """One entry for each template."""
    file = census_file()
    assert file is not None
    templates: list[Mapping[str, Any]] = json.loads(file.read_text("utf-8"))["templates"]
    return templates


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the census where it is missing."""
    if census_file() is None:
        out = [item for item in items if "powershell_census" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line about what was left out."""
    if census_file() is None:
        terminalreporter.write_line(
            f"left out: the census of PowerShell templates; TREADLE_CONFORMANCE_DIR can name the folder of {_NAME}",
            yellow=True,
        )
