"""`treadle completion SHELL`, and the answers to a shell that completes.

The scripts are our own where click's fall short: its bash script leaves blanks unquoted, its fish script cuts a
description at its first comma, and for PowerShell it has none.
"""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import pairwise
from typing import ClassVar

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete
from click.shell_completion import split_arg_string as words_of

from registry.cli.output import echo

_VARIABLE = "_TREADLE_COMPLETE"

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' answer line kind value
    answer=$(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1")
    COMPREPLY=()
    for line in $answer; do
        kind=${line%%%%,*}
        value=${line#*,}
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            prefix) compopt -o nospace; COMPREPLY+=("$value") ;;
            *) COMPREPLY+=("$(printf '%%q' "$value")") ;;
        esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_FISH = """\
function %(complete_func)s
    set -lx %(complete_var)s fish_complete
    set -lx COMP_WORDS (commandline -cp)
    set -lx COMP_CWORD (commandline -t)
    set -l answer (%(prog_name)s)
    for line in $answer
        set -l parts (string split --max 1 "," -- $line)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case '*'
                echo $parts[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""
_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($word, $line, $position)
    $env:COMP_WORDS = $line.ToString().PadRight($position).Substring(0, $position)
    $env:COMP_CWORD = $word
    $env:%(complete_var)s = "powershell_complete"
    try {
        %(prog_name)s | ForEach-Object {
            $kind, $value, $help = $_ -split "`t", 3
            if ($kind -eq "file" -or $kind -eq "dir") {
                [System.Management.Automation.CompletionCompleters]::CompleteFilename($word)
            } else {
                if (-not $help) { $help = $value }
                $quoted = if ($value -match "[\\s'@()]") { "'" + $value.Replace("'", "''") + "'" } else { $value }
                [System.Management.Automation.CompletionResult]::new($quoted, $value, "ParameterValue", $help)
            }
        }
    } finally {
        Remove-Item Env:COMP_WORDS, Env:COMP_CWORD, Env:%(complete_var)s -ErrorAction SilentlyContinue
    }
}
"""


class _Bash(BashComplete):
    source_template = _BASH

    @staticmethod
    def _check_version() -> None:
        """Older ones complete as well; asking bash for its version costs a process."""


class _Fish(FishComplete):
    source_template = _FISH

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{item.value}\t{item.help}" if item.help else f"{item.type},{item.value}"


class _Zsh(ZshComplete):
    """As click does it."""

    def format_completion(self, item: CompletionItem) -> str:
        kind = "plain" if item.type == "prefix" else item.type
        return f"{kind}\n{str(item.value).replace(':', chr(92) + ':')}\n{item.help or '_'}"


class _PowerShell(ShellComplete):
    name: ClassVar[str] = "powershell"
    source_template: ClassVar[str] = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        words, typed = words_of(os.environ["COMP_WORDS"])[1:], os.environ["COMP_CWORD"]
        return (words[:-1] if typed and words else words), typed.strip("'\"")

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type}\t{item.value}\t{item.help or ''}"


_SHELLS: dict[str, type[ShellComplete]] = {
    "bash": _Bash,
    "zsh": _Zsh,
    "fish": _Fish,
    "powershell": _PowerShell,
}


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    It completes commands, options, processes, environments, targets, steps, templates, sources and runs.

    \b
    Put it where your shell looks for completions, or evaluate it:
      eval "$(treadle completion bash)"
      treadle completion fish > ~/.config/fish/completions/treadle.fish
      treadle completion powershell | Out-String | Invoke-Expression
    """
    echo(_SHELLS[shell](ctx.find_root().command, {}, "treadle", _VARIABLE).source(), end="")


def complete(command: click.Command) -> int:
    """Answer the shell that asks by `_TREADLE_COMPLETE`; the exit code."""
    shell, _, request = os.environ[_VARIABLE].partition("_")
    if shell not in _SHELLS or request != "complete":
        return 1
    words = words_of(os.environ.get("COMP_WORDS", ""))
    for option, folder in pairwise(words):
        if option == "-C":
            with suppress(OSError):
                os.chdir(folder)
    answer = _SHELLS[shell](command, {}, "treadle", _VARIABLE).complete()
    if answer:
        echo(answer)
    return 0
