"""What a script uses, and when it does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.template.powershell.grammar import ScriptUnreadError
from registry.template.powershell.parsed import Command, Mention, Reach
from registry.template.powershell.script import read_script


def _commands(text: str) -> dict[str, Reach]:
    return {command.name: command.reach for command in read_script(text).commands}


def test_a_command_with_its_parameters_and_arguments() -> None:
    (command,) = read_script("\nCopy-Item 'a b' -Destination:c -Force $d").commands
    assert command == Command(
        "Copy-Item", 2, Reach.ALWAYS, parameters=(("Destination", "c"), ("Force", "$d")), arguments=("a b",)
    )
    assert command.value("destination") == "c"
    assert command.value("path") == "a b"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a | b; c && d", ["a", "b", "c", "d"]),
        ('"x $(a (b)) y"', ["a", "b"]),
        ('@"\n$(a)\n"@', ["a"]),
        ("@{x = a}; @(b); {c}", ["a", "b", "c"]),
        ("& 'C:\\a b\\c.exe' d", ["C:\\a b\\c.exe"]),
        (". ./a.ps1", ["./a.ps1"]),
        ("Microsoft.PowerShell.Utility\\Write-Host x", ["Write-Host"]),
        ("# a\n<# b #>\n'c'; \"d\"", []),
        ("$x = a; return b", ["a", "b"]),
        ("try { a } catch { b } finally { c }", ["a", "b", "c"]),
    ],
)
def test_commands_wherever_they_stand(text: str, names: list[str]) -> None:
    assert [command.name for command in read_script(text).commands] == names


def test_a_command_that_a_variable_names() -> None:
    script = read_script("$tool = Join-Path $folder 'a.exe'\n& $tool x")
    assert script.commands[-1].target == "$tool"
    assert [mention.text for mention in script.values["tool"]] == ["a.exe"]


def test_conditions_on_the_system_are_told_from_others() -> None:
    assert _commands("a; if ($x) { b } else { c }\nif ($IsWindows) { d } elseif ($y) { e } else { f }") == {
        "a": Reach.ALWAYS,
        "b": Reach.BRANCH,
        "c": Reach.BRANCH,
        "d": Reach.PLATFORM,
        "e": Reach.PLATFORM,
        "f": Reach.PLATFORM,
    }


def test_a_loop_runs_and_a_handler_of_errors_may() -> None:
    assert _commands("foreach ($x in $y) { a }\ntry { b } catch { c }\nswitch ($x) { 1 { d } }") == {
        "a": Reach.ALWAYS,
        "b": Reach.ALWAYS,
        "c": Reach.BRANCH,
        "d": Reach.BRANCH,
    }


def test_functions_that_nothing_calls_never_run() -> None:
    text = "function A { a; B }\nfunction B { b }\nfunction C { c }\nfunction D { d }\nA\nRetry ${function:C}"
    found = _commands(text)
    assert (found["a"], found["b"], found["c"]) == (Reach.ALWAYS,) * 3
    assert found["d"] is Reach.UNCALLED
    assert read_script(text).functions == {"a", "b", "c", "d"}


def test_types_members_variables_and_texts() -> None:
    script = read_script(
        "[Collections.Generic.List[IO.FileInfo]]$x = New-Object -TypeName Net.WebClient\n"
        "[Net.SecurityProtocolType]::Ssl3\n"
        '"${env:ProgramFiles(x86)}\\a"; $env:windir\n'
    )
    assert [mention.text for mention in script.types] == [
        "Collections.Generic.List", "IO.FileInfo", "Net.WebClient", "Net.SecurityProtocolType",
    ]  # fmt: skip
    assert script.members == (Mention("Ssl3", 2, Reach.ALWAYS),)
    assert [mention.text for mention in script.environment] == ["ProgramFiles(x86)", "windir"]


def test_what_is_said_to_people_is_not_used() -> None:
    script = read_script('Write-Host "HKLM:\\a $(Get-Item HKCU:\\b)"; throw "no HKLM:\\c"')
    assert [mention.text for mention in script.texts] == []
    assert [command.name for command in script.commands] == ["Write-Host", "Get-Item"]


def test_demands_of_a_script() -> None:
    script = read_script("#Requires -Modules A, B\nusing module C\n$x = 1\n#requires -PSEdition Desktop\n")
    assert [mention.text for mention in script.required] == [
        "-Modules A, B",
        "-Modules C",
        "-PSEdition Desktop",
    ]


def test_variables_set_to_a_value_of_the_step() -> None:
    assert read_script('$a = $OctopusParameters["A"]\n$b = $OctopusParameters["B"] + "x"').inputs == {"a"}


def test_errors_and_their_share() -> None:
    script = read_script("Get-Item a\n$x = )\n")
    assert [error.line for error in script.errors] == [2]
    assert 0 < script.unread < 0.5
    assert read_script("(" * 100).unread == 1


@given(st.text(alphabet="aif$(){}[]@\"'`#|;&.:-=, \n\\function", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        script = read_script(text)
    except ScriptUnreadError:
        return
    lines = text.count("\n") + 1
    assert all(1 <= command.line <= lines for command in script.commands)
    assert 0 <= script.unread <= 1
