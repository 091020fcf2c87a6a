from __future__ import annotations

import pytest

from registry.compatibility.script_reads import script_reads, without_comments


@pytest.mark.parametrize(
    ("syntax", "script", "names"),
    [
        ("Bash", 'x=$(get_octopusvariable "Slack.Hook")', {"Slack.Hook"}),
        ("Bash", "get_octopusvariable 'A b'; get_octopusvariable C | wc -c", {"A b", "C"}),
        ("Bash", 'echo "${octopus_parameters[Site.Host]}" ${octopus_parameters["B"]}', {"Site.Host", "B"}),
        ("Bash", 'curl "$(get_octopusvariable Url)"', {"Url"}),
        ("Bash", "get_octopusvariable \\\n  Url", {"Url"}),
        ("sh", "echo `get_octopusvariable Url`", {"Url"}),
        ("Python", "get_octopusvariable('A'); get_octopusvariable( \"B\" )", {"A", "B"}),
        ("Python", 'octopusvariables["A"]; octopusvariables.get("B", "")', {"A", "B"}),
        ("Bash", "echo nothing", set()),
    ],
)
def test_names_that_are_written_out(syntax: str, script: str, names: set[str]) -> None:
    reads = script_reads(script, syntax)
    assert set(reads.names) == names
    assert not reads.dynamic


@pytest.mark.parametrize(
    ("syntax", "script"),
    [
        ("Bash", 'get_octopusvariable "$1"'),
        ("Bash", 'get_octopusvariable "Slack."$name'),
        ("Bash", "get_octopusvariable Slack.${name}"),
        ("Bash", 'read() { get_octopusvariable "$@"; }'),
        ("Bash", 'for n in "${!octopus_parameters[@]}"; do echo; done'),
        ("sh", 'eval "get_octopusvariable \\$x"'),
        ("Bash", "cat /run/treadle/variables/*"),
        ("Python", "get_octopusvariable(name)"),
        ("Python", 'get_octopusvariable(f"A.{x}")'),
        ("Python", 'get_octopusvariable("A." + x)'),
        ("Python", "for name in octopusvariables: print(name)"),
        ("Python", "read = get_octopusvariable"),
        ("PowerShell", "$OctopusParameters['A']"),
    ],
)
def test_names_that_are_put_together_may_be_any(syntax: str, script: str) -> None:
    assert script_reads(script, syntax).dynamic


def test_comment_lines_are_left_out_and_lines_stay_in_place() -> None:
    assert without_comments("#!/bin/sh\n  # get it\n#{Name}\necho # x") == "#!/bin/sh\n\n#{Name}\necho # x"
