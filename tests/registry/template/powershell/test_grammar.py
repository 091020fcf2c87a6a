"""PowerShell parsed under limits."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.template.powershell.grammar import MAX_BYTES, ScriptUnreadError, parse


def _unread_lines(script: str) -> list[int]:
    return sorted({node.start_point[0] + 1 for node in parse(script).nodes(())})


@pytest.mark.parametrize(
    "script",
    [
        "Get-Item a `  \n",
        "f (Get-Item a)`\n  b",
        "function f {\n  [CmdletBinding()]\n  param\n  (\n    [Parameter(Mandatory=$true)]\n    [string]$a\n  )\n}",
        "if ($a –eq 1) { b }",
        "Write-Host “a”",
        "\ufeffWrite-Host\t'a'",
        "if (Test-Path #{Folder}\\a.txt) { b }\r\n",
        "$a = #{if Yes}1#{/if}",
        "a | b\r\nc | d\r\n",
    ],
)
def test_what_powershell_takes_is_read(script: str) -> None:
    assert _unread_lines(script) == []


def test_what_cannot_be_read_is_an_error_at_its_line() -> None:
    assert _unread_lines("Get-Item a\n$x = )\nGet-Item b\n") == [2]


def test_lines_stay_where_they_are() -> None:
    script = "a `  \nb\nf (c)`\n  d\nfunction g {param\n\n(\n$x\n)}\n$last"
    places = {parse(script).text(node): node.start_point[0] + 1 for node in parse(script).nodes({"variable"})}
    assert places == {"$x": 8, "$last": 10}


def test_a_carriage_return_alone_ends_a_line() -> None:
    tree = parse("a\rb\r\nc")
    assert [node.start_point[0] + 1 for node in tree.nodes({"command"})] == [1, 2, 3]


def test_a_script_beyond_the_limit_of_size_is_not_read() -> None:
    with pytest.raises(ScriptUnreadError, match="larger than 256 KB"):
        parse("#" * (MAX_BYTES + 1))


def test_a_script_of_too_many_parts_is_not_read() -> None:
    with pytest.raises(ScriptUnreadError, match="more than 50,000 commands"):
        list(parse("a;" * 60_000).nodes({"command"}))


@pytest.mark.parametrize(
    "part", ["(", "$(", "if(1){", '"$("', "@{a=(", "[a(", "-Web", "{", "a (", "@'\n", "<#", "1+", "#{"]
)
def test_hostile_nesting_costs_seconds_at_most(part: str) -> None:
    began = time.process_time()
    with contextlib.suppress(ScriptUnreadError):
        list(parse(part * (MAX_BYTES // len(part))).nodes({"command"}))
    assert time.process_time() - began < 10


@given(st.text(alphabet="a$(){}[]@\"'`#|;&.:-=,\n \\<>ü\x00", max_size=200))
def test_any_text_gives_a_tree(text: str) -> None:
    list(parse(text).nodes({"command", "string_literal"}))
