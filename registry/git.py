"""The git gateway: the only place that runs git.

Plumbing through the git program itself, not a binding: reading the whole history of 600 templates is one
`git log --raw` and one `git cat-file --batch`, tens of times faster than walking it commit by commit, and
credentials, proxies and ssh work as the user set them up.

Reading ignores every configuration, so that nothing but the objects decides the result. Talking to a remote,
and committing, use the user's. Hooks never run, transports that start programs are off, git never asks.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Conflict, Invalid, Unavailable

TREE_MODE = "040000"
SYMLINK_MODE = "120000"
FILE_MODES = ("100644", "100755")

_LOCAL_TIMEOUT = 120.0
_ASK_TIMEOUT = 30.0
_FETCH_TIMEOUT = 900.0
_KEPT_VARIABLES = re.compile(
    r"GIT_(AUTHOR|COMMITTER|SSH|SSL|PROXY|HTTP|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|ASKPASS|EXEC_PATH)"
)
_SAFE_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.file.allow=always",
    "advice.detachedHead=false",
)
_REMOTE_SETTINGS = ("http.lowSpeedLimit=1000", "http.lowSpeedTime=30")
_LOG_FORMAT = "--format=%x01%H%x00%P%x00%an%x00%cI"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of `git log --raw`: what a commit did to a path, compared with its first parent.

    `status` is A, M, D, T or R; modes are six octal digits, ids full object names (zeros for "not there").
    """

    status: str
    old_mode: str
    mode: str
    old_id: str
    id: str
    old_path: str
    path: str


@dataclass(frozen=True, slots=True)
class Commit:
    """`date` is the committer's (ISO 8601): when the change arrived, not when it was begun."""

    id: str
    parents: tuple[str, ...]
    author: str
    date: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class TreeEntry:
    mode: str
    id: str
    path: str


@dataclass(frozen=True, slots=True)
class RemoteRefs:
    """What a remote offers: ref name to commit, and the branch its HEAD names (None when it does not say)."""

    refs: Mapping[str, str]
    head: str | None


class GitFailedError(Exception):
    """git ended with an error. Callers turn it into something the user can act upon."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__(f"git {' '.join(arguments)}: {stderr}")
        self.stderr = stderr

    @property
    def reason(self) -> str:
        """The line of git's answer that says most, without its prefix."""
        lines = [line for line in self.stderr.splitlines() if line.startswith(("fatal:", "error:"))]
        best = lines[0] if lines else (self.stderr.strip().splitlines() or ["no reason given"])[-1]
        return re.sub(r"^(fatal|error): ", "", best)


def _environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or _KEPT_VARIABLES.match(name)
    }
    fixed = {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    return {**kept, **fixed, **(extra or {})}


def _reading_environment() -> dict[str, str]:
    return _environment({"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"})


def _run(
    arguments: Sequence[str],
    *,
    folder: Path | None = None,
    settings: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = _LOCAL_TIMEOUT,
) -> bytes:
    """Run git and return its stdout. Raises GitFailedError, and Unavailable where git is missing."""
    flags = [part for setting in (*_SAFE_SETTINGS, *settings) for part in ("-c", setting)]
    where = ["-C", str(folder)] if folder else []
    try:
        done = subprocess.run(
            ["git", *where, *flags, *arguments],
            input=stdin if stdin is not None else b"",
            capture_output=True,
            env=dict(environment) if environment is not None else _environment(),
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise Unavailable("git-missing", "git is not installed", hint="Install git 2.31 or newer.") from error
    except subprocess.TimeoutExpired as error:
        raise GitFailedError(arguments, f"fatal: no answer within {timeout:.0f} seconds") from error
    if done.returncode != 0:
        raise GitFailedError(arguments, done.stderr.decode(errors="replace"))
    return done.stdout


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an address held before its `@`. Handed to git in its environment: never in argv or a file."""

    username: str
    password: str

    def settings(self) -> tuple[str, ...]:
        helper = '!f() { echo "username=$TREADLE_GIT_USER"; echo "password=$TREADLE_GIT_PASSWORD"; }; f'
        return ("credential.helper=", f"credential.helper={helper}")

    def environment(self) -> dict[str, str]:
        return {"TREADLE_GIT_USER": self.username, "TREADLE_GIT_PASSWORD": self.password}


def _ask(
    arguments: Sequence[str], credentials: Credentials | None, folder: Path | None, timeout: float
) -> bytes:
    extra = {"GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=15")}
    settings: tuple[str, ...] = _REMOTE_SETTINGS
    if credentials:
        extra |= credentials.environment()
        settings = (*settings, *credentials.settings())
    return _run(arguments, folder=folder, settings=settings, environment=_environment(extra), timeout=timeout)


def remote_refs(url: str, credentials: Credentials | None = None) -> RemoteRefs:
    """Ask a repository, path or bundle which refs it has. Raises GitFailedError."""
    refs: dict[str, str] = {}
    head = None
    for line in (
        _ask(["ls-remote", "--symref", "--", url], credentials, None, _ASK_TIMEOUT).decode().splitlines()
    ):
        value, _, name = line.partition("\t")
        if value.startswith("ref: "):
            head = value.removeprefix("ref: ") if name == "HEAD" else head
        else:
            refs[name] = value
    return RemoteRefs(refs=refs, head=head)


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository on this machine. `folder` is the bare repository, or the root of a work tree.

    `trusted`: the folder is one that Treadle itself made, so who owns it does not matter.
    """

    folder: Path
    trusted: bool = False

    @classmethod
    def create(cls, folder: Path, *, bare: bool) -> Repository:
        """Make an empty repository, or pick up one that an earlier, killed try left. Idempotent."""
        shape = ["--bare"] if bare else ["--initial-branch=main"]
        folder.mkdir(parents=True, exist_ok=True)
        _run(["init", "--quiet", "--template=", *shape, str(folder)], environment=_reading_environment())
        return cls(folder, trusted=bare)

    def _read(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        return _run(
            arguments,
            folder=self.folder,
            settings=self._ownership,
            environment=_reading_environment(),
            stdin=stdin,
        )

    @property
    def _ownership(self) -> tuple[str, ...]:
        return ("safe.directory=*",) if self.trusted else ()

    # --- mirroring

    def drop_stale_locks(self) -> None:
        """Remove lock files that a killed git left. Only for who alone writes here, and knows it."""
        for stale in (*self.folder.glob("*.lock"), *self.folder.glob("refs/**/*.lock")):
            stale.unlink(missing_ok=True)

    def point(self, ref: str, commit: str) -> None:
        """Let `ref` be `commit`, whatever it was."""
        self._write("update-ref", ref, commit)

    def fetch(self, url: str, refspec: str, credentials: Credentials | None = None) -> None:
        """Bring one ref here, forced. Raises GitFailedError."""
        arguments = ["fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--", url, refspec]
        _ask(arguments, credentials, self.folder, _FETCH_TIMEOUT)

    # --- reading

    def commit_of(self, revision: str) -> str | None:
        """The full id of the commit that `revision` names; None when there is none."""
        try:
            found = self._read(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitFailedError:
            return None
        return found.decode().strip()

    def has_folder(self, commit: str, path: str) -> bool:
        """Whether `path` is a folder in that commit; the root always is."""
        try:
            return self._read("cat-file", "-t", f"{commit}:{path}").strip() == b"tree"
        except GitFailedError:
            return False

    def history(self, tip: str, since: str | None, path: str) -> list[Commit]:
        """Every commit that `tip` reaches and `since` does not, children before parents, with its changes
        under `path` against its first parent, renames found, folders as entries of their own.

        Against the first parent only: content that a merge has from elsewhere is in that other line.
        """
        span = [f"^{since}", tip] if since else [tip]
        scope = ["--", path] if path else []
        arguments = (
            "log --raw -t -r -z -M -l2000 --diff-merges=first-parent --full-history --sparse --topo-order"
        )
        listing = self._read(*arguments.split(), "--root", "--no-abbrev", _LOG_FORMAT, *span, *scope)
        return list(_parse_log(listing))

    def entries(self, folder: str) -> list[TreeEntry]:
        """Every file, link and submodule below `folder`, a tree or `commit:path`.

        Raises GitFailedError when it is not there.
        """
        listing = self._read("ls-tree", "-r", "-z", "--full-tree", folder).decode(errors="replace")
        entries = []
        for line in listing.split("\0"):
            if line:
                meta, _, path = line.partition("\t")
                mode, _, identity = meta.split(" ")
                entries.append(TreeEntry(mode, identity, path))
        return entries

    def trees(self, ids: Sequence[str]) -> dict[str, list[TreeEntry]]:
        """The files below each of these trees, all read by a few processes however many trees there are."""
        found: dict[str, list[TreeEntry]] = {tree: [] for tree in ids}
        waiting = [(tree, tree, "") for tree in ids]
        while waiting:
            contents = dict(self.blobs(list(dict.fromkeys(tree for _, tree, _ in waiting))))
            deeper = []
            for root, tree, prefix in waiting:
                for entry in _parse_tree(contents.get(tree, b""), len(tree) // 2):
                    path = prefix + entry.path
                    if entry.mode == TREE_MODE:
                        deeper.append((root, entry.id, f"{path}/"))
                    else:
                        found[root].append(TreeEntry(entry.mode, entry.id, path))
            waiting = deeper
        return found

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """Bytes of each object (any name git understands); what is not there is left out."""
        listing = self._read("cat-file", "--batch-check=%(objectsize)", stdin=_lines(names)).decode()
        return {
            name: int(line) for name, line in zip(names, listing.splitlines(), strict=True) if line.isdigit()
        }

    def blobs(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The content of each object, in order; one process for all. What is not there is left out."""
        with tempfile.TemporaryFile() as wanted:
            wanted.write(_lines(names))
            wanted.seek(0)
            flags = [part for setting in (*_SAFE_SETTINGS, *self._ownership) for part in ("-c", setting)]
            with subprocess.Popen(
                ["git", "-C", str(self.folder), *flags, "cat-file", "--batch", "--buffer"],
                stdin=wanted,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_reading_environment(),
            ) as process:
                assert process.stdout is not None
                for name in names:
                    header = process.stdout.readline().split()
                    if len(header) == 3 and header[2].isdigit():
                        content = process.stdout.read(int(header[2]))
                        process.stdout.read(1)
                        yield name, content

    # --- writing

    def uncommitted(self, paths: Sequence[str]) -> list[str]:
        """Paths under `paths` whose work tree or index differs from HEAD, untracked files included."""
        listing = self._read(
            "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", *paths
        )
        return [line[3:] for line in listing.decode(errors="replace").split("\0") if line]

    def commit(self, parent: str | None, branch: str, files: Mapping[str, bytes | None], message: str) -> str:
        """Commit `files` (path to content; None removes the path and all below it) on top of `parent` and
        move `branch` there. Built aside, visible with the one ref update.

        Raises Conflict if `branch` is not at `parent` any more.
        """
        with tempfile.TemporaryDirectory(prefix="treadle-index-") as aside:
            index = {"GIT_INDEX_FILE": str(Path(aside) / "index")}
            self._write("read-tree", *([parent] if parent else ["--empty"]), extra=index)
            self._write(
                "update-index", "-z", "--index-info", extra=index, stdin=self._index_lines(parent, files)
            )
            tree = self._write("write-tree", extra=index).decode().strip()
        sign = ["-S"] if self._setting("commit.gpgsign", "bool") == "true" else []
        onto = ["-p", parent] if parent else []
        made = self._write("commit-tree", tree, *onto, *sign, stdin=message.encode(), extra=self._identity())
        commit = made.decode().strip()
        self.move(branch, commit, parent)
        return commit

    def move(self, branch: str, commit: str, expected: str | None) -> None:
        """Point `branch` at `commit` if it still is at `expected`. Raises Conflict."""
        try:
            self._write("update-ref", "-m", "treadle", branch, commit, expected or "0" * len(commit))
        except GitFailedError as error:
            name = branch.removeprefix("refs/heads/")
            raise Conflict(
                "branch-moved",
                f'branch "{name}" of "{self.folder}" moved meanwhile: {error.reason}',
                hint="Nothing was written. Run the command again.",
            ) from error

    def refresh(self, paths: Sequence[str]) -> None:
        """Make index and work tree agree with HEAD for these paths. Raises GitFailedError."""
        self._write("reset", "--quiet", "--", *paths)
        tracked = self._read("ls-files", "-z", "--", *paths)
        if tracked:
            self._write("checkout-index", "--force", "--quiet", "-z", "--stdin", stdin=tracked)

    def branch(self) -> str:
        """The branch that HEAD names, as a full ref. Raises Invalid for a detached HEAD."""
        try:
            return self._read("symbolic-ref", "--quiet", "HEAD").decode().strip()
        except GitFailedError as error:
            raise Invalid(
                "detached-head",
                f'"{self.folder}" is not on a branch',
                hint="Check out the branch that changes should go to, and run the command again.",
            ) from error

    def exists(self) -> bool:
        """Whether there is a repository here, or above."""
        try:
            return bool(self._read("rev-parse", "--git-dir"))
        except GitFailedError:
            return False

    def is_bare(self) -> bool:
        return self._read("rev-parse", "--is-bare-repository").strip() == b"true"

    def root(self) -> Path | None:
        """The root of the work tree this folder lies in; None outside of git and in a bare repository."""
        try:
            return Path(self._read("rev-parse", "--show-toplevel").decode().rstrip("\n"))
        except GitFailedError:
            return None

    def _index_lines(self, parent: str | None, files: Mapping[str, bytes | None]) -> bytes:
        removed = [path for path, content in files.items() if content is None]
        gone = self._tracked(parent, removed) if parent and removed else []
        nothing = "0" * len(parent or "")
        lines = [f"0 {nothing}\t{path}\0" for path in gone]
        for path, content in files.items():
            if content is not None:
                blob = (
                    self._write("hash-object", "-w", "--stdin", "--no-filters", stdin=content)
                    .decode()
                    .strip()
                )
                lines.append(f"100644 {blob}\t{path}\0")
        return "".join(lines).encode()

    def _tracked(self, commit: str, paths: Sequence[str]) -> list[str]:
        listing = self._read("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", *paths)
        return [path for path in listing.decode(errors="surrogateescape").split("\0") if path]

    def _setting(self, key: str, kind: str = "no-type") -> str | None:
        flag = [f"--type={kind}"] if kind != "no-type" else []
        try:
            return self._write("config", *flag, "--get", key).decode().strip()
        except GitFailedError:
            return None

    def _identity(self) -> dict[str, str]:
        """Who commits: as git is set up, and a plain stand-in where nobody set it up."""
        stand_in = {"NAME": ("user.name", "Treadle"), "EMAIL": ("user.email", "treadle@localhost")}
        return {
            f"GIT_{role}_{what}": default
            for what, (key, default) in stand_in.items()
            if self._setting(key) is None
            for role in ("AUTHOR", "COMMITTER")
            if f"GIT_{role}_{what}" not in os.environ
        }

    def _write(
        self, *arguments: str, extra: Mapping[str, str] | None = None, stdin: bytes | None = None
    ) -> bytes:
        return _run(
            arguments,
            folder=self.folder,
            settings=self._ownership,
            environment=_environment(extra),
            stdin=stdin,
        )


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _parse_tree(content: bytes, width: int) -> Iterator[TreeEntry]:
    """Read a tree object: mode, blank, name, NUL, `width` bytes of id; again and again."""
    start = 0
    while start < len(content):
        end = content.index(b"\0", start)
        mode, _, name = content[start:end].partition(b" ")
        identity = content[end + 1 : end + 1 + width].hex()
        yield TreeEntry(mode.decode().zfill(6), identity, name.decode(errors="replace"))
        start = end + 1 + width


def _parse_log(listing: bytes) -> Iterator[Commit]:
    """Read `git log --raw -z` field by field: names may hold any byte but NUL, so nothing is searched."""
    fields = iter(listing.decode(errors="surrogateescape").split("\0"))
    commit: list[str] = []
    changes: list[Change] = []
    for field in fields:
        if field.startswith("\x01"):
            if commit:
                yield _commit(commit, changes)
            commit, changes = [field[1:], next(fields), next(fields), next(fields)], []
        elif field.lstrip("\n").startswith(":"):
            changes.append(_change(field.lstrip("\n"), fields))
    if commit:
        yield _commit(commit, changes)


def _commit(fields: list[str], changes: list[Change]) -> Commit:
    identity, parents, author, date = fields
    return Commit(identity, tuple(parents.split()), author, date, tuple(changes))


def _change(meta: str, fields: Iterator[str]) -> Change:
    old_mode, mode, old_id, identity, status = meta[1:].split(" ")
    old_path = next(fields)
    path = next(fields) if status[0] in "RC" else old_path
    return Change(status[0], old_mode, mode, old_id, identity, old_path, path)
