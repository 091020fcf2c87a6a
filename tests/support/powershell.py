"""The image with PowerShell: a test that needs it is marked `powershell`, and left out where none can be made.

That takes an archive of PowerShell: TREADLE_POWERSHELL_ARCHIVE, the one beside the project, or a download.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from registry.errors import UserError
from runner.engine.docker import DockerEngine
from runner.engine.docker_images import BuildOptions
from runner.engine.powershell_archive import VARIABLE, ArchiveChoice
from runner.engine.worker_image import POWERSHELL

_ARCHIVES = Path(__file__).parents[2].parent / "shared" / "data"
_NAMED = os.environ.get(VARIABLE)  # before the tests' own surroundings hide it
_LOCK = Path(tempfile.gettempdir()) / "treadle-powershell-image.lock"
_LEFT_OUT = pytest.StashKey[str]()


def archive() -> Path | None:
    """An archive that is here; None for none."""
    if _NAMED:
        return Path(_NAMED)
    return next(iter(sorted(_ARCHIVES.glob("powershell-*-linux-x64.tar.gz"))), None)


def why_not() -> str | None:
    """Why there is no image, after trying to make it; None where it is there."""
    with _LOCK.open("w") as lock, DockerEngine() as engine:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if engine.images.is_current(POWERSHELL):
            return None
        found = archive()
        choice = ArchiveChoice(found) if found else None
        try:
            engine.images.build(POWERSHELL, lambda _: None, BuildOptions(archive=choice))
        except UserError as error:
            return error.message
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs PowerShell where there is none; other deselections come first."""
    needing = [item for item in items if item.get_closest_marker("powershell")]
    if not needing:
        return
    try:
        reason = why_not()
    except UserError:  # no engine: the tests themselves say so, and fail
        return
    if reason is None:
        return
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]
    _note(
        config, f"left out: {len(needing)} tests of PowerShell, for {reason}; run them with {VARIABLE}=FILE"
    )


def _note(config: pytest.Config, line: str) -> None:
    config.stash[_LEFT_OUT] = line
    output = getattr(config, "workeroutput", None)  # what a worker of xdist sends home
    if output is not None:
        output["powershell_left_out"] = line


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """A worker of xdist has ended."""
    line = getattr(node, "workeroutput", {}).get("powershell_left_out")
    if line:
        node.config.stash[_LEFT_OUT] = line  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line about what was left out."""
    if line := config.stash.get(_LEFT_OUT, None):
        terminalreporter.write_line(line, yellow=True)
