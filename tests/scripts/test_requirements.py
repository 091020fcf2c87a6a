"""What `make` installs: pinned with hashes, complete, and without any index's address."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[2]
RUNTIME, DEV = (CHECKOUT / "requirements" / name for name in ("runtime.txt", "dev.txt"))


def _blocks(file: Path) -> list[str]:
    """A text for each requirement, its hashes included, comments left out."""
    lines = (line for line in file.read_text().splitlines() if not line.lstrip().startswith("#"))
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def _pinned(file: Path) -> dict[str, str]:
    """The versions by name."""
    found = (Requirement(block.partition("--hash")[0]) for block in _blocks(file))
    return {canonicalize_name(item.name): str(item.specifier).removeprefix("==") for item in found}


def _project() -> dict[str, Any]:
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text())


def _missing(wanted: Iterable[str], file: Path) -> list[str]:
    pinned = _pinned(file)
    requirements = [Requirement(text) for text in wanted]
    return [
        str(item)
        for item in requirements
        if not item.specifier.contains(pinned.get(canonicalize_name(item.name), "0"), prereleases=True)
        or canonicalize_name(item.name) not in pinned
    ]


def test_every_dependency_is_pinned_in_a_version_that_fits() -> None:
    project = _project()
    needed = project["project"]["dependencies"]
    tools = project["project"]["optional-dependencies"]["dev"]
    assert _missing(needed, RUNTIME) == []
    assert _missing([*needed, *tools, *project["build-system"]["requires"]], DEV) == []


def test_the_tools_are_tried_with_the_versions_that_the_program_runs_with() -> None:
    assert _pinned(RUNTIME).items() <= _pinned(DEV).items()


@pytest.mark.parametrize("file", [RUNTIME, DEV], ids=lambda file: file.stem)
def test_each_pin_has_one_version_and_hashes_and_no_place(file: Path) -> None:
    for block in _blocks(file):
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.+!-]+( ; [^-]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", block)
    assert not re.search(r"https?:|file:|index-url|find-links|trusted-host", file.read_text())
