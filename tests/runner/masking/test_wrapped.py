"""Secrets that a formatter has broken into pieces: cells of tables, wrapped lines, errors behind a bar."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.masking.lines import PATIENCE, LineMasker
from runner.masking.masker import Masker
from runner.model import Level

SECRET = "Canary-0123456789-abcdefghij"


def masked(text: str, *secrets: str) -> str:
    return Masker(secrets or (SECRET,)).mask_text(text.removesuffix("\n"))


def table(width: int, before: str, after: str) -> str:
    """The secret in a column of that width, between two others."""
    pieces = [SECRET[at : at + width] for at in range(0, len(SECRET), width)]
    rows = [f"{before} {pieces[0]:{width}} {after}"]
    rows += [f"{'':{len(before)}} {piece:{width}} {after}".rstrip() for piece in pieces[1:]]
    return "\n".join(rows) + "\n"


def test_a_secret_in_a_column_is_hidden_piece_by_piece() -> None:
    wrapped = "a     Canary-012 more\n      3456789-ab words\n      cdefghij   !\n"
    assert masked(wrapped) == "a     ******** more\n      ******** words\n      ********   !"


@given(
    st.integers(6, 27), st.text("abc é", min_size=1, max_size=8), st.sampled_from(["", "x", "other words"])
)
def test_columns_of_any_width_hide_it(width: int, before: str, after: str) -> None:
    result = masked(table(width, before, after))
    pieces = [SECRET[at : at + width] for at in range(0, len(SECRET), width)]
    assert not [piece for piece in pieces if len(piece) >= 6 and piece in result], result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("token=Canary-01234\n56789-abcdefghij end\n", "token=********\n******** end"),
        (
            "Write-Error:\n     | it is Canary-01234\n     | 56789-abcdefghij now\n",
            "Write-Error:\n     | it is ********\n     | ******** now",
        ),
        ("Value : Canary-01\n        23456789-abcdefghij\n", "Value : ********\n        ********"),
        ("Canary-01\n", "Canary-01"),
        ("Canary-0123 45\nnothing\n", "Canary-0123 45\nnothing"),
        ("xCanary-0123456\n", "xCanary-0123456"),
    ],
)
def test_lines_that_are_wrapped_hide_it(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_the_lines_of_a_secret_are_found_in_pieces_too() -> None:
    lines = "first-line-of-it\nsecond-line-of-it"
    assert masked("x first-line\n  -of-it\n", lines) == "x ********\n  ********"


def stream(chunks: list[str], later: float = 0.0) -> list[str]:
    """The lines that come out, with so much time between two chunks."""
    now = [0.0]
    masker = LineMasker(Masker([SECRET]), lambda: now[0])
    out: list[str] = []
    for chunk in chunks:
        out += (line for _, lines in masker.feed(Level.INFO, chunk) for line in lines)
        now[0] += later
        out += (line for _, lines in masker.release_overdue() for line in lines)
    return out + [line for _, lines in masker.close() for line in lines]


@given(st.sets(st.integers(1, 2)))
def test_it_is_hidden_however_the_lines_arrive(cuts: set[int]) -> None:
    lines = ["a     Canary-012 more\n", "      3456789-ab words\n", "      cdefghij   !\n"]
    ends = [0, *sorted(cuts), 3]
    chunks = ["".join(lines[start:end]) for start, end in pairwise(ends)]
    assert stream(chunks) == ["a     ******** more", "      ******** words", "      ********   !"]


def test_a_beginning_is_shown_when_nothing_follows_in_time() -> None:
    """It may be the common beginning of many addresses."""
    assert stream(["see Canary-01\n", "other\n"], later=2 * PATIENCE) == ["see Canary-01", "other"]


def test_many_secrets_are_found() -> None:
    secrets = [f"{number:06}-secret-number" for number in range(2000)]
    masker = Masker()
    for secret in secrets:
        masker.add(secret)
        masker.finder()
    assert masker.mask_text("a 000017-secret\n  -number b\nc 001999-sec d\n  ret-number e") == (
        "a ********\n  ******** b\nc ******** d\n  ******** e"
    )
