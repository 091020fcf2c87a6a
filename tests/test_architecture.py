"""The map in docs/architecture.md shows the code as it is: every package, every layer, every file it sends to."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
MAP = (CHECKOUT / "docs/architecture.md").read_text()
ROOTS = ("registry", "runner")
_PATH = re.compile(r"`((?:registry|runner|schemas|docs|tests)/[\w./-]+)`")


def packages(root: str) -> set[str]:
    """The packages and single modules right below a root, as the map writes them."""
    found = {path for path in (CHECKOUT / root).iterdir() if (path / "__init__.py").is_file()}
    found |= set((CHECKOUT / root).glob("*.py")) - {CHECKOUT / root / "__init__.py"}
    return {str(path.relative_to(CHECKOUT)) for path in found}


def drawn_layers(root: str) -> list[set[str]]:
    """The layers that the map draws, from the top."""
    found = re.search(rf"^{root}\n((?:  .+\n)+)", MAP, re.MULTILINE)
    assert found is not None
    return [set(line.split(" | ")) for line in found[1].replace("  ", "").splitlines()]


def checked_layers(root: str) -> list[set[str]]:
    """The layers that import-linter checks."""
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == [root])
    return [set(layer.split(" | ")) for layer in layers]


@pytest.mark.parametrize("root", ROOTS)
def test_every_package_has_its_line_and_no_other(root: str) -> None:
    named = re.findall(rf"^\| `({root}/[\w.]+)` \| .+ \|$", MAP, re.MULTILINE)
    assert len(named) == len(set(named))
    assert set(named) == packages(root)


@pytest.mark.parametrize("root", ROOTS)
def test_the_layers_are_those_that_are_checked(root: str) -> None:
    assert drawn_layers(root) == checked_layers(root)


def test_every_path_on_the_map_exists() -> None:
    assert [path for path in _PATH.findall(MAP) if not (CHECKOUT / path).exists()] == []
