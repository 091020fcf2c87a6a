"""What a source can be called, and where it can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import Invalid
from registry.project.source_definition import SourceDefinition, define, is_path, read_address


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/OctopusDeploy/Library",
        "ssh://git@example.com:22/team/templates.git",
        "git@example.com:team/templates.git",
        "example.com:templates",
        "file:///srv/templates.git",
        "git://example.com/templates",
    ],
)
def test_an_address_stays_as_it_is(url: str, tmp_path: Path) -> None:
    assert read_address(url, tmp_path) == (url, None)


def test_a_path_counts_from_where_it_is_written(tmp_path: Path) -> None:
    assert read_address("../templates", tmp_path / "project") == (str(tmp_path / "templates"), None)
    assert read_address(".", tmp_path) == (str(tmp_path), None)
    assert is_path(str(tmp_path))


def test_a_path_with_a_colon_is_a_path_when_it_exists(tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    assert read_address("a:b", tmp_path) == (str(tmp_path / "a:b"), None)


def test_credentials_leave_the_address(tmp_path: Path) -> None:
    address, credentials = read_address("https://me:p%40ss@example.com/x.git", tmp_path)
    assert address == "https://example.com/x.git"
    assert credentials
    assert (credentials.username, credentials.password) == ("me", "p@ss")
    source = define("x", "https://me:p%40ss@example.com/x.git", None, None, None, tmp_path)
    assert "p@ss" not in repr(source)
    assert "p%40ss" not in repr(source)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c touch% /tmp/x",
        "fd::17",
        "ftp://example.com/x",
        "javascript://x",
        "a\nb",
    ],
)
def test_addresses_that_could_run_programs_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is not the address of a git repository"):
        read_address(url, tmp_path)


def test_a_refused_address_is_quoted_without_its_credentials(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        read_address("ftp://me:secret@example.com/x", tmp_path)
    assert refused.value.message == '"ftp://example.com/x" is not the address of a git repository'


@pytest.mark.parametrize("name", ["builtin", "library", "../x", "a/b", "a b", "", ".x"])
def test_names_that_no_source_can_have(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be the name of a source"):
        define(name, ".", None, None, None, tmp_path)


@pytest.mark.parametrize("ref", ["", "--all", "a..b", "a b", "HEAD~1", "a:b", "@{1}"])
def test_refs_that_are_none(ref: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is not a name of a branch"):
        define("x", ".", ref, None, None, tmp_path)


def test_a_folder_stays_in_the_repository(tmp_path: Path) -> None:
    assert define("x", ".", None, "/a/./b/", None, tmp_path).folder == "a/b"
    assert define("x", ".", None, ".", None, tmp_path).folder == ""
    for folder in ("../x", "a/../../x", "a\\b"):
        with pytest.raises(Invalid, match="leads out of the repository"):
            define("x", ".", None, folder, None, tmp_path)


def test_two_addresses_under_one_name_have_two_mirrors() -> None:
    one, two = SourceDefinition("x", "/a"), SourceDefinition("x", "/b")
    assert one.mirror_key != two.mirror_key
    assert one.index_key != SourceDefinition("x", "/a", folder="y").index_key
    assert one.mirror_key == SourceDefinition("x", "/a", folder="y").mirror_key


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ssh://bob:CANARY@git.example.com/x", "ssh://bob@git.example.com/x"),
        ("ssh://bob:a@CANARY@git.example.com:2222/x", "ssh://bob@git.example.com:2222/x"),
        ("git://bob:CANARY@git.example.com/x", "git://git.example.com/x"),
        ("https://bob:CANARY@git.example.com/x", "https://git.example.com/x"),
        ("https://CANARY@git.example.com", "https://git.example.com"),
        ("https://bob:CANARY@[::1]:8443/x", "https://[::1]:8443/x"),
        ("ssh://git@git.example.com/x", "ssh://git@git.example.com/x"),
        ("git@git.example.com:team/x", "git@git.example.com:team/x"),
    ],
)
def test_a_password_is_not_part_of_an_address(written: str, kept: str, tmp_path: Path) -> None:
    assert define("s", written, None, None, None, tmp_path).url == kept


@pytest.mark.parametrize(
    "written",
    [
        "bob:CANARY@git.example.com:x",
        "bob:CANARY@git.example.com/x",
        "http://bob:a/CANARY@git.example.com/x",
        "http://bob:12/CANARY@git.example.com/x",
        "http://tok/CANARY@git.example.com/x",
        "ssh://bob:a/CANARY@git.example.com/x",
        "ftp://bob:a@CANARY@git.example.com",
        "https//bob:CANARY@git.example.com",
        "https:bob:CANARY@git.example.com",
        "http:/bob:CANARY@git.example.com",
        " http://bob:CANARY@git.example.com",
        "htps//CANARY@git.example.com/x",
        "http://bob:CAN ARY@git.example.com/x",
        "http://bob:CANARY\n@git.example.com/x",
        "http://git.example.com/x?access_token=CANARY",
        "http://git.example.com?private-key=CANARY",
        "ssh://git.example.com/x?a=1&password=CANARY",
        "file://bob:CANARY@git.example.com/x",
        "ext::http://bob:CANARY@git.example.com/x",
    ],
)
def test_an_unclear_address_is_refused_without_its_secrets(written: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        define("s", written, None, None, None, tmp_path)
    told = f"{refused.value.message} {refused.value.hint}"
    assert "CANARY" not in told
    assert "ARY@" not in told


@pytest.mark.parametrize("written", ["~nosuchuser/x", "a" * 5000, "a/" * 5000])
def test_a_path_that_cannot_be_one_is_told(written: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is not the address of a git repository"):
        define("s", written, None, None, None, tmp_path)
