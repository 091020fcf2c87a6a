"""Conformance cases of scripts: how they are read, run and compared.

One JSON object per line: `id`, `family`, `language`, `variables` (name to value or null), `script`, `parameters`,
`files` (name to text; a name ending in "/" is a folder), sometimes `environment`; and `expected`: `messages`
([name, attributes], without level switches), `stdout` ([level, line]), `stderr_contains` (each of them somewhere
in stderr, runs of white space as one blank; empty: nothing there; `<any>`: anything), `exit_code` (`<failure>`: any
but 0), sometimes `stderr_messages` and `stderr`, and `ignore_verbose`. `<cwd>` stands for the working directory,
`<any>` for `stdout` for anything there. A case without `language` is in that of its file's name.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.bootstrap import ScriptRequest, Syntax, build_payload
from runner.engine.base import Container, Stream
from runner.engine.payload import WORK_DIR
from runner.execution.pump import OutputPump
from runner.execution.service_messages import ServiceMessage
from runner.masking.masker import Masker
from runner.model import Level

Case = Mapping[str, Any]
Line = tuple[str, str]
Message = tuple[str, dict[str, str]]

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

SYNTAXES = {
    "bash": Syntax.BASH,
    "powershell": Syntax.POWERSHELL,
    "python": Syntax.PYTHON,
    "sh": Syntax.SH,
}
RECORDED = Path(__file__).parents[2].parent / "shared" / "conformance"
_UNREADABLE = "<malformed service message>"


def read_cases() -> list[Case]:
    """The script cases of every file in TREADLE_CONFORMANCE_DIR if that is set.

    Else of those beside this module, and of PowerShell's recorded answers beside the project, where they are.
    """
    if given := os.environ.get("TREADLE_CONFORMANCE_DIR"):
        paths = sorted(Path(given).glob("*.jsonl"))
    else:
        paths = [*sorted(Path(__file__).parent.glob("*.jsonl")), *RECORDED.glob("powershell.jsonl")]
    cases = (case for path in paths for case in _cases_in(path))
    return [case for case in cases if case["language"] in SYNTAXES and "script" in case]


def _cases_in(path: Path) -> Iterator[Case]:
    for line in path.read_text("utf-8").split("\n"):
        if line.strip():
            yield {"language": path.stem, **json.loads(line)}


def request_of(case: Case) -> ScriptRequest:
    return ScriptRequest(
        syntax=SYNTAXES[case["language"]],
        body=case["script"],
        variables=case["variables"],
        parameters=case["parameters"],
        files={name: text.encode() for name, text in case["files"].items()},
        environment={"LANG": "C.UTF-8", **case.get("environment", {})},
        log_environment=False,
    )


@dataclass
class Output:
    """What one stream brought, as the runner understands it."""

    lines: list[Line] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    raw: bytes = b""

    def log(self, level: Level, lines: list[str]) -> None:
        self.lines += [(str(level), _neutral(line).rstrip()) for line in lines]

    def message(self, message: ServiceMessage) -> None:
        attributes = {name: _neutral(value) for name, value in message.attributes.items()}
        self.messages.append((message.name, attributes))

    @property
    def text(self) -> str:
        return _neutral(self.raw.decode("utf-8", "replace"))


@dataclass(frozen=True)
class Outcome:
    stdout: Output
    stderr: Output
    exit_code: int


def run_case(case: Case, container: Container) -> Outcome:
    """Run a case in a waiting container."""
    container.deliver(build_payload(request_of(case)))
    outputs = {stream: Output() for stream in Stream}
    pumps = {stream: OutputPump(Masker(), outputs[stream]) for stream in Stream}
    for stream, chunk in container.output():
        outputs[stream].raw += chunk
        pumps[stream].feed(stream, chunk)
    for pump in pumps.values():
        pump.close()
    return Outcome(outputs[Stream.STDOUT], outputs[Stream.STDERR], container.wait(60).code)


def differences(case: Case, outcome: Outcome) -> list[str]:
    """Where the outcome is not the expected one; empty if it is."""
    expected = case["expected"]
    return [
        *_stdout_differs(expected, outcome.stdout.lines),
        *_messages_differ("messages", expected["messages"], outcome.stdout.messages),
        *_stderr_differs(expected, outcome.stderr),
        *_exit_code_differs(expected["exit_code"], outcome.exit_code),
    ]


def _stdout_differs(expected: Mapping[str, Any], got: Sequence[Line]) -> Iterator[str]:
    if expected["stdout"] == "<any>":
        return
    lines = [(level, _COLOUR.sub("", line).rstrip()) for level, line in got]
    if expected.get("ignore_verbose"):
        lines = [line for line in lines if line[0] != "verbose"]
    yield from _lines_differ("stdout", expected["stdout"], lines)


def _stderr_differs(expected: Mapping[str, Any], stderr: Output) -> Iterator[str]:
    wanted = expected["stderr_contains"]
    if wanted == ["<any>"] and not stderr.text.strip():
        yield "stderr: expected something, got nothing"
    elif not wanted and "stderr" not in expected and any(line for _, line in stderr.lines):
        yield f"stderr: expected nothing, got {stderr.lines}"
    found = " ".join(stderr.text.split())
    for text in wanted:
        if text != "<any>" and " ".join(text.split()) not in found:
            yield f"stderr: expected {text!r} in it, got {stderr.text!r}"
    if "stderr" in expected:
        yield from _lines_differ("stderr", expected["stderr"], stderr.lines)
    if "stderr_messages" in expected:
        yield from _messages_differ("stderr_messages", expected["stderr_messages"], stderr.messages)


def _lines_differ(what: str, expected: Sequence[Sequence[str]], got: Sequence[Line]) -> Iterator[str]:
    wanted = [(level, line.rstrip()) for level, line in expected]
    skipped = list(got)
    while len(skipped) > len(wanted) and skipped[0][0] == "verbose":
        del skipped[0]
    same = len(skipped) == len(wanted) and all(map(_same_line, wanted, skipped))
    if not same:
        yield f"{what}: expected {wanted}, got {list(got)}"


def _same_line(wanted: Line, got: Line) -> bool:
    return wanted[0] == got[0] and (wanted[1] in (got[1], _UNREADABLE))


def _messages_differ(
    what: str, expected: Sequence[tuple[str, Mapping[str, str]]], got: Sequence[Message]
) -> Iterator[str]:
    wanted = [_comparable(*message) for message in expected]
    found = [_comparable(*message) for message in got]
    while len(found) > len(wanted) and found[0][0] == "mask":
        del found[0]
    if wanted != found:
        yield f"{what}: expected {wanted}, got {found}"


def _comparable(name: str, attributes: Mapping[str, str]) -> Message:
    folded = {attribute.lower(): value for attribute, value in attributes.items()}
    if name == "setVariable":
        folded.setdefault("value", "")
    if name == "progress":
        folded.setdefault("message", "")
    if "manifest" in folded:
        folded["manifest"] = folded["manifest"].rstrip("\r\n")
    return name, folded


def _exit_code_differs(expected: int | str, got: int) -> Iterator[str]:
    if got == 0 if expected == "<failure>" else got != expected:
        yield f"exit code: expected {expected}, got {got}"


def _neutral(text: str) -> str:
    return text.replace(WORK_DIR, "<cwd>")
