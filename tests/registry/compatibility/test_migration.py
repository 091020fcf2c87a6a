"""Which version to update to, and what becomes of the values that a step gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from registry.compatibility.compare import compare
from registry.compatibility.migration import (
    ParameterValues,
    ValueMigration,
    choose_version,
    explain_migration,
    merge_values,
)
from registry.model import ControlType, Parameter, StepTemplate, VersionInfo
from tests.support.histories import version_histories
from tests.support.library import CommunityLibrary

URL, TEXT = Parameter("Url", id="1"), Parameter("Text", id="2", default="hello")
KEY = Parameter("Key", id="3", control=ControlType.SENSITIVE)
COLOR = Parameter("Color", id="4", control=ControlType.SELECT, options=(("red", "Red"), ("blue", "Blue")))


def _version(number: int, date: str | None = "2024-01-01T00:00:00+00:00", blob: str = "") -> VersionInfo:
    return VersionInfo(number, "x", blob or f"b{number}", None, None, date, ())


def _choice(versions: list[VersionInfo], version: int, blob: str, until: str | None = None) -> object:
    choice = choose_version(versions, version, blob, datetime.fromisoformat(until) if until else None)
    return tuple(item.version if item else None for item in (choice.target, choice.held_back))


def test_the_newest_version_is_chosen() -> None:
    versions = [_version(5), _version(3), _version(2)]
    assert _choice(versions, 2, "b2") == (5, None)
    assert _choice(versions, 5, "b5") == (None, None)


def test_fresh_versions_are_held_back_and_older_ones_are_not() -> None:
    versions = [_version(5, "2024-03-09T12:00:00+02:00"), _version(3), _version(2)]
    assert _choice(versions, 2, "b2", "2024-03-02T00:00:00+00:00") == (3, 5)
    assert _choice(versions, 3, "b3", "2024-03-02T00:00:00+00:00") == (None, 5)
    assert _choice(versions, 2, "b2", "2024-03-09T10:00:00+00:00") == (5, None)
    assert _choice([_version(2, None), _version(1)], 1, "b1", "2020-01-01T00:00:00+00:00") == (2, None)


def test_numbers_that_went_down_and_contents_that_changed_under_one_number_are_newer() -> None:
    assert _choice([_version(4), _version(9), _version(8)], 9, "b9") == (4, None)
    assert _choice([_version(2), _version(1)], 2, "other") == (2, None)
    assert _choice([_version(3), _version(2), _version(1)], 2, "other") == (3, None)


def test_a_draft_that_never_reached_the_main_line_has_the_greater_numbers_before_it() -> None:
    assert _choice([_version(5), _version(2)], 3, "draft") == (5, None)
    assert _choice([_version(2)], 3, "draft") == (None, None)


def _template(*parameters: Parameter) -> StepTemplate:
    return StepTemplate("id", "name", 1, "Octopus.Script", parameters=parameters)


def _merge(
    old: tuple[Parameter, ...],
    new: tuple[Parameter, ...],
    values: ParameterValues,
    given: dict[str, str] | None = None,
) -> ValueMigration:
    def complain(parameter: Parameter, value: str) -> str | None:
        return "it must be a number" if parameter.minimum is not None and not value.isdigit() else None

    return merge_values(_template(*old), _template(*new), values, given or {}, complain)


def test_what_stays_stays() -> None:
    merge = _merge((URL, TEXT), (TEXT, URL), {"Url": "u", "Text": None})
    assert merge == ValueMigration()
    assert merge.complete
    assert merge.apply({"Url": "u", "Text": None}) == {"Url": "u", "Text": None}


def test_a_renamed_parameter_takes_its_value_along() -> None:
    merge = _merge((URL, TEXT), (replace(URL, name="Address"), TEXT), {"Url": "u"})
    assert (merge.renamed, merge.complete) == ({"Url": "Address"}, True)
    assert merge.apply({"Url": "u"}) == {"Address": "u"}
    assert _merge((URL,), (replace(URL, name="URL"),), {"Url": "u"}).renamed == {"Url": "URL"}


def test_a_removed_parameter_loses_its_value() -> None:
    merge = _merge((URL, TEXT), (URL,), {"Url": "u", "Text": "t"})
    assert (merge.dropped, merge.complete) == (("Text",), True)
    assert merge.apply({"Url": "u", "Text": "t"}) == {"Url": "u"}


QUESTIONS = [
    pytest.param((URL, TEXT), {}, "Text: has no default any more (hello)", False, id="default gone"),
    pytest.param(
        (replace(URL, required=True), TEXT), {}, "Url: must be given now (None)", False, id="required"
    ),
    pytest.param((URL, TEXT, KEY), {}, "Key: is new and has no default (None)", False, id="new"),
    pytest.param(
        (replace(URL, control=ControlType.MULTI_LINE), TEXT),
        {"Url": "u"},
        "Url: was SingleLineText and is MultiLineText (u)",
        True,
        id="control",
    ),
    pytest.param(
        (replace(URL, control=ControlType.SENSITIVE), TEXT),
        {"Url": "u"},
        "Url: is a secret now, and its value stands in clear (u)",
        True,
        id="secret",
    ),
    pytest.param(
        (replace(URL, minimum=1), TEXT), {"Url": "u"}, "Url: it must be a number (u)", True, id="limits"
    ),
]


@pytest.mark.parametrize(("new", "values", "question", "conflict"), QUESTIONS)
def test_what_a_person_must_decide_is_asked(
    new: tuple[Parameter, ...], values: ParameterValues, question: str, conflict: bool
) -> None:
    if "no default any more" in question:
        new = (URL, replace(TEXT, default=None))
    (found,) = _merge((URL, TEXT), new, values).questions
    assert f"{found.parameter.name}: {found.reason} ({found.proposed})" == question
    assert found.conflict is conflict
    answered = _merge((URL, TEXT), new, values, {found.parameter.name: "5"})
    assert answered.complete
    assert answered.apply(values)[found.parameter.name] == "5"


def test_an_option_that_is_gone_is_a_conflict_only_where_it_was_chosen() -> None:
    fewer = replace(COLOR, options=COLOR.options[:1])
    (found,) = _merge((COLOR,), (fewer,), {"Color": "blue"}).questions
    assert (found.reason, found.proposed, found.conflict) == ("no longer offers this value", "blue", True)
    assert _merge((COLOR,), (fewer,), {"Color": "red"}).complete
    assert _merge((COLOR,), (fewer,), {"Color": "#{Color}"}).complete


@pytest.mark.parametrize("value", ["#{Secret}", None, ""])
def test_a_parameter_that_became_secret_keeps_what_is_no_secret_in_clear(value: str | None) -> None:
    assert _merge((URL,), (replace(URL, control=ControlType.SENSITIVE),), {"Url": value}).complete


def test_a_secret_default_is_never_proposed() -> None:
    old = replace(KEY, default="s3cret")
    (found,) = _merge((old,), (KEY,), {}).questions
    assert found.proposed is None


def test_what_concerns_the_whole_step_stops_it_until_somebody_accepts() -> None:
    old, new = _template(URL), replace(_template(URL), action_type="Octopus.Email")
    merge = merge_values(old, new, {}, {}, lambda *_: None)
    assert merge.obstacles == ('action type "Octopus.Script" became "Octopus.Email"',)
    assert merge.needs_decision
    assert merge_values(old, new, {}, {}, lambda *_: None, accepted=True).complete
    unknown = merge_values(None, new, {"Url": "u", "Gone": "x"}, {}, lambda *_: None)
    assert (unknown.dropped, len(unknown.obstacles)) == (("Gone",), 1)


def test_reasons_say_what_is_suspected() -> None:
    old, new = (
        replace(_template(URL), properties={"Octopus.Action.Script.ScriptBody": body}) for body in "ab"
    )
    assert explain_migration(compare(old, new).differences) == [
        "the script changed; nothing in it suggests that it acts differently (suspected)"
    ]


# --- the real history


@pytest.mark.slow
def test_every_real_bump_can_be_merged(community_library: CommunityLibrary, tmp_path: Path) -> None:
    """A step that gives every parameter a literal value goes through every version bump of the community library."""
    outcomes: Counter[str] = Counter()
    for versions in version_histories(community_library, tmp_path).values():
        for old, new in pairwise(versions):
            values = {item.name: item.default or "x" for item in old.parameters}
            merge = merge_values(old, new, values, {}, lambda *_: None)
            outcomes["decide" if merge.needs_decision else "ask" if merge.questions else "go"] += 1
            names = {item.name for item in new.parameters}
            assert merge.apply(values).keys() <= names
            answers = {question.parameter.name: "#{Answer}" for question in merge.questions}
            assert merge_values(old, new, values, answers, lambda *_: None, accepted=True).complete
    assert outcomes == {"go": 985, "ask": 137, "decide": 24}
