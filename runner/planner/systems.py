"""Whether an action's script can run where its container does, before anything runs."""

from __future__ import annotations

from registry.template.platform import Evidence, Platform, Verdict, script_verdict
from registry.text.document import KeyPath
from runner.actions.script import ScriptAction
from runner.planner.findings import Findings

_SHOWN = 3


def check_system(at: KeyPath, what: str, script: ScriptAction, findings: Findings) -> Verdict | None:
    """Warn of a script that runs on Windows only, or perhaps, unless its step is skipped.

    Returns its verdict, None where that is not judged.

    `what` is the subject of the messages: `step "Restart": community/iis-restart`.
    """
    verdict = script_verdict(script.syntax, script.body)
    if verdict is None or not verdict.reasons or findings.lenient:
        return verdict
    if verdict.platform is Platform.WINDOWS_ONLY:
        system = "Windows PowerShell 5.1" if verdict.needs_5 else "Windows"
        message = f"{what} runs on {system} only: it uses {_reasons(verdict.reasons)}"
        hint = "It will probably fail in its container. Choose another template, or skip the step."
        findings.warning(at, "windows-only", message, hint)
    elif verdict.platform is Platform.UNKNOWN:
        message = f"{what} may not run on Linux: it uses {_reasons(verdict.reasons)}"
        findings.warning(at, "platform-unknown", message, "Read its script first.")
    return verdict


def _reasons(reasons: tuple[Evidence, ...]) -> str:
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return ", ".join(map(str, reasons[:_SHOWN])) + more
