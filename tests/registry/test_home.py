"""TREADLE_HOME: where it is, locks, writes that are never half."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from registry.errors import Conflict, Unavailable
from registry.home import Home, exclusive, is_locked, make_folder, try_lock, write_atomically, write_private


def test_treadle_home_keeps_its_settings_with_its_state(tmp_path: Path) -> None:
    home = Home.locate({"TREADLE_HOME": str(tmp_path)})
    assert (home.path, home.config_file) == (tmp_path, tmp_path / "config.yaml")


def test_without_treadle_home_the_xdg_folders_are_used() -> None:
    home = Home.locate({"HOME": "/u", "XDG_CONFIG_HOME": "/conf"})
    assert (home.path, home.config_file) == (
        Path("/u/.local/share/treadle"),
        Path("/conf/treadle/config.yaml"),
    )
    assert Home.locate({"HOME": "/u", "XDG_DATA_HOME": "/data"}).path == Path("/data/treadle")


def test_a_home_given_by_its_path_finds_its_own_settings() -> None:
    env = {"HOME": "/u"}
    assert Home.of(Path("/u/.local/share/treadle"), env) == Home.locate(env)
    assert Home.of(Path("/elsewhere"), env).config_file == Path("/elsewhere/config.yaml")


def test_a_lock_is_held_by_one_and_freed_after(tmp_path: Path) -> None:
    lock = tmp_path / "locks/a.lock"
    with exclusive(lock, "test"), pytest.raises(Conflict) as refused, exclusive(lock, "sync", wait=0.1):
        pass
    assert refused.value.message == (f'another treadle process is busy: cannot sync while it holds "{lock}"')
    with exclusive(lock, "test", wait=0):
        pass


def test_who_waits_for_a_lock_gets_it(tmp_path: Path) -> None:
    lock, order = tmp_path / "a.lock", []

    def second() -> None:
        with exclusive(lock, "test"):
            order.append("second")

    with exclusive(lock, "test"):
        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_shows_while_it_is_held(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    assert not is_locked(file)
    assert not file.exists()
    held = try_lock(file)
    assert is_locked(file)
    assert is_locked(file)
    with pytest.raises(BlockingIOError):
        try_lock(file)
    os.close(held)
    assert not is_locked(file)


def test_an_atomic_write_keeps_mode_and_links(tmp_path: Path) -> None:
    file, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    file.write_bytes(b"old")
    file.chmod(0o600)
    link.symlink_to(file)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "real.yaml"]


@pytest.mark.parametrize(
    ("umask", "folder", "file"), [(0o022, 0o755, 0o644), (0o002, 0o775, 0o664), (0o077, 0o700, 0o600)]
)
def test_what_is_new_follows_the_umask(tmp_path: Path, umask: int, folder: int, file: int) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "a/b/file", b"")
        write_private(tmp_path / "home/note", b"")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("a", "a/b", "a/b/file", "home")]
    assert modes == [folder, folder, file, 0o700]


def test_a_folder_that_cannot_be_made_is_not_blamed_on_the_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        Conflict, match=r'cannot write ".*/file/below/x": ".*/file" is a file, not a folder'
    ) as refused:
        write_atomically(tmp_path / "file/below/x", b"")
    assert refused.value.code == "path-taken"


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def fail(descriptor: int) -> None:
        raise OSError(28, "disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(Unavailable, match="disk full"):
        write_atomically(file, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_bytes() == b"old"


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match=r'cannot write ".*file/home"'):
        make_folder(tmp_path / "file" / "home")
