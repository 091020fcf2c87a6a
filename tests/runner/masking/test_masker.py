from __future__ import annotations

import base64
import json
import threading
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.masking import masker as masking
from runner.masking.lines import LineMasker
from runner.masking.masker import Masker
from runner.masking.patterns import Pattern, patterns_of
from runner.model import MASK, Level

LINES = st.lists(st.text(alphabet="abx", max_size=7), min_size=1, max_size=12)
SECRETS = st.lists(st.text(alphabet="ab\n", min_size=4, max_size=12), max_size=4)


def masker(*secrets: str) -> Masker:
    result = Masker()
    for secret in secrets:
        result.add(secret)
    return result


def mask(lines: list[str], secrets: list[str], batches: list[int] | None = None) -> list[str]:
    """`lines` fed in batches of these sizes, the last size for the rest."""
    stream = LineMasker(masker(*secrets))
    result: list[str] = []
    sizes = iter(batches or [])
    while lines:
        size = next(sizes, len(lines))
        batch, lines = lines[:size], lines[size:]
        for _, masked in stream.feed(Level.INFO, "".join(f"{line}\n" for line in batch)):
            result += masked
    for _, masked in stream.close():
        result += masked
    return result


@pytest.mark.parametrize(
    ("secrets", "text", "expected"),
    [
        (["abc"], "abc", "abc"),
        (["abcd"], "xabcdx", "x********x"),
        (["abcd"], "ABCD", "ABCD"),
        (["    "], "a    b", "a    b"),
        (["abcd"], "abcdabcd", "****************"),
        (["abcd", "cdef"], "abcdef", "********"),
        (["abcd", "efgh"], "abcdefgh", "****************"),
        (["abab"], "xabababx", "x********x"),
        (["abab"], "abababab", "********"),
        (["abcd", "abcdefgh"], "abcdefgh abcdef", "******** ********ef"),
        (["abcd", "bc", "bcde"], "abcde", "********"),
        ([".*+?", "(a|b"], "x.*+?(a|b", "x****************"),
        (["a\\b$c"], r"a\b$c", "********"),
        (["pässword"], "ein pässword!", "ein ********!"),
    ],
)
def test_hits_in_a_line(secrets: list[str], text: str, expected: str) -> None:
    assert masker(*secrets).mask_text(text) == expected
    assert mask([text], secrets) == [expected]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["x=alpha", "bravo42"], ["x=********"]),
        (["x=alpha", "bravo42 y"], ["x=********", "******** y"]),
        (["alpha", "bravo42"], ["********"]),
        (["alphabravo42"], ["********"]),
        (["al", "", "pha", "bravo", "42", ""], ["********", ""]),
        (["alpha", "bravo43"], ["alpha", "bravo43"]),
        (["alpha"], ["alpha"]),
        (["alpha", "alpha", "bravo42"], ["alpha", "********"]),
        (["alpha", "bravo42alpha", "bravo42"], ["********", "****************"]),
        (["x", "bravo42"], ["x", "bravo42"]),
    ],
)
def test_hits_over_lines(lines: list[str], expected: list[str]) -> None:
    for secret in ("alpha\nbravo42", "alpha\r\nbravo42", "\nalpha\r\rbravo42\n"):
        assert mask(lines, [secret]) == expected
        assert mask(lines, [secret], [1] * len(lines)) == expected


def test_lines_are_held_back_only_while_a_match_is_possible() -> None:
    stream = LineMasker(masker("alpha\nbravo42"))
    assert list(stream.feed(Level.INFO, "one\nal\n")) == [(Level.INFO, ["one"])]
    assert list(stream.feed(Level.WARNING, "pha\n")) == []
    assert list(stream.feed(Level.INFO, "no\n")) == [
        (Level.INFO, ["al"]),
        (Level.WARNING, ["pha"]),
        (Level.INFO, ["no"]),
    ]
    assert list(stream.feed(Level.INFO, "alpha\n")) == []
    assert list(stream.close()) == [(Level.INFO, ["alpha"])]


def test_an_endless_chain_of_hits_is_not_held_back() -> None:
    stream = LineMasker(masker("ab\nab"))
    shown = [batch for _ in range(1000) for batch in stream.feed(Level.INFO, "ab\n")]
    assert shown == [(Level.INFO, ["********"])]
    assert len(stream._held) == 1


def test_each_long_line_of_a_secret_is_one_itself() -> None:
    secret = "-----BEGIN KEY-----\nshort\nMIIEpAIBAAKCAQEA\n-----END KEY-----\n"
    assert mask(["key MIIEpAIBAAKCAQEA, short"], [secret]) == ["key ********, short"]
    assert mask(secret.split("\n"), [secret]) == ["********", ""]


@given(LINES, SECRETS, st.lists(st.integers(1, 3)))
@settings(max_examples=400)
def test_batches_make_no_difference(lines: list[str], secrets: list[str], batches: list[int]) -> None:
    assert mask(lines, secrets, batches) == mask(lines, secrets)


@given(LINES, SECRETS)
@settings(max_examples=400)
def test_hides_exactly_the_characters_of_complete_matches(lines: list[str], secrets: list[str]) -> None:
    joined = "".join(lines)
    hidden = [False] * len(joined)
    for secret in secrets:
        flat = secret.replace("\n", "")
        needles = [(flat, "\n" in secret.strip("\n"))] + [
            (line, False) for line in secret.split("\n") if len(line) >= 8
        ]
        for needle, spans_lines in needles:
            if len(needle) < 4:
                continue
            for start in range(len(joined) - len(needle) + 1):
                if joined.startswith(needle, start) and (
                    spans_lines or in_one_line(lines, start, len(needle))
                ):
                    hidden[start : start + len(needle)] = [True] * len(needle)
    shown = "".join(c for c, is_hidden in zip(joined, hidden, strict=True) if not is_hidden)
    assert "".join(mask(lines, secrets)).replace("*", "") == shown


def in_one_line(lines: list[str], start: int, length: int) -> bool:
    for line in lines:
        if start < len(line):
            return start + length <= len(line)
        start -= len(line)
    return False


@pytest.mark.parametrize(
    "secret", ["correct horse/battery+staple?", 'quo"te\\back\tslash', "zwölf Boxkämpfer & 1 €"]
)
def test_encoded_forms(secret: str) -> None:
    mask = masker(secret).mask_text
    assert mask(quote(secret, safe="")) == "********"
    assert mask(quote(secret)) == "********"
    assert mask(f"[{json.dumps(secret)}]") == '["********"]'
    assert mask(json.dumps(secret, ensure_ascii=False)) == '"********"'


@given(
    st.binary(max_size=7),
    st.text(min_size=9).filter(lambda text: len(text.split()) > 0),
    st.binary(max_size=7),
)
def test_base64_of_any_text_with_the_secret_in_it(before: bytes, secret: str, after: bytes) -> None:
    data = secret.encode("utf-8", "replace")
    masked = masker(data.decode()).mask_text
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        shown = masked(encode(before + data + after).decode())
        if len(secret.replace("\r", "").replace("\n", "")) >= 4:
            assert "********" in shown
            for position in range(len(data) - 6):
                assert encode(data[position : position + 6]).decode() not in shown


def test_a_cut_line_does_not_show_the_beginning_of_a_secret() -> None:
    secrets = masker("hunter2hunter2", "two\nlines")
    assert secrets.mask_cut("pass hunter2hun") == "pass ********"
    assert secrets.mask_cut("twoli") == "********"
    assert secrets.mask_cut("pass") == "pass"


def test_ten_thousand_secrets() -> None:
    secrets = masker(*(f"{n * 7919 % 99991:05}-Xy-{n}" for n in range(10_000)))
    line = f"{4711 * 7919 % 99991:05}-Xy-4711 and not 12345-Xz-1"
    assert secrets.mask_text(line).startswith("********")
    assert secrets.mask_text(line).endswith(" and not 12345-Xz-1")


def test_one_secret_after_the_other() -> None:
    secrets = Masker()
    for n in range(2000):
        secrets.add(f"secret number {n}.")
        assert secrets.mask_text(f"<secret number {n}.>") == "<********>"


def test_many_threads_add_and_mask() -> None:
    secrets = Masker()
    shown: list[str] = []

    def work(number: int) -> None:
        for n in range(200):
            secrets.add(f"secret-{number}-{n}!")
            shown.append(secrets.mask_text(f"secret-{number}-{n}!"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown == ["********"] * 1600


def test_a_secret_hides_even_while_another_thread_takes_it_in(monkeypatch: pytest.MonkeyPatch) -> None:
    taking_in = threading.Event()

    def slow_patterns(secret: str) -> list[Pattern]:
        taking_in.set()
        time.sleep(0.1)
        return list(patterns_of(secret))

    monkeypatch.setattr(masking, "patterns_of", slow_patterns)
    secrets = masker("hunter2")
    other = threading.Thread(target=secrets.mask_text, args=("x",))
    other.start()
    taking_in.wait()
    assert secrets.mask_text("hunter2") == "********"
    other.join()


def test_text_without_hits_stays_as_it_is() -> None:
    assert masker("secret").mask_text("a\r\nb\rc") == "a\r\nb\rc"
    assert masker("secret", "two\nlines").mask_text("a\r\nsecret\rtwo\r\nlines") == "a\n********\n********"


@pytest.mark.parametrize(
    "secret", ["''''''", "'a'b'c'", "- - - -", "\\\\\\\\", "\x01\x02\x03\x04", "'''a\n'''b"]
)
def test_a_secret_of_hardly_more_than_quotes_and_blanks_is_hidden(secret: str) -> None:
    assert masker(secret).mask_text(f"<{secret}>") in ("<********>", "<********\n********>")
    assert masker(secret).mask_text("<plain text>") == "<plain text>"


def test_a_value_that_is_not_text_is_hidden_as_programs_print_it() -> None:
    secrets = masker("s\udce9cret12", "s\ud800cret34")
    assert secrets.mask_text("s\ufffdcret12 s\ufffdcret34") == "******** ********"


def test_secrets_that_repeat_themselves_take_time_in_proportion_to_the_text() -> None:
    several = masker("a" * 20, "aaaa", "a" * 3000, "ab" * 40)

    def seconds(size: int) -> float:
        text = "a" * size
        started = time.process_time()
        hidden = several.mask_text(text)
        assert hidden == MASK
        return time.process_time() - started

    seconds(1_000)
    small, large = (min(seconds(size) for _ in range(3)) for size in (10_000, 80_000))
    assert large < 8 * small * 3
