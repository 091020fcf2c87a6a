"""How updates look: where steps stand, what was updated, what waits for a person."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from registry.cli.compare import comparison_data
from registry.cli.context import Context
from registry.cli.output import counted, echo, print_table, style, tell, to_data
from registry.cli.problems import error_data
from registry.compatibility.migration import ValueMigration, explain_migration
from registry.errors import UserError
from registry.model import Problem, VersionInfo
from runner.dependencies.status import StepUpdate, UseStatus
from runner.dependencies.update import UpdateReport

_REASONS = 6


def show_states(context: Context, states: Sequence[UseStatus], total: int) -> None:
    """A table, and below it the reasons, once for each pair of versions."""
    if not states:
        context.say(
            f"Up to date: {counted(total, 'use')} of templates." if total else "No process uses a template."
        )
        return
    rows = [
        (item.use.label, item.use.step, str(item.use.reference), _now(item), _available(item), _kind(item))
        for item in states
    ]
    print_table(("PROCESS", "STEP", "USES", "NOW", "NEW", "CHANGE"), rows, right=(3, 4))
    for title, lines in _reasons(states).items():
        echo()
        tell(style(title, bold=True))
        for line in lines:
            tell(f"  {line}")


def _now(item: UseStatus) -> str:
    return str(item.current.provenance.version) if item.current else "-"


def _available(item: UseStatus) -> str:
    return str(item.target.provenance.version) if item.target else "-"


def _kind(item: UseStatus) -> str:
    if item.error is not None:
        return "refused"
    kinds = [item.comparison.change.value] if item.comparison else []
    kinds += ["unknown version"] if item.current is None else []
    kinds += [f"base {item.base.version}"] if item.base else []
    kinds += dict.fromkeys(notice.standing.value for notice in item.notices)
    kinds += ["deleted"] if item.deleted else []
    kinds += [f"{item.held_back.version} held back"] if item.held_back else []
    return ", ".join(kinds) or "up to date"


def _reasons(states: Iterable[UseStatus]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in states:
        reference = item.use.reference
        title = f"{reference.source}/{reference.slug} {_now(item)}"
        title += f" → {_available(item)}" if item.target else ""
        lines = list(_reasons_of(item))
        if lines:
            found[title] = lines
    return found


def _reasons_of(item: UseStatus) -> Iterable[str]:
    if item.error is not None:
        yield item.error.message + (f" ({item.error.hint})" if item.error.hint else "")
    yield from map(str, item.notices)
    if item.deleted:
        yield "deleted at its source"
    if item.comparison is not None:
        reasons = explain_migration(item.comparison.differences) or ["nothing changed but the version"]
        yield from reasons[:_REASONS]
        if len(reasons) > _REASONS:
            where = item.use.reference
            yield (
                f"and {len(reasons) - _REASONS} more: treadle diff {where.source}/{where.slug}@{_now(item)} "
                + (f"{where.source}/{where.slug}@{_available(item)}")
            )
    if item.base is not None and item.current is not None and item.current.origin is not None:
        origin = item.current.origin
        changed = ", with local changes" if item.current.patched else ""
        yield f"a copy of {origin.source}@{origin.version}{changed}; {item.base.version} is there"
    if item.held_back is not None:
        until = f" until {item.held_until}" if item.held_until else ""
        fresh = (
            f"version {item.held_back.version} of {_date(item.held_back)} is held back{until}: it is fresh"
        )
        yield f"{fresh}. To take it now: --cool-down 0"
    if item.passed_over is not None:
        yield f"version {item.passed_over.version} asks for more than --only allows"


def _date(item: VersionInfo) -> str:
    return (item.date or "an unknown date")[:10]


def show_report(context: Context, report: UpdateReport, *, dry_run: bool) -> None:
    """What was done, and what was not and why."""
    for applied in report.applied:
        for update in applied.updates:
            show_update(context, update, "Updated")
        if applied.commit:
            context.say(f"Committed as {applied.commit[:9]}.")
    for update in report.held:
        show_update(context, update, "Would update" if dry_run and update.ready else "Not updated:")
    for item in report.idle:
        if item.error is not None:
            _show_refused(item, item.error)
        elif item.held_back is not None or item.passed_over is not None:
            context.say(f"{_where(item)}: {list(_reasons_of(item))[-1]}")
    if not report.applied and not report.held and not report.refused:
        context.say("Nothing to update.")


def _where(item: UseStatus) -> str:
    return f'{item.use.label}: step "{item.use.step}"'


def _show_refused(item: UseStatus, error: UserError) -> None:
    echo(f"{_where(item)}: refused: {error.message}", err=True)
    if error.hint:
        echo(f"  hint: {error.hint}", err=True)


def show_update(context: Context, update: StepUpdate, verb: str) -> None:
    """One step: from which version to which, the kind of change, and what happens to its values."""
    if context.quiet and update.ready:
        return
    where, current = update.target.provenance, update.state.current
    since = (
        f"{current.provenance.source}/{current.provenance.slug}@{current.provenance.version}"
        if current
        else "-"
    )
    comparison = update.state.comparison
    change = f" ({comparison.change.value})" if comparison else ""
    head = f'{verb} {update.use.label}: step "{update.use.step}": {since} → {where.source}/{where.slug}@{where.version}'
    tell(head + change)
    for line in [*(explain_migration(comparison.differences) if comparison else []), *_values(update.merge)]:
        tell(f"  {line}")
    for question in update.merge.questions:
        tell(style(f'  waiting: parameter "{question.parameter.name}" {question.reason}', fg="yellow"))
    for obstacle in update.merge.obstacles:
        tell(style(f"  waiting: {obstacle}", fg="yellow"))
    if update.waits_for:
        tell(style(f'  waiting: step "{update.waits_for}" shares its entry of the lock', fg="yellow"))


def _values(merge: ValueMigration) -> Iterable[str]:
    yield from (f'value of "{old}" goes to "{new}"' for old, new in merge.renamed.items())
    yield from (
        f'value of "{name}" is dropped: there is no such parameter any more' for name in merge.dropped
    )
    yield from (f'value of "{name}" is replaced' for name in merge.replaced)
    yield from (f'value for "{name}" is added' for name in merge.added)


def next_step(report: UpdateReport, arguments: Sequence[str]) -> str | None:
    """The command that brings what is held further; None where nothing is."""
    names = {
        question.parameter.name: question.parameter.sensitive
        for update in report.held
        if not update.merge.needs_decision
        for question in update.merge.questions
    }
    hints = []
    if names:
        flags = (
            f"--set {shlex.quote(name + ('=#{MY.SECRET}' if secret else '=VALUE'))}"
            for name, secret in names.items()
        )
        hints.append(f"Give the values: `treadle update {' '.join([*map(shlex.quote, arguments), *flags])}`.")
    if report.decisions is not None:
        name = report.decisions.name
        hints.append(f"Decide in {name}, then run `treadle update --resolve {name}`.")
    return "\n        Or: ".join(hints) or None


# --- as JSON


def state_data(item: UseStatus) -> dict[str, Any]:
    """Where a use stands."""
    return {
        "process": item.use.label,
        "step": item.use.step,
        "uses": str(item.use.reference),
        "version": item.current.provenance.version if item.current else None,
        "available": _target_data(item),
        **(comparison_data(item.comparison) if item.comparison else {"class": None, "differences": []}),
        "base": _version_data(item.base) if item.base else None,
        "held_back": _version_data(item.held_back) if item.held_back else None,
        "held_until": item.held_until,
        "passed_over": _version_data(item.passed_over) if item.passed_over else None,
        "notices": [asdict(notice) for notice in item.notices],
        "deleted": item.deleted,
        "error": error_data(item.error) if item.error else None,
    }


def unreadable_data(error: UserError) -> dict[str, Any]:
    """A process, or a step of one, that cannot be read: an entry as that of a use, of which `error` alone is known."""
    return {
        "process": error.findings[0].file,
        "step": None,
        "uses": None,
        "version": None,
        "available": None,
        "class": None,
        "differences": [],
        "base": None,
        "held_back": None,
        "held_until": None,
        "passed_over": None,
        "notices": [],
        "deleted": False,
        "error": error_data(error),
    }


def _target_data(item: UseStatus) -> dict[str, Any] | None:
    if item.target is None:
        return None
    where = item.target.provenance
    return {"version": where.version, "blob": where.blob, "commit": where.commit, "date": where.date}


def _version_data(item: VersionInfo) -> dict[str, Any]:
    return {"version": item.version, "blob": item.blob, "commit": item.commit, "date": item.date}


def report_data(report: UpdateReport, problems: Sequence[Problem]) -> dict[str, Any]:
    """How an update ended; `problems` say which processes, or steps of theirs, cannot be read."""
    return {
        "applied": [
            {
                "template": applied.template,
                "commit": applied.commit,
                "files": [str(file) for file in applied.files],
                "steps": [_update_data(update) for update in applied.updates],
            }
            for applied in report.applied
        ],
        "held": [_update_data(update) for update in report.held],
        "refused": [state_data(item) for item in report.refused],
        "decisions": str(report.decisions) if report.decisions else None,
        "problems": to_data(problems),
    }


def _update_data(update: StepUpdate) -> dict[str, Any]:
    merge = update.merge
    return {
        **state_data(update.state),
        "becomes": str(update.reference),
        "ready": update.ready,
        "renamed": dict(merge.renamed),
        "dropped": list(merge.dropped),
        "set": [*merge.replaced, *merge.added],
        "questions": [
            {"parameter": item.parameter.name, "reason": item.reason, "conflict": item.conflict}
            for item in merge.questions
        ],
        "obstacles": list(merge.obstacles),
    }
