"""Removing the journals of old runs: what a person asks for, or a setting keeps."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from registry.errors import Unavailable
from runner.model import Status
from runner.runs import journal
from runner.runs.engine_notes import has_note
from runner.runs.history import EVERY_RUN, RunFilter, RunRecord, Runs

_DOOMED = ".pruned-"
_UNFINISHED = (Status.QUEUED, Status.RUNNING, Status.WAITING)


def runs_to_prune(
    runs: Runs, chosen: RunFilter = EVERY_RUN, *, keep: int = 0, older_than: timedelta = timedelta(0)
) -> list[RunRecord]:
    """The runs, latest first, that `chosen` takes and that are neither among the latest `keep` of them nor younger
    than `older_than`. Never one that is live, waits for a person or may have containers."""
    records, _ = runs.latest(None, chosen)
    before = datetime.now(UTC) - older_than
    return [
        record
        for record in records[keep:]
        if datetime.fromisoformat(record.started) <= before
        and record.status not in _UNFINISHED
        and not has_note(record.folder)
    ]


def keep_latest(runs: Path, project_folder: Path, keep: int) -> None:
    """Remove all but the latest `keep` runs of a project. Raises Unavailable."""
    prune_runs(runs, runs_to_prune(Runs(runs), RunFilter(folder=project_folder), keep=keep))


def prune_runs(folder: Path, records: Sequence[RunRecord]) -> None:
    """Remove runs from `folder`, each at once for whoever looks. Raises Unavailable."""
    try:
        for record in records:
            if not journal.is_live(record.folder):
                record.folder.rename(folder / f"{_DOOMED}{record.run}")
        for doomed in folder.glob(f"{_DOOMED}*"):
            shutil.rmtree(doomed)
    except OSError as error:
        raise Unavailable(
            "runs-not-pruned", f'cannot remove "{error.filename}": {error.strerror}', "Remove it by hand."
        ) from error
