"""The real community library as a clone of its own, for tests over every template and its whole history.

It doesn't come with Treadle: the environment variable TREADLE_TEST_BUNDLE names its git bundle, otherwise it is
looked for beside the checkout. Where it is missing, tests that ask for the fixture `community_library` are left
out, and the summary says so in one line.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
FOLDER = "step-templates"


@dataclass(frozen=True)
class CommunityLibrary:
    """A bare clone of the library."""

    path: Path
    bundle: Path

    @cached_property
    def templates(self) -> dict[str, bytes]:
        """The templates at the head, by file name."""
        listing = self._git("ls-tree", "HEAD", f"{FOLDER}/").decode().splitlines()
        found = [line.split() for line in listing if line.endswith(".json")]
        contents = self._contents([entry[2] for entry in found])
        return {entry[3].removeprefix(f"{FOLDER}/"): contents[entry[2]] for entry in found}

    @cached_property
    def history(self) -> dict[str, bytes]:
        """Every content that a JSON file below the templates' folder ever had, by git's blob id."""
        options = ("--raw", "--no-abbrev", "-m", "--full-history", "--format=", "--all", "--", FOLDER)
        lines = self._git("log", *options).decode().splitlines()
        blobs = {line.split()[3] for line in lines if line.endswith(".json")}
        return self._contents(sorted(blob for blob in blobs if set(blob) != {"0"}))

    def content(self, blob: str) -> bytes:
        """What a file held, by git's blob id."""
        return self._contents([blob])[blob]

    def _contents(self, blobs: list[str]) -> dict[str, bytes]:
        data = self._git("cat-file", "--batch", stdin="\n".join(blobs).encode())
        return dict(_batch(data, blobs))

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments], input=stdin, capture_output=True, check=True
        )
        return done.stdout


def _batch(data: bytes, blobs: list[str]) -> Iterator[tuple[str, bytes]]:
    offset = 0
    for blob in blobs:
        start = data.index(b"\n", offset) + 1
        size = int(data[offset:start].split()[2])
        yield blob, data[start : start + size]
        offset = start + size + 1


def library_bundle() -> Path | None:
    """The git bundle of the community library, None where there is none."""
    named = os.environ.get("TREADLE_TEST_BUNDLE")
    bundle = Path(named) if named else CHECKOUT.parent / "shared/data/community-library.bundle"
    return bundle if bundle.is_file() else None


@pytest.fixture(scope="session")
def community_library(tmp_path_factory: pytest.TempPathFactory) -> CommunityLibrary:
    """Cloned once for all workers of a test run."""
    bundle = library_bundle()
    assert bundle is not None
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    clone = folder / "community-library.git"
    with (folder / "community-library.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not clone.exists():
            command = ["git", "clone", "--quiet", "--bare", "--branch", "master", str(bundle), str(clone)]
            subprocess.run(command, check=True, capture_output=True)
    return CommunityLibrary(clone, bundle)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the library where it is missing."""
    if library_bundle() is None:
        out = [item for item in items if "community_library" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line about what was left out."""
    if library_bundle() is None:
        terminalreporter.write_line(
            "left out: tests over the real community library; TREADLE_TEST_BUNDLE can name its git bundle",
            yellow=True,
        )
