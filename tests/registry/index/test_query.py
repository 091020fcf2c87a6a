"""What the words of a search look for."""

from __future__ import annotations

import pytest

from registry.index.query import match_expression, query_words, slip_count


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        ("slack", '("slack" *)'),
        ("Send-Mail", '("send" *) AND ("mail" *)'),
        ("k8s", '("k8s" * OR "kubernetes" *)'),
        ("kubernetes", '("k8s" OR "kubernetes" *)'),
        ("google cloud run", '("gcp" OR "google cloud" *) AND ("run" *)'),
        ("google", '("google" *)'),
        ("", ""),
    ],
)
def test_words_stand_for_their_synonyms(query: str, expression: str) -> None:
    assert match_expression(query_words(query)) == expression


@pytest.mark.parametrize(
    ("one", "two", "slips"),
    [
        ("slack", "slack", 0),
        ("slakc", "slack", 1),
        ("slck", "slack", 1),
        ("slackk", "slack", 1),
        ("slick", "slack", 1),
        ("kuberntees", "kubernetes", 1),
        ("", "ab", 2),
        ("windwso", "windows", 2),
    ],
)
def test_slips_are_counted(one: str, two: str, slips: int) -> None:
    assert slip_count(one, two, 2) == slips
    assert slip_count(two, one, 2) == slips


def test_words_far_apart_are_more_than_was_asked() -> None:
    assert slip_count("slack", "docker", 2) > 2
    assert slip_count("a", "abcdef", 2) > 2
