"""Whether an action's script can run where its container does, before anything runs."""

from __future__ import annotations

from registry.template.platform import Evidence, Platform, programs, script_verdict
from registry.text.document import KeyPath
from runner.actions.script import ScriptAction
from runner.engine.worker_image import image_named, image_with
from runner.planner.findings import Findings

_SHOWN = 3
_REACHED = frozenset({"PowerShell Gallery", "SQL Server"})
"""What a script reaches over the network, and no image has."""


def check_system(
    at: KeyPath, what: str, script: ScriptAction, findings: Findings, *, aliases: bool = False
) -> None:
    """Warn of a script that runs on Windows only, or perhaps, unless its step is skipped.

    `aliases`: the step has those of Windows.
    `what` is the subject of the messages: `step "Restart": community/iis-restart`.
    """
    verdict = script_verdict(script.syntax, script.body)
    if verdict is None or not verdict.reasons or findings.lenient:
        return
    if verdict.platform is Platform.WINDOWS_ONLY:
        system = "Windows PowerShell 5.1" if verdict.needs_5 else "Windows"
        message = f"{what} runs on {system} only: it uses {_reasons(verdict.reasons)}"
        hint = "It will probably fail in its container. Choose another template, or skip the step."
        if all(reason.kind == "windows-alias" for reason in verdict.reasons):
            if aliases:
                return
            hint = "Give the step `aliases: windows`."
        findings.warning(at, "windows-only", message, hint)
    elif verdict.platform is Platform.UNKNOWN:
        message = f"{what} may not run on Linux: it uses {_reasons(verdict.reasons)}"
        findings.warning(at, "platform-unknown", message, "Read its script first.")


def _reasons(reasons: tuple[Evidence, ...]) -> str:
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return ", ".join(map(str, reasons[:_SHOWN])) + more


def check_tools(at: KeyPath, what: str, script: ScriptAction, image: str, findings: Findings) -> None:
    """Warn of tools that a script needs and one of our images lacks. What is in other images, nobody here knows."""
    ours = image_named(image)
    verdict = script_verdict(script.syntax, script.body) if ours else None
    if ours is None or verdict is None or verdict.platform is Platform.WINDOWS_ONLY:
        return
    needed = [tool for tool in verdict.tools if tool not in _REACHED]
    if "PowerShell Gallery" in verdict.tools:
        needed = [tool for tool in needed if tool in programs()]  # it may well fetch its modules itself
    missing = [tool for tool in needed if tool not in ours.tools]
    if not missing:
        return
    names = ", ".join(missing)
    message = f"{what} needs {names}, which the image {image} lacks"
    findings.warning(at, "tool-missing", message, _remedy(needed, missing))


def _remedy(needed: list[str], missing: list[str]) -> str:
    having = image_with(needed) or image_with(missing)
    if having is None:
        return "Give the step an image with it: `container: {image: ...}`."
    return (
        f"The image {having.reference} has it: `treadle image build {having.name}`, then "
        f"`container: {{image: {having.reference}}}` in the step."
    )
