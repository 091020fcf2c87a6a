"""Runs as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from registry.cli.output import aligned, one_line, print_table, size_text, style
from runner.cli.marks import WORKER, badge, ending, level_line, mark_of
from runner.execution.events import Event, Kind
from runner.model import Status
from runner.runs.history import (
    ActionRecord,
    ArtifactRecord,
    OutputRecord,
    QuestionRecord,
    RunDetails,
    RunRecord,
    StepRecord,
)

_MOST_SHOWN = 50


def show_records(records: Sequence[RunRecord], *, all_projects: bool) -> None:
    """One run a line; with the projects' names where there are several."""
    heads = ["RUN", "PROCESS", "ENVIRONMENT", "STARTED", "TOOK", "STATUS"]
    rows = [
        [
            record.run,
            record.process,
            record.environment or "-",
            _local_time(record.started),
            _took(record.seconds),
            badge(record.status),
        ]
        for record in records
    ]
    if all_projects:
        heads.insert(1, "PROJECT")
        for row, record in zip(rows, records, strict=True):
            row.insert(1, record.project)
    whole = [heads.index(head) for head in ("STARTED", "STATUS")]
    print_table(heads, rows, right=(heads.index("TOOK"),), whole=whole)


def details_text(details: RunDetails) -> str:
    """A run's record: what, when, each step on its targets, outputs, artifacts, warnings."""
    record = details.record
    where = f" in {record.environment}" if record.environment else ""
    head = [
        style(f"{record.process}{where}", bold=True) + f"  {badge(record.status)}",
        f"run {record.run}, project {record.project}, started {_local_time(record.started)}"
        + (f", took {_took(record.seconds)}" if record.seconds is not None else ""),
    ]
    if record.message:
        head.append(style(record.message, fg="red" if record.status is Status.FAILED else None))
    sections = [
        head,
        _steps(details.steps),
        _section("Questions", [line for one in details.questions for line in _question(record.run, one)]),
        _section("Outputs", [_output(one) for one in details.outputs]),
        _section("Artifacts", aligned(map(_artifact, details.artifacts))),
        _section("Warnings", details.warnings),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section)


def artifacts_table(artifacts: Sequence[ArtifactRecord]) -> str:
    """One artifact a line, with the path of its file."""
    if not artifacts:
        return "The run has no artifacts."
    return "\n".join(aligned((*_artifact(one), str(one.path)) for one in artifacts))


class LogView:
    """Log lines of a run, each with the target it is from; a heading where a step begins.

    `step` and `target`, ignoring case, choose whose lines to show. `events` are those that are there already: their
    targets' names are as wide as the gutter.
    """

    def __init__(
        self,
        step: str | None,
        target: str | None,
        *,
        verbose: bool = False,
        timestamps: bool = False,
        events: Iterable[Event] = (),
    ) -> None:
        self._step = step
        self._target = target
        self._verbose = verbose
        self._timestamps = timestamps
        self._actions: dict[str, Event] = {}
        self._width = 0
        for event in events:
            if event["event"] == Kind.ACTION_STARTED:
                self._widen(event)

    def lines(self, event: Event) -> list[str]:
        """The event as lines of text; none if it isn't to be shown."""
        stamp = self._stamp(event)
        match event["event"]:
            case Kind.STEP_STARTED if self._chosen(self._step, event["step"]):
                return [stamp + style(one_line(event["step"]), bold=True)]
            case Kind.ACTION_STARTED:
                self._actions[event["action"]] = event
                self._widen(event)
            case Kind.LOG if event["level"] != "verbose" or self._verbose:
                return self._log(event, stamp)
            case Kind.WARNING:
                return [stamp + style(f"! {one_line(event['message'])}", fg="yellow")]
            case Kind.ACTION_FINISHED if event["message"] and self._shows(event):
                glyph, colour = mark_of(event["status"])
                return [
                    stamp + self._prefix(event) + style(f"{glyph} {one_line(event['message'])}", fg=colour)
                ]
        return []

    def _stamp(self, event: Event) -> str:
        if not self._timestamps:
            return ""
        when = f"{datetime.fromisoformat(event['time']).astimezone():%Y-%m-%d %H:%M:%S.%f}"[:-3]
        return f"{style(when, dim=True)}  "

    def _log(self, event: Event, stamp: str) -> list[str]:
        action = self._actions.get(event["action"])
        if action is None or not self._shows(action):
            return []
        prefix = stamp + self._prefix(action)
        return [level_line(event["level"], line, prefix) for line in event["lines"]]

    def _widen(self, action: Event) -> None:
        self._width = max(self._width, len(_label(action)))

    def _prefix(self, action: Event) -> str:
        return f"{_label(action):<{self._width}} "

    def _shows(self, action: Event) -> bool:
        return self._chosen(self._step, action["step"]) and self._chosen(self._target, action["target"] or "")

    @staticmethod
    def _chosen(wanted: str | None, name: str) -> bool:
        return wanted is None or wanted.casefold() == name.casefold()


def _label(action: Event) -> str:
    """Where an action ran, and which of its step's it was."""
    where = action["target"] or WORKER
    return where if action["name"] == action["step"] else f"{where} {one_line(action['name'])}"


def record_data(record: RunRecord) -> dict[str, Any]:
    """A run as in `runs list --json`."""
    return {
        "run": record.run,
        "process": record.process,
        "environment": record.environment,
        "project": record.project,
        "project_folder": str(record.project_folder) if record.project_folder else None,
        "started": record.started,
        "status": record.status,
        "seconds": record.seconds,
        "message": record.message,
    }


def details_data(details: RunDetails) -> dict[str, Any]:
    """A run as in `runs show --json`."""
    return {
        **record_data(details.record),
        "folder": str(details.record.folder),
        "steps": [_step_data(step) for step in details.steps],
        "outputs": [
            {**_where(one.action), "name": one.name, "value": one.value, "sensitive": one.sensitive}
            for one in details.outputs
        ],
        "artifacts": [artifact_data(one) for one in details.artifacts],
        "warnings": list(details.warnings),
        "questions": [question_data(one) for one in details.questions],
    }


def question_data(question: QuestionRecord) -> dict[str, Any]:
    """A question as in `runs show --json`."""
    return {
        "question": question.question,
        "kind": question.kind,
        "step": question.step,
        "name": question.name,
        "target": question.target,
        "choices": list(question.choices),
        "text": question.text,
        "responsible": list(question.responsible),
    }


def artifact_data(artifact: ArtifactRecord) -> dict[str, Any]:
    """An artifact as in `runs artifacts --json`; `path` is absolute."""
    return {
        **_where(artifact.action),
        "name": artifact.name,
        "path": str(artifact.path.absolute()),
        "size": artifact.size,
    }


def _step_data(step: StepRecord) -> dict[str, Any]:
    return {
        "step": step.step,
        "status": step.status,
        "reason": step.reason,
        "skip": step.skip,
        "seconds": step.seconds,
        "actions": [
            {
                **_where(action),
                "status": action.status,
                "seconds": action.seconds,
                "exit_code": action.exit_code,
                "message": action.message,
                "attempt": action.attempt,
                "skip": action.skip,
            }
            for action in step.actions
        ],
    }


def _where(action: ActionRecord) -> dict[str, Any]:
    return {"action": action.action, "step": action.step, "name": action.name, "target": action.target}


def _steps(steps: Iterable[StepRecord]) -> list[str]:
    lines: list[str] = []
    for number, step in enumerate(steps, start=1):
        only = step.actions[0] if len(step.actions) == 1 else None
        on = f" on {only.target}" if only and only.target else ""
        lines.append(f"{number:>3} {_line(step.status, step.step + on, step.seconds, step.reason)}")
        if len(step.actions) > 1:
            width = max(len(_name(action)) for action in step.actions)
            lines += (
                f"      {_line(action.status, _name(action).ljust(width), action.seconds, action.message)}"
                for action in step.actions
            )
    return lines


def _line(status: Status, name: str, seconds: float | None, why: str) -> str:
    glyph, colour = mark_of(status)
    took = style(f"  {_took(seconds)}", dim=True) if seconds else ""
    told = f"  {ending(status, why)}" if why or status not in (Status.SUCCESS, Status.QUEUED) else ""
    return f"{style(glyph, fg=colour)} {name}{took}{told}"


def _name(action: ActionRecord) -> str:
    target = action.target or "worker"
    return target if action.name == action.step else f"{action.name} on {target}"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = (
        [f"  ... and {len(lines) - _MOST_SHOWN:,} more: --json tells all"] if len(lines) > _MOST_SHOWN else []
    )
    return [style(title, bold=True), *(f"  {line}" for line in lines[:_MOST_SHOWN]), *more]


def _question(run: str, question: QuestionRecord) -> list[str]:
    where = f" on {question.target}" if question.target else ""
    who = f", for {' or '.join(question.responsible)}" if question.responsible else ""
    choices = "|".join(f"--{choice}" for choice in question.choices)
    text = [f"  {line}" for line in question.text.strip().splitlines()]
    return [f"{one_line(question.name)}{where}{who}", *text, f"  treadle runs intervene {run} {choices}"]


def _output(output: OutputRecord) -> str:
    first, *others = output.value.splitlines() or [""]
    return f"{_place(output.action)} {one_line(output.name)} = {first}{' …' if others else ''}"


def _artifact(artifact: ArtifactRecord) -> tuple[str, str, str]:
    return _place(artifact.action), artifact.name, size_text(artifact.size)


def _place(action: ActionRecord) -> str:
    return f"{action.name}[{action.target}]" if action.target else action.name


def _local_time(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone():%Y-%m-%d %H:%M:%S}"


def _took(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"
