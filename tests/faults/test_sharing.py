"""Share bundles when the process that takes one in dies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.test_registry import KILLS, Place

pytestmark = pytest.mark.slow

TEMPLATES = 40


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place whose bundle `all.tar.gz` holds every template of its source and a process that uses them; the source
    is gone."""
    place = Place(tmp_path)
    steps = "".join(f"  - {{name: Step {number}, uses: team/t{number}@2}}\n" for number in range(TEMPLATES))
    (place.root / "deploy.yaml").write_text(f"version: 1\nsteps:\n{steps}")
    project = place.root / "treadle.yaml"
    project.write_text(f"version: 1\n{project.read_text()}")
    place.run("source", "sync", "team")
    place.run("export", "deploy", "-o", "all.tar.gz")
    shutil.copy(place.root / "all.tar.gz", tmp_path)
    return place


def _start_over(place: Place) -> None:
    """A project with nothing in it but a name for its library, and a home without sources."""
    shutil.rmtree(place.root)
    shutil.rmtree(place.home)
    place.root.mkdir()
    (place.root / "treadle.yaml").write_text("version: 1\nlibrary: {git: ./library}\n")


def test_a_killed_import_is_all_or_nothing_and_the_next_one_completes_it(
    place: Place, tmp_path: Path
) -> None:
    bundle = str(tmp_path / "all.tar.gz")
    _start_over(place)
    seconds = place.duration("import", bundle)
    expected = (place.root / "deploy.yaml").read_bytes()
    killed = 0
    for number in range(KILLS):
        _start_over(place)
        killed += place.kill_after(seconds * (number + 0.5) / KILLS, "import", bundle)
        with place.catalog() as catalog:
            assert len(catalog.library_entries()) in (0, TEMPLATES)
        if (place.root / "deploy.yaml").exists():
            assert (place.root / "deploy.yaml").read_bytes() == expected
        place.run("import", bundle)
        assert (place.root / "deploy.yaml").read_bytes() == expected
        assert place.library.git("status", "--porcelain") == ""
    place.run("plan", "deploy", "--locked")
    assert "would" not in place.run("import", bundle, "--dry-run")
    assert killed >= KILLS // 3
