from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from registry.cli.columns import cell_width, fold, rows_of
from registry.cli.output import rendered, style
from tests.conftest import MakeProject
from tests.support.terminal import TREADLE, on_terminal

LONG = "Sends " + "one word after another " * 8 + "to the end"


def test_a_line_is_broken_between_words() -> None:
    assert fold("one two three four five six", "  ", 24) == "one two three four five\n  six"


def test_a_word_that_is_too_long_stays_whole_unless_it_may_be_torn() -> None:
    word = "x" * 40
    assert fold(f"a {word} b", "    ", 24) == f"a\n    {word}\n    b"
    assert fold(f"a {word}", "    ", 24, tear=True) == f"a {'x' * 19}\n    {'x' * 20}\n    x"


def test_a_command_in_backticks_stays_on_one_line() -> None:
    assert fold("Then run `treadle source sync --again`.", "  ", 24) == (
        "Then run\n  `treadle source sync --again`."
    )


def test_colours_take_no_room_and_stay_whole() -> None:
    line = style("red " * 5, fg="red") + style("y" * 50, fg="green")
    lines = [rendered(line, colours=False) for line in fold(line, "", 24, tear=True).split("\n")]
    assert [len(line) for line in lines] == [19, 23, 24, 3]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])), st.integers(20, 60))
def test_nothing_but_blanks_is_lost_and_nothing_is_wider(text: str, width: int) -> None:
    folded = fold(text, "", width, tear=True)
    assert re.sub(r"[ \n]", "", folded) == text.replace(" ", "")
    assert all(cell_width(line.rstrip(" ")) <= width for line in folded.split("\n"))


def test_rows_are_counted_as_the_terminal_breaks_lines() -> None:
    assert rows_of("short\n\n" + "x" * 81 + "\n\x1b[31m" + "x" * 80 + "\x1b[0m\n", 80) == 5


def test_no_word_is_torn_on_a_narrow_terminal(make_project: MakeProject) -> None:
    project = make_project({"treadle.yaml": {"environments": {"Test": {}, "a long name of a place": {}}}})
    home = {"TREADLE_HOME": str(project.home)}
    for command in (
        "show builtin/http-request",
        "search http",
        "show nope/nope",
        "plan nope -e Test",
        "run x --nope",
        "lint --rules",
        "source list",
    ):
        seen = on_terminal(f"{TREADLE} {command}", project.root, 60, home)
        for line in re.sub(r"\x1b\[[0-9;]*m", "", seen).splitlines():
            words = line.split()
            assert cell_width(line) <= 60 or len(words) == 1 or "`" in line, (command, line)
