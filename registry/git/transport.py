"""What goes to and from other repositories, and how repositories begin, by GitPython: the only module to import it.

Everything else is left to git's own commands. GitPython reads a history commit by commit (61 commits took sixty
times as long as one `git log`), its commits are never signed, it runs hooks unless told not to, and it has a
parser of its own for settings, which reads files that git was told to pass over. Listing branches stays with git,
too: GitPython looks for files of refs, which a repository need not have.

Importing this takes a tenth of a second, so others do it where something is begun, fetched, pushed or cloned.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry.errors import Unavailable
from registry.git.command import (
    SAFE_SETTINGS,
    GitFailedError,
    dropped_variables,
    environment_of,
    failure,
    git_missing,
    reading_environment,
    remote_options,
)
from registry.git.credentials import Credentials

try:
    from git import Git, GitCommandError, InvalidGitRepositoryError, NoSuchPathError, PushInfo, Remote, Repo
except ModuleNotFoundError:
    raise
except ImportError as error:  # it looks for the program when it is imported
    raise git_missing() from error

# It reports to its loggers what it raises or returns as well; standard error is ours.
logging.getLogger("git").setLevel(logging.CRITICAL + 1)

_PUSH_REF = "refs/treadle/push"
_TIMEOUT = 900.0


class _Git(Git):
    """GitPython's way to run git, with our settings and none of the variables that mean another repository."""

    def __init__(
        self,
        working_dir: Any = None,
        settings: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(working_dir)
        self.set_persistent_git_options(c=[*SAFE_SETTINGS, *settings])
        self.update_environment(**(environment if environment is not None else environment_of()))

    def execute(self, command: Any, *arguments: Any, **options: Any) -> Any:
        """GitPython adds variables to ours and cannot take any away."""
        given = {**self.environment(), **(options.get("env") or {})}
        dropped = [part for name in dropped_variables() if name not in given for part in ("-u", name)]
        return super().execute(["env", *dropped, *command] if dropped else command, *arguments, **options)


class _Repo(Repo):
    """GitPython's repository, run by our git, at the very path that it is given: a `$` in it is a dollar sign."""

    GitCommandWrapperType = _Git

    def __init__(self, path: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(path, *arguments, **{**options, "expand_vars": False})


@contextmanager
def opened(folder: Path, credentials: Credentials | None = None, *, trusted: bool = False) -> Iterator[Repo]:
    """The repository at `folder`, for work with remotes; closed afterwards, as its child processes would stay.

    `trusted`: who owns the folder does not matter. Raises GitFailedError for what git refuses within.
    """
    settings, extra = remote_options(credentials, folder)
    owner = ("safe.directory=*",) if trusted else ()
    try:
        repo = _Repo(folder)
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise GitFailedError(("rev-parse",), f"fatal: not a git repository: '{folder}'") from error
    repo.git = _Git(folder, (*settings, *owner), environment_of(extra))
    try:
        yield repo
    except GitCommandError as error:
        raise _failed(error) from error
    finally:
        repo.close()


def _failed(error: GitCommandError) -> Unavailable:
    command = [str(part) for part in error.command] if isinstance(error.command, list) else []
    stderr = str(error.stderr).strip().removeprefix("stderr: '").removesuffix("'")
    return failure(command[-1:], stderr)


# --- beginning


def init_mirror(folder: Path) -> None:
    """Make an empty bare repository, or pick up one that an earlier, killed try left. Idempotent."""
    _init(folder, reading_environment(), bare=True)


def init_repository(folder: Path, branch: str) -> Path:
    """Make an empty repository with a work tree, on `branch`. Returns its git folder."""
    return _init(folder, environment_of(), initial_branch=branch)


def _init(folder: Path, environment: Mapping[str, str], **options: Any) -> Path:
    environment = {**environment, "GIT_TEMPLATE_DIR": ""}  # nobody's hooks and exclusions
    try:
        made = _Repo.init(folder, expand_vars=False, env=environment, quiet=True, **options)
    except GitCommandError as error:
        raise _failed(error) from error
    made.close()
    return Path(made.git_dir)


def clone_from_mirror(mirror: Path, ref: str, url: str, branch: str, folder: Path, work: str) -> None:
    """A clone in `folder` of what the mirror holds at `ref`, on the new branch `work`. Asks no remote.

    `url` and `branch` are what its remote `origin` is called and follows. Raises GitFailedError.
    """
    init_repository(folder, branch)
    tracked = f"refs/remotes/origin/{branch}"
    with opened(folder) as repo:
        repo.git.fetch(
            "--quiet", "--no-tags", "--no-write-fetch-head", "--", str(mirror), f"+{ref}:{tracked}"
        )
        repo.create_remote("origin", url)
        repo.git.checkout("--quiet", "--no-track", "-b", work, tracked)


# --- remotes


def remote_names(folder: Path) -> list[str]:
    with opened(folder) as repo:
        return [remote.name for remote in repo.remotes]


def fetch(
    folder: Path,
    url: str,
    refspec: str,
    credentials: Credentials | None = None,
    *,
    trusted: bool = False,
    deepen: bool = False,
) -> None:
    """Bring one ref here, forced, from an address or a remote's name.

    What a shallow clone offers is taken as far as it goes; `deepen` asks for what was missing before. Raises
    GitFailedError.
    """
    options = ["--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--update-shallow"]
    if deepen:
        options.append("--unshallow")
    with opened(folder, credentials, trusted=trusted) as repo:
        repo.git.fetch(*options, "--", url, refspec, kill_after_timeout=_TIMEOUT)


def push(folder: Path, remote: str, commit: str, branch: str) -> bool:
    """Push `commit` to the remote's `branch`, a full ref. Returns whether that moved the branch there: not where
    the very same commit is there already.

    Raises GitFailedError, also where another push came first: how servers say that is theirs to word.
    """
    with opened(folder) as repo:
        repo.git.update_ref(_PUSH_REF, commit)  # GitPython reports nothing of pushes that name no ref
        try:
            done = Remote(repo, remote).push(f"{_PUSH_REF}:{branch}", kill_after_timeout=_TIMEOUT)
        finally:
            repo.git.update_ref("-d", _PUSH_REF)
        if not done:
            raise done.error or GitFailedError(("push",), "fatal: no answer")
        return _has_moved(done[0])


def _has_moved(done: PushInfo) -> bool:
    if done.flags & PushInfo.UP_TO_DATE:
        return False
    if done.flags & (PushInfo.ERROR | PushInfo.REJECTED | PushInfo.REMOTE_REJECTED | PushInfo.REMOTE_FAILURE):
        raise GitFailedError(("push",), done.summary)
    return True


def follow(folder: Path, branch: str, remote: str, remote_branch: str) -> None:
    """Let a branch (without `refs/heads/`) follow the remote's, so that `git pull` knows where from."""
    with opened(folder) as repo:
        repo.git.branch("--quiet", f"--set-upstream-to={remote}/{remote_branch}", branch)
