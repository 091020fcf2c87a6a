from __future__ import annotations

import stat
from pathlib import Path

import pytest

from registry.errors import Conflict, Invalid, NotFound, Untrusted, UserError
from registry.home import Home
from runner.variables.keys import add_key, ensure_key, read_keys
from runner.variables.sealing import SealingKey

KEY, OTHER = SealingKey(bytes(range(32))), SealingKey(bytes(range(32, 64)))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


def test_without_a_file_there_are_no_keys(home: Home) -> None:
    assert read_keys(home, {}).keys == ()
    with pytest.raises(NotFound) as caught:
        _ = read_keys(home, {}).current
    assert caught.value.code == "no-key"


def test_a_new_key_becomes_the_current_one_and_the_old_ones_stay(home: Home) -> None:
    first = add_key(home, {}).current
    second = add_key(home, {}).current
    assert read_keys(home, {}).keys == (second, first)


def test_the_file_of_keys_is_its_owners_alone(home: Home) -> None:
    add_key(home, {})
    assert stat.S_IMODE(home.key_file.stat().st_mode) == 0o600
    assert [path.name for path in home.key_file.parent.glob(".treadle-*")] == []


def test_a_key_is_made_once(home: Home) -> None:
    assert ensure_key(home, {}) == ensure_key(home, {})


def test_the_environment_wins_over_the_file(home: Home) -> None:
    add_key(home, {}, OTHER)
    assert read_keys(home, {"TREADLE_KEY": f" {KEY.text}\n{OTHER.text}"}).keys == (KEY, OTHER)
    assert read_keys(home, {"TREADLE_KEY": " "}).keys == (OTHER,)


def test_another_file_can_be_named(home: Home, tmp_path: Path) -> None:
    environ = {"TREADLE_KEY_FILE": str(tmp_path / "team" / "keys")}
    add_key(home, environ, KEY)
    assert (read_keys(home, environ).keys, read_keys(home, {}).keys) == ((KEY,), ())


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_file_that_others_can_read_is_refused(home: Home, mode: int) -> None:
    add_key(home, {})
    home.key_file.chmod(mode)
    with pytest.raises(Untrusted) as caught:
        read_keys(home, {})
    assert caught.value.code == "key-file-mode"
    assert f"{mode:04o}" in caught.value.message


def test_keys_never_go_into_a_git_work_tree(home: Home, tmp_path: Path) -> None:
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    with pytest.raises(Untrusted) as caught:
        add_key(home, {"TREADLE_KEY_FILE": str(tmp_path / "shop" / "deep" / "keys")})
    assert caught.value.code == "key-in-git"
    assert not (tmp_path / "shop" / "deep").exists()


def test_keys_of_the_environment_cannot_be_changed(home: Home) -> None:
    with pytest.raises(Conflict) as caught:
        add_key(home, {"TREADLE_KEY": KEY.text})
    assert caught.value.code == "key-in-environment"


@pytest.mark.parametrize("content", [b"secret\n", KEY.text[:-3].encode(), b"\xff\xfe"])
def test_what_is_not_a_key_is_told_without_showing_it(home: Home, content: bytes) -> None:
    home.path.mkdir()
    home.key_file.write_bytes(content)
    home.key_file.chmod(0o600)
    with pytest.raises(Invalid) as caught:
        read_keys(home, {})
    assert caught.value.code == "key-invalid"
    assert content.decode(errors="replace").strip() not in caught.value.message


def test_comments_and_repeated_keys_count_once(home: Home) -> None:
    home.path.mkdir()
    home.key_file.write_text(f"# keys\n\n{KEY.text}  # 2026\n{OTHER.text}\n{KEY.text}\n")
    home.key_file.chmod(0o600)
    assert read_keys(home, {}).keys == (KEY, OTHER)


def test_a_folder_in_place_of_the_file_is_told(home: Home) -> None:
    home.key_file.mkdir(parents=True)
    with pytest.raises(UserError, match="cannot be read"):
        read_keys(home, {})


def test_a_link_to_the_file_is_followed(home: Home) -> None:
    home.path.mkdir()
    home.key_file.symlink_to(home.path / "nowhere" / "keys")
    add_key(home, {}, KEY)
    assert [path.name for path in (home.path / "nowhere").iterdir()] == ["keys"]
    assert home.key_file.is_symlink()
