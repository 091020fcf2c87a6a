"""What Treadle needs, looked at one thing after the other: for a machine that is new, or that misbehaves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import UserError
from registry.home import Home, make_folder
from runner.engine.base import EngineInfo
from runner.engine.powershell_archive import VARIABLE, VERSION
from runner.engine.worker_image import POWERSHELL, worker_reference

if TYPE_CHECKING:
    from registry.catalog.catalog import Catalog, SourceSummary

OLDEST_GIT = (2, 31)

LITTLE_SPACE = 1024**3
"""Bytes: below this a run with a lot of log may fill the disk."""

NO_SPACE = 100 * 1024**2
"""Bytes: below this hardly anything works."""


class CheckResult(StrEnum):
    """How something stands; only what is broken makes a diagnosis a bad one."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """One thing that was looked at. `detail` is what was found, `hint` what to do about it."""

    name: str
    finding: CheckResult
    detail: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class EngineProbe:
    """What is asked of an engine: `name` says whose it is. All of them raise EngineError.

    `powershell_archive` is the file that the image with PowerShell would be built from; None for a download.
    """

    name: str
    check: Callable[[], EngineInfo]
    worker_is_current: Callable[[], bool]
    powershell_is_current: Callable[[], bool]
    powershell_archive: str | None = None


def diagnose(
    home: Home, open_catalog: Callable[[], Catalog], engines: Iterable[EngineProbe]
) -> Iterator[DoctorCheck]:
    """Look at everything, what takes longest last. Raises nothing that a user could meet."""
    yield _guarded("git", _git)
    try:
        home.check()
    except UserError as error:  # then there is nothing below it to look at
        yield DoctorCheck("home", CheckResult.BROKEN, error.message, error.hint)
    else:
        yield _guarded("home", lambda: _home(home))
        yield _guarded("disk", lambda: _disk(home))
        yield from _sources(open_catalog)
    for engine in engines:
        yield from _engine(engine)


def _guarded(name: str, look: Callable[[], DoctorCheck]) -> DoctorCheck:
    try:
        return look()
    except UserError as error:
        return DoctorCheck(name, CheckResult.BROKEN, error.message, error.hint)


def _git() -> DoctorCheck:
    from registry.git.command import version

    found = version()
    oldest = ".".join(map(str, OLDEST_GIT))
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST_GIT:
        return DoctorCheck(
            "git", CheckResult.BROKEN, f"version {found} is too old", f"Install git {oldest} or newer."
        )
    return DoctorCheck("git", CheckResult.OK, f"version {found}")


def _home(home: Home) -> DoctorCheck:
    make_folder(home.path)
    try:
        with tempfile.TemporaryFile(dir=home.path):
            if home.is_open_to_others():
                hint = f"Take those rights from them: `chmod go-rwx {home.path}`."
                return DoctorCheck("home", CheckResult.WARNING, f"others may look into {home.path}", hint)
            return DoctorCheck("home", CheckResult.OK, f"{home.path} can be written to")
    except OSError as error:
        hint = "Point TREADLE_HOME at a folder that you may write to."
        return DoctorCheck(
            "home", CheckResult.BROKEN, f'cannot write to "{home.path}": {error.strerror}', hint
        )


def _disk(home: Home) -> DoctorCheck:
    folder = next(path for path in (home.path, *home.path.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free for {home.path}"
    hint = "Make room, or point TREADLE_HOME at another disk."
    if free < NO_SPACE:
        return DoctorCheck("disk", CheckResult.BROKEN, detail, hint)
    return (
        DoctorCheck("disk", CheckResult.WARNING, detail, hint)
        if free < LITTLE_SPACE
        else DoctorCheck("disk", CheckResult.OK, detail)
    )


def _sources(open_catalog: Callable[[], Catalog]) -> Iterator[DoctorCheck]:
    from registry.index.connection import IndexDamagedError

    try:
        try:
            found = _summaries(open_catalog)
        except IndexDamagedError as damage:
            damage.discard()
            yield DoctorCheck("index", CheckResult.WARNING, f"{damage.path} was damaged: it is built again")
            found = _summaries(open_catalog)
    except UserError as error:
        yield DoctorCheck("sources", CheckResult.BROKEN, error.message, error.hint)
        return
    for source in found:
        yield _source(source)


def _summaries(open_catalog: Callable[[], Catalog]) -> list[SourceSummary]:
    with open_catalog() as catalog:
        catalog.index.check()
        return catalog.source_summaries()


def _source(source: SourceSummary) -> DoctorCheck:
    name = f"source {source.name}"
    if source.definition is not None and source.state is None:
        detail = f"{source.url} has never been synced"
        return DoctorCheck(name, CheckResult.WARNING, detail, f"Run `treadle source sync {source.name}`.")
    count = source.counts.templates if source.counts else 0
    synced = f", synced {source.state.synced}" if source.definition and source.state else ""
    return DoctorCheck(name, CheckResult.OK, f"{count:,} {'template' if count == 1 else 'templates'}{synced}")


def _engine(engine: EngineProbe) -> Iterator[DoctorCheck]:
    try:
        info = engine.check()
    except UserError as error:
        yield DoctorCheck(engine.name, CheckResult.BROKEN, error.message, error.hint)
        return
    version = f"{info.name} answers, version {info.version}; {_disk_limit(info)}"
    if info.rootless:
        hint = "It ignores memory limits unless cgroups are delegated to it."
        yield DoctorCheck(engine.name, CheckResult.WARNING, f"{version}, rootless", hint)
    else:
        yield DoctorCheck(engine.name, CheckResult.OK, version)
    yield _guarded(f"worker image on {engine.name}", lambda: _worker_image(engine))
    yield _guarded(f"PowerShell on {engine.name}", lambda: _powershell(engine))


def _disk_limit(info: EngineInfo) -> str:
    """How what actions write to its disk is bounded there."""
    driver = f" (storage driver {info.storage})" if info.storage else ""
    return f"the disk that actions take{driver} is watched, not limited by the engine"


def _worker_image(engine: EngineProbe) -> DoctorCheck:
    name = f"worker image on {engine.name}"
    if engine.worker_is_current():
        return DoctorCheck(name, CheckResult.OK, worker_reference())
    hint = "The next run builds it; or do it now with `treadle image build`."
    return DoctorCheck(name, CheckResult.WARNING, f"{worker_reference()} is missing or outdated", hint)


def _powershell(engine: EngineProbe) -> DoctorCheck:
    """Whether steps in PowerShell can run, and how to get there."""
    name = f"PowerShell on {engine.name}"
    if engine.powershell_is_current():
        return DoctorCheck(name, CheckResult.OK, POWERSHELL.reference)
    detail = f"{POWERSHELL.reference} is missing or outdated"
    named = engine.powershell_archive
    if named is not None and not Path(named).is_file():
        message = f'{detail}, and {VARIABLE} names "{named}", which is not a file'
        return DoctorCheck(
            name, CheckResult.BROKEN, message, f"Let {VARIABLE} name a release archive of PowerShell."
        )
    source = f'from "{named}"' if named is not None else f"with PowerShell {VERSION} from GitHub"
    hint = (
        f"The next step in PowerShell builds it {source}; or do it now with `treadle image build powershell`. "
        "Where there is no network: `treadle image build powershell --archive FILE`."
    )
    return DoctorCheck(name, CheckResult.WARNING, detail, hint)
