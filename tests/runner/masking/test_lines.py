"""Masking a log as it comes: in any pieces the same, and without keeping anybody waiting."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.masking.lines import LineMasker
from runner.masking.masker import Masker
from runner.model import Level

TOKEN = "a-very-long-secret-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJKLMNOP"
KEY = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\nshort\n-----END KEY-----\n"
SHORT = "foo\nbar\nbaz\nzoo"
DOCUMENT = '{"user": "me", "list": [1, {"pass": "foobar9"}]}'
SECRETS = [TOKEN, KEY, SHORT, DOCUMENT]
BASIC = base64.encodebytes(f"someone-with-a-name:{TOKEN}".encode()).decode()

PRINTED = [
    "nothing of interest",
    "begin {",
    "f" * 64,
    f"<{TOKEN}>",
    *base64.encodebytes(TOKEN.encode()).decode().splitlines(),
    *f"Authorization: Basic {BASIC}".splitlines(),
    *base64.encodebytes(KEY.encode()).decode().splitlines(),
    *KEY.splitlines(),
    *(f"\x1b[1m{line}\x1b[0m" for line in SHORT.splitlines()),
    *SHORT.splitlines(),
    SHORT.replace("\n", " "),
    *json.dumps(json.loads(DOCUMENT), indent=2).splitlines(),
    json.dumps(json.loads(DOCUMENT), separators=(",", ":")),
    "",
]


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def feed(stream: LineMasker, lines: list[str]) -> list[str]:
    return [line for _, batch in stream.feed(Level.INFO, "\n".join([*lines, ""])) for line in batch]


def overdue(stream: LineMasker) -> list[str]:
    return [line for _, batch in stream.release_overdue() for line in batch]


def closed(stream: LineMasker) -> list[str]:
    return [line for _, batch in stream.close() for line in batch]


def in_pieces(lines: list[str], sizes: list[int]) -> list[str]:
    """The lines masked, fed in pieces of these sizes, the rest at once."""
    stream = LineMasker(Masker(SECRETS), Clock())
    shown: list[str] = []
    for size in sizes:
        if lines[:size]:
            shown += feed(stream, lines[:size])
        lines = lines[size:]
    return [*shown, *(feed(stream, lines) if lines else []), *closed(stream)]


@given(
    st.lists(st.sampled_from(PRINTED), max_size=12) | st.permutations(PRINTED),
    st.lists(st.integers(1, 3), max_size=40),
)
@settings(max_examples=200, deadline=None)
def test_the_pieces_make_no_difference(lines: list[str], sizes: list[int]) -> None:
    assert in_pieces(list(lines), sizes) == in_pieces(list(lines), [])


@pytest.mark.parametrize("sizes", [[], [1] * 60, [2] * 30])
def test_every_form_is_hidden_in_any_pieces(sizes: list[int]) -> None:
    shown = "\n".join(in_pieces(PRINTED, sizes))
    for part in ("secret", "MIIE", "zoo", "baz", "foobar9", BASIC.splitlines()[1][:30]):
        assert part not in shown
    assert [line for line in shown.splitlines() if line in PRINTED[:3]] == PRINTED[:3]


def test_a_line_that_may_begin_a_secret_waits_a_tenth_of_a_second() -> None:
    clock = Clock()
    stream = LineMasker(Masker([DOCUMENT]), clock)
    assert feed(stream, ["one", "begin {"]) == ["one"]
    assert stream.deadline == pytest.approx(1000.1)
    clock.now += 0.09
    assert overdue(stream) == []
    clock.now += 0.02
    assert overdue(stream) == ["begin {"]
    assert stream.deadline is None
    assert feed(stream, ["after"]) == ["after"]


def test_what_comes_later_than_that_is_hidden_all_the_same() -> None:
    clock = Clock()
    stream = LineMasker(Masker([SHORT]), clock)
    assert feed(stream, ["foo"]) == []
    clock.now += 1
    assert overdue(stream) == ["foo"]
    assert feed(stream, ["bar", "baz"]) == []
    assert feed(stream, ["zoo", "end"]) == ["********", "end"]
    assert closed(stream) == []


def test_a_long_beginning_of_a_secret_is_not_shown_however_long_the_rest_takes() -> None:
    clock = Clock()
    stream = LineMasker(Masker([TOKEN]), clock)
    first, second, *_ = BASIC.splitlines()
    assert feed(stream, [f"Basic {first}"]) == []
    clock.now += 1
    [shown] = overdue(stream)
    assert shown.endswith("********")
    assert first[40:] not in shown
    assert "********" not in feed(stream, [second]) + closed(stream)  # one secret, one mask


def test_the_last_line_is_not_waited_for() -> None:
    stream = LineMasker(Masker([SHORT]), Clock())
    assert feed(stream, ["foo"]) == []
    assert closed(stream) == ["foo"]
