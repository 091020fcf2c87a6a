from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import registry.cli
import runner.cli
from registry.cli.columns import cell_width
from registry.cli.output import aligned, log_line, rendered, shorten, style
from tests.conftest import MakeProject
from tests.support.terminal import TREADLE, on_terminal

NASTY = "Evil \x1b[2J\x1b]0;pwned\x07\x1b]52;c;ZXZp\x07\x1bPq\x1b\\ \x9b31m pay\u202eexe\u200b\U000e0041 [red]x[/red]"
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\U000e0000-\U000e0fff]"
)
OURS = re.compile(r"\x1b\[[0-9;]*m")


def seen(text: str, *, colours: bool = True) -> str:
    return rendered(text, colours=colours)


def template(name: str, script: str = "echo hi\n") -> str:
    return json.dumps(
        {
            "Id": "aaaaaaaa-1111-4111-8111-111111111111",
            "Name": name,
            "Description": NASTY,
            "ActionType": "Octopus.Script",
            "Version": 1,
            "Category": "other",
            "Properties": {
                "Octopus.Action.Script.Syntax": "Bash",
                "Octopus.Action.Script.ScriptSource": "Inline",
                "Octopus.Action.Script.ScriptBody": script,
            },
            "Parameters": [{"Id": "b1111111-1111-4111-8111-111111111111", "Name": "A.B", "HelpText": NASTY}],
        }
    )


class TestStyle:
    def test_colours_of_our_own_pass_and_those_in_the_text_do_not(self) -> None:
        assert seen(style("a\x1b[32mb", fg="red", bold=True)) == "\x1b[1;31ma^[[32mb\x1b[0m"
        assert seen(style("a", fg="red"), colours=False) == "a"

    def test_what_looks_like_a_mark_of_ours_is_text(self) -> None:
        assert seen("\x1b[31;1234567890m") == "^[[31;1234567890m"

    def test_markup_is_text(self) -> None:
        assert seen("[red]x[/red]") == "[red]x[/red]"

    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m\x1b[0m"),
            ("\x1b[38;5;8mgrey", "\x1b[38;5;8mgrey\x1b[0m"),
            ("\x1b[38;2;1;2;3mrgb", "\x1b[38;2;1;2;3mrgb\x1b[0m"),
            ("\x1b[8mhidden", "hidden\x1b[0m"),
            ("\x1b[5;31mblink", "\x1b[31mblink\x1b[0m"),
            ("\x1b[2Jcleared\x1b]8;;http://x\x07link", "^[[2Jcleared^[]8;;http://x^Glink"),
            ("50 %\r100 %", "50 %^M100 %"),
            ("\x1b[" + "9" * 5000 + "mx", "^[[" + "9" * 5000 + "mx"),
        ],
    )
    def test_a_log_line_keeps_its_colours_alone(self, line: str, shown: str) -> None:
        assert seen(log_line(line)) == shown

    def test_a_log_line_loses_its_colours_in_a_pipe(self) -> None:
        assert seen(log_line("\x1b[31mred\x1b[0m"), colours=False) == "red"


class TestLayout:
    def test_wide_characters_take_two_columns(self) -> None:
        assert [cell_width(text) for text in ("ab", "日本", "e\u0301", style("ab", fg="red"))] == [2, 4, 1, 2]
        assert aligned([("日本", "x"), ("abcde", "y")]) == ["日本   x", "abcde  y"]

    def test_a_cell_stays_on_its_line(self) -> None:
        assert aligned([("a\nb", "c\td")]) == ["a^Jb  c^Id"]

    def test_on_a_narrow_terminal_the_widest_column_is_cut_and_the_first_never(self) -> None:
        rows = [("a-rather-long-reference", "a long text that says little", "12")]
        assert aligned(rows, width=45) == ["a-rather-long-reference  a long text tha…  12"]
        assert aligned(rows) == ["a-rather-long-reference  a long text that says little  12"]

    def test_shortened_text_is_one_visible_line(self) -> None:
        assert shorten("a\n\x1b b", 20) == "a ^[ b"
        assert shorten("日本日本", 5) == "日本…"


class TestForeignText:
    @pytest.fixture
    def project(self, make_project: MakeProject) -> Path:
        tree = make_project({"evil.json": template(NASTY, f"echo a #\r\x1b[2K{NASTY}\n")})
        # A name with control characters isn't imported, so a source offers it.
        git = ["git", "-C", str(tree.root)]
        subprocess.run(["git", "init", "-q", "-b", "main", str(tree.root)], check=True)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", NASTY.replace("\x00", "")], check=True)
        assert tree.treadle("source", "add", "evil", ".").exit_code == 0
        tree.treadle("source", "sync", "evil")
        return tree.root

    @pytest.mark.parametrize(
        "arguments",
        [
            "search evil",
            "search evil --json",
            "show evil/evil",
            "show evil/evil --versions",
            "show evil/evil --script",
            "show evil/evil --json",
            "show 'evil/\x1b[2Jx'",
            "source list --problems",
            "validate evil.json",
            "lint evil.json",
            "lint evil.json --json",
            "import evil/evil --dry-run -q",
            "import evil/evil --dry-run --json -q",
        ],
    )
    def test_commands_no_terminal_and_deceives_no_reader(self, project: Path, arguments: str) -> None:
        shown = on_terminal(f"{TREADLE} {arguments}", project)
        assert CONTROL.findall(OURS.sub("", shown)) == []
        assert "\x1b[2J" not in shown
        piped = subprocess.run(
            ["sh", "-c", f"{TREADLE} {arguments}"], cwd=project, capture_output=True, text=True
        )
        assert CONTROL.findall(piped.stdout + piped.stderr) == []
        if "--json" in arguments:
            json.loads(piped.stdout)

    def test_a_script_is_shown_as_it_is_and_not_as_it_pretends(self, project: Path) -> None:
        done = subprocess.run(
            [TREADLE, "show", "evil/evil", "--script"], cwd=project, capture_output=True, text=True
        )
        assert done.stdout.startswith("echo a #^M^[[2KEvil ^[[2J^[]0;pwned^G")


def test_every_command_prints_through_the_one_place() -> None:
    """So that text of others is made visible everywhere."""
    bypass = re.compile(
        r"click\.(?:echo|secho|style|prompt|confirm)\b|(?<![.\w])print\(|sys\.std(?:out|err)\.write|\.from_markup"
    )
    for package in (registry.cli, runner.cli):
        for path in Path(package.__path__[0]).glob("*.py"):
            if path != Path(registry.cli.__path__[0]) / "output.py":
                assert bypass.search(path.read_text()) is None, path


def test_json_for_a_stream_that_is_not_utf_8_keeps_every_character(monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.cli.output import print_json

    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace")
    monkeypatch.setattr(sys, "stdout", stream)
    print_json({"name": "Grüße 日本 🚀 \u202e"})
    stream.seek(0)
    assert json.loads(stream.read()) == {"name": "Grüße 日本 🚀 \u202e"}


def test_columns_that_have_to_be_whole_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("run-1", "a long process", "2026-11-28 10:00:00", "12.0 s")]
    assert aligned(rows, right=(3,), whole=(2,), width=42) == ["run-1  a long …  2026-11-28 10:00:00  12.0 s"]
