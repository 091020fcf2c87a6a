"""Earlier and live runs, from their journals: which there are, how they went, what they left."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from registry.errors import Conflict, Invalid, NotFound, Unavailable, UserError
from registry.model import Problem
from registry.suggest import did_you_mean
from runner.model import Status
from runner.runs import journal
from runner.runs.record_files import damaged, optional_text_of, seconds_of, text_of

LAST = "last"
"""What stands for the latest run's id."""

_START_ONE = "Start one with `treadle run PROCESS -e ENVIRONMENT`."


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run at a glance.

    `project_folder`: where its project lies, or the process where there is none; None in older journals.
    `started`: ISO 8601, UTC.
    `seconds`: None until it has ended.
    """

    run: str
    folder: Path
    process: str
    environment: str | None
    project: str
    started: str
    status: Status
    seconds: float | None = None
    message: str = ""
    project_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are meant; None chooses all. Names are compared without case.

    `folder`: of the project. Runs of older journals don't know it: they count as everybody's.
    """

    folder: Path | None = None
    project: str | None = None
    process: str | None = None
    environment: str | None = None
    status: Status | None = None

    def takes(self, record: RunRecord) -> bool:
        """Whether a run is one of those."""
        wanted = (self.project, self.process, self.environment)
        names = (record.project, record.process, record.environment or "")
        return (
            self.folder in (None, record.project_folder or self.folder)
            and self.status in (None, record.status)
            and all(
                want is None or want.casefold() == name.casefold()
                for want, name in zip(wanted, names, strict=True)
            )
        )


EVERY_RUN = RunFilter()


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """An action's execution, as its last attempt went.

    target: None: on the worker
    seconds, exit_code: None until it has ended
    skip: the name of the reason, if it was skipped
    """

    action: str
    step: str
    name: str
    target: str | None
    status: Status
    seconds: float | None = None
    exit_code: int | None = None
    message: str = ""
    attempt: int = 1
    skip: str | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """How a step went; `skip` is the name of the reason, if it was skipped."""

    step: str
    status: Status
    reason: str = ""
    seconds: float | None = None
    actions: tuple[ActionRecord, ...] = ()
    skip: str | None = None


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """An output variable; the value of a sensitive one reads `********`."""

    action: ActionRecord
    name: str
    value: str
    sensitive: bool


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """A kept artifact: `path` is where its file is, `size` in bytes."""

    action: ActionRecord
    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """A question that waits for an answer; `responsible` may answer, empty: anybody."""

    question: str
    kind: str
    step: str
    name: str
    target: str | None
    choices: tuple[str, ...]
    text: str
    responsible: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run, step by step. Of an output that was set more than once, the last value."""

    record: RunRecord
    steps: tuple[StepRecord, ...]
    outputs: tuple[OutputRecord, ...]
    artifacts: tuple[ArtifactRecord, ...]
    warnings: tuple[str, ...]
    questions: tuple[QuestionRecord, ...] = ()


class Runs:
    """The runs whose journals lie in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ids(self) -> list[str]:
        """All run ids, the latest first."""
        if not self._folder.is_dir():
            return []
        names = (path.name for path in self._folder.iterdir() if path.is_dir())
        return sorted((name for name in names if not name.startswith(".")), reverse=True)

    def latest(
        self, limit: int | None = None, chosen: RunFilter = EVERY_RUN
    ) -> tuple[list[RunRecord], list[Problem]]:
        """The latest runs first, and what is wrong with those that cannot be read."""
        records: list[RunRecord] = []
        problems = []
        for run in self.ids():
            if limit is not None and len(records) == limit:
                break
            try:
                record = self.record(run)
            except UserError as error:
                problems.append(Problem(error.message, error.code, hint=error.hint))
                continue
            if chosen.takes(record):
                records.append(record)
        return records, problems

    def find(self, text: str = LAST, chosen: RunFilter = EVERY_RUN) -> RunRecord:
        """The run with this id, or the only one whose id begins or ends like this; `last` is the latest of those that
        `chosen` takes.

        Raises NotFound, Invalid.
        """
        ids = self.ids()
        if not ids:
            raise NotFound("run-not-found", "there are no runs yet", hint=_START_ONE)
        if text == LAST:
            return self._last(chosen)
        found = [text] if text in ids else [run for run in ids if text and _abbreviates(text, run)]
        if len(found) == 1:
            return self.record(found[0])
        if found:
            shown = ", ".join(f'"{run}"' for run in found[:5])
            raise Invalid("run-ambiguous", f'"{text}" may be any of {shown}', hint="Give more of the id.")
        hint = did_you_mean(text, ids) or "List them with `treadle runs list`."
        raise NotFound("run-not-found", f'there is no run "{text}"', hint=hint)

    def _last(self, chosen: RunFilter) -> RunRecord:
        records, problems = self.latest(1, chosen)
        if records:
            return records[0]
        if problems and chosen == EVERY_RUN:
            raise Invalid(problems[0].code, problems[0].message, problems[0].hint)
        raise NotFound(
            "run-not-found",
            "there are no such runs in this project yet",
            hint="See those of all projects: `treadle runs list --all-projects`.",
        )

    def record(self, run: str) -> RunRecord:
        """The run with exactly this id. Raises NotFound, Invalid."""
        folder = self._folder / run
        live = journal.is_live(folder)  # asked first: a run that ends meanwhile has its result by then
        head, result = journal.read_head(folder), journal.read_result(folder)
        stopped = Status.WAITING if result is None and journal.waits(folder) else Status.INTERRUPTED
        record = _begun(run, folder, head, Status.RUNNING if live else stopped)
        return record if result is None else _ended(record, result)


def _begun(run: str, folder: Path, head: dict[str, Any], status: Status) -> RunRecord:
    file = folder / journal.HEAD_FILE
    started, project_folder = text_of(head, "started", file), optional_text_of(head, "folder", file)
    try:
        has_zone = datetime.fromisoformat(started).tzinfo is not None
    except ValueError:
        has_zone = False
    if not has_zone:
        raise damaged(file, f'has "{started}" where an instant with its time zone belongs')
    return RunRecord(
        run,
        folder,
        process=text_of(head, "process", file),
        environment=optional_text_of(head, "environment", file),
        project=text_of(head, "project", file),
        started=started,
        status=status,
        project_folder=Path(project_folder) if project_folder is not None else None,
    )


def _ended(record: RunRecord, result: dict[str, Any]) -> RunRecord:
    file = record.folder / journal.RESULT_FILE
    word = text_of(result, "status", file)
    if word not in [each.value for each in Status]:
        raise damaged(file, f'has the status "{word}", which this Treadle does not know')
    message = optional_text_of(result, "message", file) or ""
    return replace(record, status=Status(word), seconds=seconds_of(result, "seconds", file), message=message)


def copy_artifacts(artifacts: Sequence[ArtifactRecord], folder: Path) -> tuple[ArtifactRecord, ...]:
    """Copy artifacts to `<folder>/<action>/<file>`; the records of the copies.

    Raises Conflict, having copied nothing, if one of the files is there already; Unavailable.
    """
    copies = tuple(replace(one, path=folder / one.path.parent.name / one.path.name) for one in artifacts)
    there = [f'"{copy.path}"' for copy in copies if copy.path.exists()]
    if there:
        raise Conflict("file-exists", f"there is already {', '.join(there)}", hint="Choose another folder.")
    for artifact, copy in zip(artifacts, copies, strict=True):
        try:
            copy.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(artifact.path, copy.path)
        except OSError as error:
            raise Unavailable(
                "artifact-not-copied", f'cannot copy "{artifact.path}" to "{copy.path}": {error.strerror}'
            ) from error
    return copies


def _abbreviates(text: str, run: str) -> bool:
    return run.startswith(text.lower()) or run.endswith(text.lower())
