"""What holds for every test: a home, settings and a git identity of its own, and an alarm on the real ones."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from registry.errors import UserError
from registry.model import Problem
from tests.support.project import Content, ProjectTree, project_tree

pytest_plugins = ["tests.support.library", "tests.support.census", "tests.support.powershell"]

REAL_HOME = Path.home()
_FORBIDDEN = tuple(
    str(REAL_HOME / name)
    for name in (".gitconfig", ".config/git/config", ".config/treadle", ".local/share/treadle")
) + tuple(f"{Path(folder).absolute()}/" for folder in [os.environ.get("TREADLE_HOME")] if folder)
_KEPT = ("TREADLE_TEST_",)
_WATCHED = frozenset(
    {"open", "os.mkdir", "os.rename", "os.remove", "os.listdir", "os.scandir", "sqlite3.connect"}
)


def _trip(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: no test reads or writes the settings and state of whoever runs it."""
    if event in _WATCHED and arguments and isinstance(arguments[0], str | os.PathLike):
        path = os.fspath(arguments[0])
        if isinstance(path, str) and path.startswith(_FORBIDDEN):
            raise AssertionError(f'a test touched "{path}" ({event}), which belongs to you, not to the tests')


sys.addaudithook(_trip)


def _check_hints(kind: type[UserError] | type[Problem]) -> None:
    """Every hint that any test meets is one or more sentences: a capital first, a full stop last."""
    make = kind.__init__

    def checked(self: Any, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        assert self.hint is None or _SENTENCE.match(self.hint), f"the hint is not a sentence: {self.hint!r}"

    kind.__init__ = checked  # type: ignore[method-assign]


_SENTENCE = re.compile(r"""(?=[^a-z])(?:.*[.?!]|[^\n]*:\n.+)\Z""", re.DOTALL)
_check_hints(UserError)
_check_hints(Problem)

# Where a shell started the tests in the background, Ctrl-C is ignored, and under nohup the hang-up; so they would be by
# every program that the tests start and interrupt (POSIX, "Asynchronous Lists" and "nohup").
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """HOME, the XDG folders, TREADLE_* and git's settings, for this process and all that it starts."""
    home = tmp_path_factory.mktemp("user")
    git = home / ".gitconfig"
    git.write_text("[user]\n\tname = Tests\n\temail = tests@example.com\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("TREADLE_", "XDG_", "GIT_AUTHOR_", "GIT_COMMITTER_")) and not name.startswith(
                _KEPT
            ):
                patch.delenv(name)
        patch.delenv("NO_COLOR", raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_GLOBAL", str(git))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        if "DOCKER_CONFIG" not in os.environ:
            # Which engine is the current one stays the user's choice.
            patch.setenv("DOCKER_CONFIG", str(REAL_HOME / ".docker"))
        yield


@pytest.fixture(autouse=True)
def unchanged_environment() -> Iterator[None]:
    """Trips when a test leaves the environment or the working directory changed for the next one."""
    before, directory = _environment(), Path.cwd()
    yield
    assert _environment() == before, "the test changed the environment; use monkeypatch"
    assert Path.cwd() == directory, "the test changed the working directory; use monkeypatch"


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


MakeProject = Callable[[Mapping[str, Content]], ProjectTree]


@pytest.fixture
def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeProject:
    """Builds a project from a mapping of paths to contents (see `tests.support.project`)."""

    def make(files: Mapping[str, Content]) -> ProjectTree:
        return project_tree(tmp_path, monkeypatch, files)

    return make


GitConfig = Callable[[str, str], None]


@pytest.fixture
def git_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitConfig:
    """Sets one of the user's git settings, for one test."""
    config = tmp_path / "user.gitconfig"
    config.write_text("[user]\n\tname = Ann\n\temail = ann@example.com\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))

    def set_value(key: str, value: str) -> None:
        subprocess.run(["git", "config", "--file", str(config), key, value], check=True)

    return set_value
