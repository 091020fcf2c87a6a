"""Names that can be written everywhere."""

from __future__ import annotations

import pytest

from registry.errors import Invalid
from registry.template.portable import check_slug, is_portable_path, is_steering, twins


def test_names_of_real_templates_are_portable() -> None:
    names = ["template.yaml", "script.sh", "tests/says hello.yaml", "README.md", "img/Größe.png", "a.b-c_d"]
    assert all(is_portable_path(name) and not is_steering(name) for name in names)
    assert list(twins(names)) == []


@pytest.mark.parametrize(
    "name",
    ["", "..", "a/../b", "/a", "a//b", "a/", "a" * 201, "é" * 101, "ab/" * 134 + "c", "a\nb", "a\x7f"],
)
def test_names_that_cannot_be_written_everywhere(name: str) -> None:
    assert not is_portable_path(name)


@pytest.mark.parametrize(
    "name",
    [".git", "a/.GIT/x", ".gitattributes", "b/.gitignore", "git~1", ".git /x", ".Treadle/notices.yaml"],
)
def test_names_that_steer(name: str) -> None:
    assert is_steering(name)


@pytest.mark.parametrize(
    "name",
    ["a\u202eb", "a\u200b", "\ud800", "nul", "COM1.txt", "a:b", "a\\b", "a?", "a.", "a ", " a", "b./c"],
)
def test_names_that_some_systems_cannot_write_or_people_not_read(name: str) -> None:
    assert not is_portable_path(name)


@pytest.mark.parametrize("slug", ["a/b", "", "-a", "a" * 201, "a.", "con", "a b", "é"])
def test_what_cannot_be_a_slug(slug: str) -> None:
    with pytest.raises(Invalid, match="cannot be the name of a template"):
        check_slug(slug)
