"""The scripts of templates: their languages, and what they show at a look: how they end, whom they call,
what they run, which outputs they set.

Read from the text by patterns, not by a parser of each language: what is found is a
suspicion, and reported as one. Comments are left out first; strings are not, as commands hide in them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_COMMENT = re.compile(r"<#.*?#>|^\s*#(?![!{]).*?$|(?<=\s)# .*?$", re.DOTALL | re.MULTILINE)
_URL_HOST = re.compile(r"https?://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_OUTPUT = re.compile(
    r"(?:set_octopusvariable|Set-OctopusVariable(?:\s+-name)?)[\s(]+[\"']?([A-Za-z0-9_.\[\]-]+)",
    re.IGNORECASE,
)
_MODULE = re.compile(r"(?:Import|Install)-Module\s+(?:-Name\s+)?[\"']?([A-Za-z][A-Za-z0-9.]+)", re.IGNORECASE)
_TOOLS = (
    *(
        "ansible-playbook",
        "aws",
        "az",
        "cmd",
        "curl",
        "docker",
        "dotnet",
        "gcloud",
        "git",
        "helm",
        "java",
        "jq",
    ),
    *(
        "kubectl",
        "mvn",
        "npm",
        "openssl",
        "pip",
        "powershell",
        "pwsh",
        "python",
        "python3",
        "rclone",
        "rsync",
    ),
    *("scp", "sftp", "sqlcmd", "ssh", "tar", "terraform", "unzip", "wget"),
)
_TOOL = re.compile(
    rf"(?:^|[|;&(`]|\b(?:exec|sudo|then|do)\b)[ \t]*(?:&[ \t]*)?({'|'.join(_TOOLS)})(?:\.exe)?[ \t]",
    re.MULTILINE,
)

# Ways in which a script makes a step fail, or keeps it from failing.
_ENDINGS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for name, pattern in {
        "throw": r"\bthrow\b",
        "raise": r"^\s*raise\b",
        "exit 0": r"\b(?:sys\.)?exit[\s(]+0\b",
        "exit with an error": r"\b(?:sys\.)?exit[\s(]+(?:-?[1-9]\d*|\$LASTEXITCODE|\$\?)",
        "Fail-Step": r"\bfail[-_]?step\b",
        "Write-Error": r"\bWrite-Error\b",
        "set -e": r"^\s*set\s+-[a-z]*e",
        "$ErrorActionPreference = Stop": r"\$ErrorActionPreference\s*=\s*[\"']?Stop",
        "-ErrorAction SilentlyContinue": r"-ErrorAction\s+SilentlyContinue",
        "catch": r"\bcatch\b|^\s*except\b",
        "|| true": r"\|\|\s*true\b",
    }.items()
}


@dataclass(frozen=True, slots=True)
class ScriptFacts:
    """`text` is the script without comments, blank lines and trailing blanks; `endings` counts each way to end."""

    text: str
    endings: Mapping[str, int]
    hosts: frozenset[str]
    tools: frozenset[str]
    outputs: frozenset[str]


@lru_cache(maxsize=64)
def script_facts(script: str) -> ScriptFacts:
    """Look at a script in any language."""
    code = _COMMENT.sub("", script.replace("\r\n", "\n").removeprefix("\ufeff"))
    lines = (line.rstrip() for line in code.split("\n"))
    text = "\n".join(line for line in lines if line)
    endings = Counter({name: len(pattern.findall(text)) for name, pattern in _ENDINGS.items()})
    return ScriptFacts(
        text=text,
        endings=+endings,
        hosts=frozenset(host.lower() for host in _URL_HOST.findall(text)),
        tools=frozenset([*_TOOL.findall(text), *_MODULE.findall(text)]),
        outputs=frozenset(_OUTPUT.findall(text)),
    )
