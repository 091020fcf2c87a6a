from __future__ import annotations

from pathlib import Path

from tests.runner.variables.sources.reading import read
from tests.support.problems import refusal


def test_the_value_is_taken_as_it_is(tmp_path: Path) -> None:
    assert read({"env": "SHOP_HOOK"}, tmp_path, {"SHOP_HOOK": "with a line end\n"}) == "with a line end\n"


def test_one_that_is_not_set_is_told(tmp_path: Path) -> None:
    assert refusal(lambda: read({"env": "NOT_SET_AT_ALL"}, tmp_path)) == [
        'the environment variable "NOT_SET_AT_ALL" is not set [environment-variable]'
        " > Set it with `export NOT_SET_AT_ALL=...`."
    ]


def test_what_is_not_utf8_is_refused(tmp_path: Path) -> None:
    assert refusal(lambda: read({"env": "PW"}, tmp_path, {"PW": "s\udce9cret12"})) == [
        'the environment variable "PW" is not UTF-8 text [variable-encoding]'
        " > Set it to text in UTF-8, or to the base64 of its bytes."
    ]
