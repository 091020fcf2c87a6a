"""Where the script of a template can run: on Linux, on Linux with certain tools, or on Windows only.

The index keeps the answer for every template at the head of a source, so whoever changes what comes out of here raises
`registry.index.database.INDEX_FORMAT`. Scripts in Bash and Python run on Linux; which tools they call is not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from registry.model import StepTemplate
from registry.template.octopus import CUSTOM_SCRIPT
from registry.template.runnable import written_script

_LINUX_SYNTAXES = frozenset({"bash", "python", "sh"})
_POWERSHELL = "powershell"


class Platform(StrEnum):
    """Where a script can run. UNKNOWN: it could not be read, or what it starts is named by its inputs."""

    LINUX = "linux"
    LINUX_WITH_TOOLS = "linux-with-tools"
    WINDOWS_ONLY = "windows-only"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that a script uses.

    kind: a stable name of the kind, such as `registry`
    what: the kind in words, behind "uses"
    name: as the script writes it
    lines: of the script, from 1
    """

    kind: str
    what: str
    name: str
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        where = f" (line{'s' if len(self.lines) > 1 else ''} {', '.join(map(str, self.lines))})"
        return f"{self.what}: {self.name}{where if self.lines else ''}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a script can run, and why.

    tools: what it needs beside PowerShell, in the order of the script; those of a script for Windows as well
    reasons: why it runs on Windows only, or why that cannot be known; without one, nothing speaks against Linux
    remarks: what behaves otherwise on Linux, and does not decide
    needs_5: Windows PowerShell 5.1 is needed rather than Windows
    """

    platform: Platform
    tools: tuple[str, ...] = ()
    reasons: tuple[Evidence, ...] = ()
    remarks: tuple[Evidence, ...] = ()
    needs_5: bool = False

    def __str__(self) -> str:
        """In words: `Linux`, `Linux with tools: az, git`, `Windows only`."""
        if self.platform is Platform.LINUX_WITH_TOOLS:
            return f"Linux with tools: {', '.join(self.tools)}"
        if self.platform is Platform.WINDOWS_ONLY:
            return "Windows only (Windows PowerShell 5.1)" if self.needs_5 else "Windows only"
        return "Linux" if self.platform is Platform.LINUX else "unknown"

    def data(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)

    def to_json(self) -> str:
        """For the index; `read_verdict` reads it."""
        return json.dumps(self.data(), ensure_ascii=False, separators=(",", ":"))


def read_verdict(text: str) -> Verdict | None:
    """The verdict that `to_json` wrote; None for an empty text."""
    if not text:
        return None
    data: Mapping[str, Any] = json.loads(text)
    return Verdict(
        Platform(data["platform"]),
        tuple(data["tools"]),
        tuple(_evidence(item) for item in data["reasons"]),
        tuple(_evidence(item) for item in data["remarks"]),
        data["needs_5"],
    )


def _evidence(item: Mapping[str, Any]) -> Evidence:
    return Evidence(item["kind"], item["what"], item["name"], tuple(item["lines"]))


def template_verdict(template: StepTemplate) -> Verdict | None:
    """Where a template can run; None where it has no script, or one in a language that is not read."""
    script = written_script(template)
    if script is not None:
        return script_verdict(script.syntax, script.body)
    custom = [
        text
        for name, text in template.properties.items()
        if name.startswith(CUSTOM_SCRIPT) and name.endswith(".ps1") and text
    ]
    return script_verdict(_POWERSHELL, "\n".join(custom)) if custom else None


@lru_cache(maxsize=16)
def script_verdict(syntax: str, body: str) -> Verdict | None:
    """Where a script can run; None for a language that is not read."""
    if syntax.lower() in _LINUX_SYNTAXES:
        return Verdict(Platform.LINUX)
    if syntax.lower() != _POWERSHELL:
        return None
    # Imported late: the grammar costs time, and most commands need none.
    from registry.template.powershell.judging import judge

    return judge(body)


def programs() -> frozenset[str]:
    """Those of the tools that are programs; the others are modules and services."""
    from registry.template.powershell.tables import tables

    return tables().tools
