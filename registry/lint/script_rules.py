"""Rules about scripts. They read lines, not programs: what they find is worth a look, not proven."""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry.lint.rule import Hit, rule
from registry.lint.secrets import SUSPECT, secret_kind
from registry.lint.subject import Script, Subject
from registry.model import Severity

_BASH_FAILS = re.compile(
    r"\bexit\s+(?:[1-9$\"]|-1)|\bset\s+-[a-z]*e|\bset -o errexit|\bfail_step\b|\breturn\s+[1-9$]"
)
# What succeeds whatever it does, or is part of another command: output, assignments, words of the shell.
_BASH_HARMLESS = re.compile(
    r"#|(?:echo|printf|true|:|write_\w+|set_octopusvariable|update_progress|exit(?:\s+0)?\s*$|export|local|declare|readonly"
    r"|set|shopt|function|if|then|else|elif|fi|for|while|until|do|done|case|esac|in|return)\b"
    r"|[\w\[\]]+\+?=(?![\"']?\$\((?!get_octopusvariable))|[{}();]|\w+\s*\(\)|[^\s()]+\)"
)
_BASH_END = re.compile(r"\s*(?:fi|done|esac|\}|\)|;;)?\s*(?:#.*)?")
_BASH_FORGIVEN = re.compile(r"\|\|\s*(?:true|:|echo\b)|;\s*(?:true|:)\s*$|\bexit\s+0\s*$")
_HEREDOC = re.compile(r"(<<-?\s*['\"]?(\w+)['\"]?[^\n]*)\n.*?^\s*\2[ \t]*$", re.DOTALL | re.MULTILINE)
_BASH_CHECKED = re.compile(r"\|\||&&")
_POWERSHELL_FAILS = re.compile(
    r"\bthrow\b|\bexit\s+(?:[1-9$(]|-1)|ErrorActionPreference\s*=\s*[\"']?Stop|-ErrorAction:?\s+[\"']?Stop"
    r"|\bFail-Step\b|\[Environment\]::Exit",
    re.IGNORECASE,
)
# Octopus begins a PowerShell script with "Stop"; only one that says otherwise goes on after an error.
_GOES_ON = re.compile(r"ErrorActionPreference\s*=\s*[\"']?(?:Continue|SilentlyContinue)", re.IGNORECASE)
_SWALLOWED = {
    "PowerShell": re.compile(r"\bcatch\b[^{]*\{\s*\}", re.IGNORECASE),
    "Python": re.compile(r"^\s*except\b[^:]*:\s*(?:\r?\n\s*)?pass\b", re.MULTILINE),
}
_PIPED = re.compile(
    r"(?:curl|wget)\b[^|\n]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b"
    r"|\b(?:iex|Invoke-Expression)\b[^\n]*(?:DownloadString|Invoke-WebRequest|iwr\b|Invoke-RestMethod|irm\b)"
    r"|(?:DownloadString|Invoke-WebRequest|iwr\b)[^\n|]*\|\s*(?:iex|Invoke-Expression)\b",
    re.IGNORECASE,
)
_UNCHECKED = re.compile(
    r"ServerCertificateValidationCallback\s*=\s*\{\s*(?:return\s+)?\$true|-SkipCertificateCheck\b"
    r"|\bcurl\b[^\n|;]*\s(?:-[a-zA-Z]*k\b|--insecure\b)|--no-check-certificate\b|verify\s*=\s*False"
    r"|TrustAllCertsPolicy|_create_unverified_context",
    re.IGNORECASE,
)
_COMMENT = {"Bash": "#", "PowerShell": "#", "Python": "#", "CSharp": "//", "FSharp": "//"}


@rule(
    "secret-in-script",
    Severity.ERROR,
    why="A script is readable by everybody who can read the template, for ever.",
    fix="Take it from a Sensitive parameter, and change the secret if it was a real one.",
)
def _secret_in_script(subject: Subject) -> Iterator[Hit]:
    for script in subject.scripts:
        for line in _code_lines(script, SUSPECT):
            kind = secret_kind(script.lines[line - 1])
            if kind is not None:
                yield Hit(f"this looks like a secret: {kind}", script=script, line=line)


@rule(
    "never-fails",
    Severity.WARNING,
    why="A step is green unless its script ends with another exit code than 0.",
    fix="End with exit code 1 on an error: set -e, exit 1, throw.",
)
def _never_fails(subject: Subject) -> Iterator[Hit]:
    for script in subject.scripts:
        if len(script.lines) > 3 and (but := _forgiven(script)) is not None:
            yield Hit(f"no error fails this {script.syntax} script{but}", script=script)


def _forgiven(script: Script) -> str | None:
    """The end of the sentence that no error fails a script; None where one does."""
    if script.syntax == "Bash" and not _BASH_FAILS.search(script.text):
        lines = [line.strip() for line in _HEREDOC.sub(r"\1", script.text.replace("\\\n", " ")).splitlines()]
        commands = [line for line in lines if line and not _BASH_HARMLESS.match(line)]
        last = next((line for line in reversed(lines) if not _BASH_END.fullmatch(line)), "")
        if not commands or _BASH_HARMLESS.match(last) or _BASH_FORGIVEN.search(last):
            return ""
        unchecked = [line for line in commands if line != last and not _BASH_CHECKED.search(line)]
        return ", but for that of its last command" if unchecked else None
    if script.syntax == "PowerShell" and _GOES_ON.search(script.text):
        return None if _POWERSHELL_FAILS.search(script.text) else ""
    return None


@rule(
    "error-swallowed",
    Severity.WARNING,
    why="What went wrong is neither reported nor fails the step.",
    fix="Log the error, or let it through.",
)
def _error_swallowed(subject: Subject) -> Iterator[Hit]:
    for script in subject.scripts:
        pattern = _SWALLOWED.get(script.syntax)
        for found in pattern.finditer(script.text) if pattern else ():
            line = script.text.count("\n", 0, found.start()) + 1
            yield Hit("an error is caught and forgotten here", script=script, line=line)


@rule(
    "green-after-error",
    Severity.WARNING,
    why="The step is reported as a success although its work was not done.",
    fix="End with another exit code than 0.",
)
def _green_after_error(subject: Subject) -> Iterator[Hit]:
    for script in subject.scripts:
        for found in re.finditer(r"\bcatch\b[^{]*\{[^{}]*?\bexit\s+0\b", script.text, re.IGNORECASE):
            line = script.text.count("\n", 0, found.end()) + 1
            yield Hit("an error ends with exit code 0 here", script=script, line=line)


@rule(
    "download-run-blindly",
    Severity.WARNING,
    why="Whoever can change the download can run anything on the target.",
    fix="Download to a file, check its hash, then run it.",
)
def _download_run_blindly(subject: Subject) -> Iterator[Hit]:
    for script in subject.scripts:
        for line in _code_lines(script, _PIPED):
            yield Hit("a download is run without a look at it", script=script, line=line)


@rule(
    "certificate-not-checked",
    Severity.WARNING,
    why="Whoever is in between can read and change everything.",
    fix="Check certificates, or make it a parameter that is off by default.",
)
def _certificate_not_checked(subject: Subject) -> Iterator[Hit]:
    for script in subject.scripts:
        for line in _code_lines(script, _UNCHECKED):
            yield Hit("the server's certificate isn't checked here", script=script, line=line)


@rule(
    "line-ends",
    Severity.WARNING,
    why="A Bash script with Windows line ends fails outside of Octopus, and a mix makes unreadable differences.",
    fix="Use LF in Bash and Python scripts, and one kind in any.",
    fixable=True,
)
def _line_ends(subject: Subject) -> Iterator[Hit]:
    for script in subject.scripts:
        windows = script.text.count("\r\n")
        if windows and script.syntax in ("Bash", "Python"):
            yield Hit(f"the {script.syntax} script has Windows line ends", script=script)
        elif windows and script.text.count("\n") > windows:
            yield Hit("the script has both kinds of line ends", script=script)


def _code_lines(script: Script, pattern: re.Pattern[str]) -> Iterator[int]:
    """The numbers (from 1) of the lines that hold the pattern and are not comments."""
    if not pattern.search(script.text):
        return
    mark = _COMMENT.get(script.syntax, "#")
    for line, text in enumerate(script.lines, 1):
        if pattern.search(text) and not text.lstrip().startswith(mark):
            yield line
