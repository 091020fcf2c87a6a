"""Which variables a Bash, sh or Python script asks for, as far as its text shows.

Read by patterns, as in `script_facts`. What is not written out counts as "may be any": too much is safe here, too
little is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TEXT = r"""(?:"(?P<{0}double>[^"$`\\\n]*)"|'(?P<{0}single>[^'\\\n]*)'{1})"""
_BARE = r"""|(?P<{0}bare>[^\s"'$`;|&()<>\\{{}}\[\]@*]+)"""
_SHELL = re.compile(
    r"\bget_octopusvariable[ \t]+"
    + _TEXT.format("call_", _BARE.format("call_"))
    + r"""(?=[\s;|&)`"<>]|$)"""
    + r"|\boctopus_parameters\["
    + _TEXT.format("item_", _BARE.format("item_"))
    + r"\]"
)
_PYTHON = re.compile(
    r"\bget_octopusvariable\(\s*"
    + _TEXT.format("call_", "")
    + r"\s*\)"
    + r"|\boctopusvariables(?:\[|\.get\()\s*"
    + _TEXT.format("item_", "")
    + r"\s*[\],)]"
)
_ANY_READ = re.compile(r"\bget_octopusvariable\b|\boctopus_parameters\b|\boctopusvariables\b|/run/treadle/")
_COMMENT_LINE = re.compile(r"^[ \t]*#(?![!{]).*$", re.MULTILINE)
_PYTHON_IMPORT = re.compile(r"^\s*from\s+\S+\s+import\b.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ScriptReads:
    """`names` are those written out, spelt as in the script; `dynamic`: it also reads some that are not."""

    names: frozenset[str] = frozenset()
    dynamic: bool = False


@lru_cache(maxsize=256)
def script_reads(script: str, syntax: str) -> ScriptReads:
    """What a script asks for. `syntax` is `Bash`, `sh` or `Python`; of any other language all is possible."""
    pattern = {"Bash": _SHELL, "sh": _SHELL, "Python": _PYTHON}.get(syntax)
    if pattern is None:
        return ScriptReads(dynamic=True)
    text = script.replace("\\\n", " ")
    if syntax == "Python":
        text = _PYTHON_IMPORT.sub("", text)
    found = list(pattern.finditer(text))
    names = frozenset(next((group for group in match.groups() if group is not None), "") for match in found)
    return ScriptReads(names, dynamic=len(_ANY_READ.findall(text)) > len(found))


def without_comments(script: str) -> str:
    """The script without the lines that are comments; other lines keep their place."""
    return _COMMENT_LINE.sub("", script)
