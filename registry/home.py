"""TREADLE_HOME: where mirrors, the index, the default library and runs lie, and how they are written.

The layout is fixed here and nowhere else. Everything under it may be deleted while no command runs; only the
default library and the runs would be missed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import Conflict, Invalid, Unavailable, UserError

if TYPE_CHECKING:
    from typing import BinaryIO

_OURS = frozenset(
    (
        "index.sqlite",
        "index.sqlite-journal",
        "config.yaml",
        "library",
        "runs",
        "sources",
        "locks",
        "notices",
        "drafts",
        "projects",
        "logs",
        "home-id",
        "sweep-postponed",
    )
)
"""Everything that Treadle puts into a home."""

_LOCK_WAIT = 120.0
_LOCK_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one user's (or one test's) Treadle. `config_file` need not lie under `path`."""

    path: Path
    config_file: Path

    @classmethod
    def locate(cls, environ: Mapping[str, str] | None = None) -> Home:
        """The home the environment asks for: `TREADLE_HOME`, else the XDG folders of data and settings.

        Raises Invalid where there is neither a home folder nor a user.
        """
        env = os.environ if environ is None else environ
        try:
            if env.get("TREADLE_HOME"):
                return cls.at(Path(env["TREADLE_HOME"]).expanduser().absolute())
            user = Path(env.get("HOME") or Path.home())
        except RuntimeError as error:  # the user, or the one of `~name`, is in no list of users
            raise Invalid(
                "no-home",
                f"cannot find the folder for Treadle's files: {error}",
                hint="Set TREADLE_HOME to a folder that you may write to.",
            ) from error
        data = Path(env.get("XDG_DATA_HOME") or user / ".local/share")
        config = Path(env.get("XDG_CONFIG_HOME") or user / ".config")
        return cls(path=data / "treadle", config_file=config / "treadle" / "config.yaml")

    @classmethod
    def at(cls, path: Path) -> Home:
        """A home that keeps its settings with its state."""
        return cls(path=path, config_file=path / "config.yaml")

    @classmethod
    def of(cls, path: Path, environ: Mapping[str, str] | None = None) -> Home:
        """The home whose folder is `path`: the environment's own, with its settings, if that is the one."""
        located = cls.locate(environ)
        return located if located.path == path else cls.at(path)

    def check(self) -> None:
        """See that the home can be reached, and take the rights that others have on it: what is in it is its owner's.
        A folder that holds other things, too, keeps its rights. Raises Unavailable."""
        try:
            found = self.path.stat()
            if not stat.S_ISDIR(found.st_mode):
                raise home_not_writable(self.path, "it is not a folder")
            if self.is_open_to_others(found) and {entry.name for entry in self.path.iterdir()} <= _OURS:
                with suppress(OSError):  # a file system that is read-only, or knows no rights
                    self.path.chmod(found.st_mode & 0o700)
        except FileNotFoundError:
            if self.path.is_symlink():
                raise home_not_writable(self.path, "it is a link to nothing") from None
        except OSError as error:
            raise home_not_writable(self.path, error.strerror) from error

    def is_open_to_others(self, found: os.stat_result | None = None) -> bool:
        """Whether the home is a folder of this user's that others may read or write; a shared one like /tmp is not."""
        mode = found or self.path.stat()
        own = stat.S_ISDIR(mode.st_mode) and mode.st_uid == os.getuid() and not mode.st_mode & stat.S_ISVTX
        return own and bool(mode.st_mode & 0o077)

    @property
    def index_file(self) -> Path:
        return self.path / "index.sqlite"

    @property
    def library(self) -> Path:
        return self.path / "library"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    @property
    def key_file(self) -> Path:
        """Beside the settings: what seals values is the user's, and outlives the state."""
        return self.config_file.parent / "keys"

    def mirror(self, key: str) -> Path:
        """The bare mirror of a source. `key` is `SourceDefinition.mirror_key`."""
        return self.path / "sources" / f"{key}.git"

    def lock_file(self, name: str) -> Path:
        return self.path / "locks" / f"{name}.lock"


@contextmanager
def exclusive(lock_file: Path, purpose: str, wait: float = _LOCK_WAIT) -> Iterator[None]:
    """Hold `lock_file` alone, waiting up to `wait` seconds. The kernel frees it when the process dies.

    `purpose` names what is being done, for the one who has to wait in vain. Raises Conflict, Unavailable.
    """
    make_folder(lock_file.parent)
    descriptor = _wait_for(lock_file, purpose, time.monotonic() + wait)
    try:
        yield
    finally:
        os.close(descriptor)


def try_lock(lock_file: Path) -> int:
    """Lock `lock_file`, made where it is missing: the descriptor that holds the lock until it is closed, or until the
    process dies.

    Raises BlockingIOError where somebody else holds it; OSError where the file cannot be opened.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_locked(lock_file: Path) -> bool:
    """Whether a process holds `lock_file` at this moment; a file that is not there, nobody does."""
    try:
        # Whatever else lies there (a pipe, say) is not waited for.
        descriptor = os.open(lock_file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared: who only looks disturbs nobody else who looks.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _wait_for(lock_file: Path, purpose: str, deadline: float) -> int:
    while True:
        try:
            return try_lock(lock_file)
        except BlockingIOError:
            pass  # somebody else's, for now
        except OSError as error:
            raise home_not_writable(lock_file, error.strerror) from error
        if time.monotonic() >= deadline:
            raise Conflict(
                "locked",
                f'another treadle process is busy: cannot {purpose} while it holds "{lock_file}"',
                hint="Wait for it to finish, or end it, and try again.",
            )
        time.sleep(_LOCK_POLL)


def home_not_writable(path: Path, reason: str | None) -> Unavailable:
    """The error for a file or folder of ours that cannot be written."""
    return Unavailable(
        "home-not-writable",
        f'cannot write "{path}": {reason}',
        hint="Make room on that disk, or point TREADLE_HOME at a folder that you may write to.",
    )


def make_folder(path: Path) -> None:
    """Create a folder of ours and those above it, each for its owner only. Raises Unavailable."""
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise home_not_writable(path, error.strerror) from error


def open_regular(path: Path) -> BinaryIO:
    """Open a file of ours to read. Raises OSError, also for what is not a file: nobody waits for a pipe."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


def nearest_folder(path: Path) -> Path:
    """The folder at `path`, or the nearest above that exists."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def library_key(folder: Path) -> str:
    """Names the library in `folder`, a resolved path, in the index."""
    import hashlib

    return f"library-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"


def write_private(path: Path, content: bytes) -> None:
    """As `write_atomically`, for files of the home: they and their folders are for their owner only."""
    make_folder(path.parent)
    try:
        _replace(path, content, 0o600)
    except OSError as error:
        raise home_not_writable(path, error.strerror) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content` so that a reader, or a crash, sees the old bytes or the new, never a mix.

    A symlink is followed. A file that is there keeps its mode; new files and folders have what the umask leaves.
    Raises Conflict where something else is in its way, Unavailable.
    """
    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, content, 0o666)
    except OSError as error:
        raise not_written(path, error) from error
    except RuntimeError as error:  # how `resolve` tells of links that lead in a circle
        raise _not_written(path, "links lead in a circle") from error


def not_written(path: Path, error: OSError) -> UserError:
    """What to say of a file or folder that cannot be written: where something else is in its way, what that is."""
    if not isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        return _not_written(path, error.strerror)
    file = next((folder for folder in reversed(path.parents) if folder.is_file()), None)
    what = f'"{file}" is a file, not a folder' if file else f'"{path}" is a folder, not a file'
    return Conflict("path-taken", f'cannot write "{path}": {what}', hint="Give another place.")


def _not_written(path: Path, reason: str | None) -> Unavailable:
    return Unavailable(
        "not-written",
        f'cannot write "{path}": {reason}',
        hint="Check the folder's rights and the free space.",
    )


def _replace(target: Path, content: bytes, mode: int) -> None:
    """`mode`: of a new file, as far as the umask leaves it. Raises OSError."""
    import secrets

    draft = target.parent / f".treadle-{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            draft.chmod(target.stat().st_mode & 0o777)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def real_path(path: Path) -> Path:
    """`path` without links and `..`, absolute, as far as it exists.

    Unlike `Path.resolve`, links that lead in a circle stay what they are: whoever opens the path meets an OSError.
    """
    return Path(os.path.realpath(path))
