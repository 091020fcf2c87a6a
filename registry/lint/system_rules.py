"""Rules about the systems that a script runs on. They read PowerShell by its grammar: what they find is there."""

from __future__ import annotations

from collections.abc import Iterator

from registry.lint.rule import Hit, rule
from registry.lint.subject import Subject
from registry.model import Severity
from registry.template.platform import Evidence, Platform


@rule(
    "windows-only",
    Severity.WARNING,
    why="A step that runs in a container on Linux fails with this script.",
    fix="Use what PowerShell 7 has on Linux, or ask $IsWindows first; ignore this for what is about Windows.",
)
def _windows_only(subject: Subject) -> Iterator[Hit]:
    verdict = subject.verdict
    if verdict and verdict.platform is Platform.WINDOWS_ONLY and not verdict.needs_5:
        yield _first(subject, "this script runs on Windows only", verdict.reasons)


@rule(
    "windows-powershell-only",
    Severity.WARNING,
    why="PowerShell 7, the one that Linux has, does this otherwise or not at all.",
    fix="Write what both PowerShells take, such as a command's full name instead of an alias.",
)
def _windows_powershell_only(subject: Subject) -> Iterator[Hit]:
    verdict = subject.verdict
    if verdict and verdict.needs_5:
        yield _first(subject, "this script runs in Windows PowerShell 5.1 only", verdict.reasons)


@rule(
    "differs-on-linux",
    Severity.WARNING,
    why="The script runs on Linux, but does something else there than on Windows.",
    fix="Write what means the same on both systems.",
)
def _differs_on_linux(subject: Subject) -> Iterator[Hit]:
    verdict = subject.verdict
    if verdict is None or verdict.platform is Platform.WINDOWS_ONLY:
        return
    for remark in verdict.remarks:
        if remark.kind == "unknown-command":  # a module or program of one's own, mostly
            continue
        yield _hit(subject, f"{remark.what}: {remark.name}", remark)


def _first(subject: Subject, what: str, reasons: tuple[Evidence, ...]) -> Hit:
    """One finding for all reasons, at the first."""
    more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return _hit(subject, f"{what}: {reasons[0]}{more}", reasons[0])


def _hit(subject: Subject, message: str, evidence: Evidence) -> Hit:
    script = subject.scripts[0] if subject.scripts else None
    return Hit(message, script=script, line=evidence.lines[0] if script and evidence.lines else None)
