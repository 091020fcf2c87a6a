"""Patterns from outside: what is too large is refused before it is compiled."""

from __future__ import annotations

import time

import pytest

from registry.text.patterns import PatternError, compile_untrusted


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a" * 10_001, "longer than 10,000 characters"),
        ("(" * 5_000 + ")" * 5_000, "nested more than 100 deep"),
        ("(" * 101 + "a" + ")" * 101, "nested more than 100 deep"),
        ("a{2147483647}", "more than 100,000"),
        ("a{100001}", "more than 100,000"),
        ("a{0,100001}", "more than 100,000"),
        ("a{" + "9" * 5_000 + "}", "more than 100,000"),
        ("((a{100}b){100}c){100}", "more than 100,000"),
        ("(a{400})(?#comment){400}", "more than 100,000"),
        ("(a{400})(?i){400}", "more than 100,000"),
        (r"([\]}]{400}){400}", "more than 100,000"),
        ("[]](a{400}){400}[]", "more than 100,000"),
        ("(a{400}){400}?", "more than 100,000"),
        ("(?x)a{9 9 9 9 9 9 9}", "more than 100,000"),
        ("(?x)(a{400}) {400}", "more than 100,000"),
        ("(?x)a{9#}\n9999999}", "do not go together"),
        ("a{90000}" * 1_000, "more than 100,000"),
        ("(" * 60 + "a" + ")+" * 60, "more than 100,000"),
        ("(", "missing"),
        (r"\p{Nonsense}", "unknown property"),
    ],
)
def test_what_is_too_large_or_not_valid_is_refused_at_once(pattern: str, reason: str) -> None:
    start = time.process_time()
    with pytest.raises(PatternError, match=reason):
        compile_untrusted(pattern)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a{100000}", "a" * 100_000),
        ("(" * 100 + "a" + ")" * 100, "a"),
        (r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}", "10.0.0.1"),
        (r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.){1,10}[a-z]{2,63}", "www.example.org"),
        ("[{}]{2}", "{}"),
        (r"\{a{2}\}", "{aa}"),
        ("(a+b*)+", "aab"),
        ("|".join(f"word{number}" for number in range(1_000)), "word999"),
        ("(?x) a b  # two letters", "ab"),
    ],
)
def test_usual_patterns_are_compiled(pattern: str, text: str) -> None:
    compiled = compile_untrusted(pattern)

    assert compiled.matches(text)
    assert compiled.is_in(f"-{text}-")
    assert not compiled.matches(f"-{text}-")


def test_a_search_ends_after_a_second() -> None:
    with pytest.raises(TimeoutError):
        compile_untrusted("(a|aa)+").matches("a" * 60 + "b")
