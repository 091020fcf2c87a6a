"""Three folders become one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.compatibility.three_way import merge_folders
from registry.git.command import merge_texts

NAMES = ("ours", "base", "theirs")
YAML = b"version: 1  # given by the library\n"


def _merge(
    base: dict[str, bytes], ours: dict[str, bytes], theirs: dict[str, bytes]
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    one, two, three = ({"template.yaml": YAML, **files} for files in (base, ours, theirs))
    merged = merge_folders(one, two, three, NAMES, 7)
    files = dict(merged.files)
    assert files.pop("template.yaml") == YAML.replace(b"1", b"7", 1)
    return files, merged.conflicts


CASES = [
    pytest.param({"a": b"1"}, {"a": b"1"}, {"a": b"2"}, {"a": b"2"}, (), id="theirs"),
    pytest.param({"a": b"1"}, {"a": b"2"}, {"a": b"1"}, {"a": b"2"}, (), id="ours"),
    pytest.param({"a": b"1"}, {"a": b"2"}, {"a": b"2"}, {"a": b"2"}, (), id="both the same"),
    pytest.param({}, {"a": b"1"}, {"b": b"2"}, {"a": b"1", "b": b"2"}, (), id="added"),
    pytest.param({"a": b"1", "b": b"2"}, {"a": b"1"}, {"b": b"2"}, {}, (), id="removed"),
    pytest.param({"a": b"1"}, {}, {"a": b"2"}, {"a": b"2"}, ("a",), id="removed and changed"),
    pytest.param({"a": b"\0a"}, {"a": b"\0b"}, {"a": b"\0c"}, {"a": b"\0b"}, ("a",), id="no text"),
    pytest.param(
        {"a": b"1\n2\n3\n4\n5\n"},
        {"a": b"1\n2\n3\n4\n6\n"},
        {"a": b"0\n2\n3\n4\n5\n"},
        {"a": b"0\n2\n3\n4\n6\n"},
        (),
        id="lines",
    ),
]


@pytest.mark.parametrize(("base", "ours", "theirs", "files", "conflicts"), CASES)
def test_each_file_is_merged(
    base: dict[str, bytes],
    ours: dict[str, bytes],
    theirs: dict[str, bytes],
    files: dict[str, bytes],
    conflicts: tuple[str, ...],
) -> None:
    assert _merge(base, ours, theirs) == (files, conflicts)


def test_what_both_added_differently_is_a_conflict() -> None:
    files, conflicts = _merge({}, {"a": b"1\n"}, {"a": b"2\n"})
    assert conflicts == ("a",)
    assert files["a"] == b"<<<<<<< ours\n1\n||||||| base\n=======\n2\n>>>>>>> theirs\n"


_LINES = (
    st.lists(st.sampled_from(["one\n", "two\n", "three\n", "\r\n"]), max_size=8).map("".join).map(str.encode)
)


@settings(max_examples=30, deadline=None)
@given(_LINES, _LINES)
def test_a_side_without_changes_takes_the_other(base: bytes, changed: bytes) -> None:
    assert merge_texts(base, changed, base, NAMES) == (changed, True)
    assert merge_texts(base, base, changed, NAMES) == (changed, True)
    assert merge_texts(base, changed, changed, NAMES) == (changed, True)
