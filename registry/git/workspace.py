"""A repository that people work in too: one move of the branch, then the work tree follows."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from registry.errors import Conflict, Unavailable
from registry.git.command import GitFailedError
from registry.git.layout import Layout, remember_layout
from registry.git.repository import Repository, Tip, lines
from registry.git.settings import GitSettings

_DEFAULT_BRANCH = "main"


@dataclass(frozen=True, slots=True)
class WorkTreeStatus:
    """`changed` are paths whose work tree or index differs from HEAD, untracked files included."""

    tip: Tip
    changed: tuple[str, ...]


def init(folder: Path, settings: GitSettings) -> None:
    """Make an empty repository of `folder`, all at once: who comes at the same time finds it complete."""
    import tempfile

    from registry.git.transport import init_repository

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:  # a file is in the way, or the disk is full
        raise Unavailable(
            "not-written",
            f'cannot make the repository "{folder}": {error.strerror}',
            hint="Remove what lies there, or name another folder.",
        ) from error
    branch = first_branch(settings)
    with tempfile.TemporaryDirectory(prefix=".treadle-", dir=folder) as aside:
        made = init_repository(Path(aside), branch)
        try:
            made.rename(folder / made.name)
            remember_layout(folder, Layout(folder, folder / made.name))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def first_branch(settings: GitSettings) -> str:
    """What the branch of a new repository is called."""
    return settings.values.get("init.defaultbranch") or _DEFAULT_BRANCH


def read_status(repository: Repository, paths: Sequence[str]) -> WorkTreeStatus:
    """HEAD, and what is changed under `paths`, as git judges it: with the user's settings for line ends, ignored
    files and filters.

    A file that holds HEAD's very bytes is not changed, whatever a filter would make of them.
    """
    shape = ("--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames")
    listing = repository.run("status", *shape, "--", *paths, as_user=True)
    commit, branch, changed = None, None, []
    for line in listing.decode(errors="surrogateescape").split("\0"):
        kind, _, rest = line.partition(" ")
        if kind == "#":
            key, _, value = rest.partition(" ")
            commit = value if key == "branch.oid" and value != "(initial)" else commit
            branch = f"refs/heads/{value}" if key == "branch.head" and value != "(detached)" else branch
        elif kind == "?":
            changed.append(rest)
        elif kind == "u":
            changed.append(rest.split(" ", 9)[-1])
        elif kind == "1":
            *_, head, index, path = rest.split(" ", 7)
            if head != index or not _holds(repository.folder / path, head):
                changed.append(path)
    return WorkTreeStatus(Tip(branch, commit), tuple(changed))


def _holds(file: Path, blob: str) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    content = file.read_bytes()
    algorithm = hashlib.sha256 if len(blob) == 64 else hashlib.sha1
    return algorithm(b"blob %d\0" % len(content) + content).hexdigest() == blob


def uncommitted(repository: Repository, paths: Sequence[str]) -> list[str]:
    """Paths under `paths` whose work tree or index differs from HEAD, untracked files included."""
    return [
        path.encode(errors="surrogateescape").decode(errors="replace")
        for path in read_status(repository, paths).changed
    ]


def commit(repository: Repository, settings: GitSettings, paths: Sequence[str], message: str) -> str:
    """Commit these files of the work tree as they are, and nothing else that is staged. Returns the commit.

    Raises Conflict where git refuses (a merge in progress, say).
    """
    who = {**settings.author.variables("AUTHOR"), **settings.committer.variables("COMMITTER")}
    try:
        repository.run("add", "--", *paths, as_user=True)
        arguments = ("commit", "--quiet", "--only", "--cleanup=verbatim", "--file=-", "--", *paths)
        repository.run(*arguments, stdin=message.encode(), as_user=True, extra=who)
    except GitFailedError as error:
        raise Conflict(
            "commit-refused",
            f'git does not commit in "{repository.folder}": {error.reason}',
            hint="The files are changed. Finish what git asks for, and commit them yourself.",
        ) from error
    made = repository.commit_of("HEAD")
    assert made is not None
    return made


def update_branch(repository: Repository, branch: str, commit: str, expected: str | None) -> None:
    """Point `branch` at `commit` if it still is at `expected`. Raises Conflict."""
    nothing = "0" * len(commit)
    try:
        repository.run("update-ref", "-m", "treadle", branch, commit, expected or nothing, as_user=True)
    except GitFailedError as error:
        name = branch.removeprefix("refs/heads/")
        raise Conflict(
            "branch-moved",
            f'branch "{name}" of "{repository.folder}" moved meanwhile: {error.reason}',
            hint="Nothing was written. Run the command again.",
        ) from error


def checkout_paths(repository: Repository, paths: Sequence[str]) -> None:
    """Make index and work tree agree with HEAD for these paths; what neither knows is passed over."""
    try:
        _restore(repository, paths)
    except GitFailedError as error:
        if "did not match any file" not in error.stderr:
            raise
        _restore(repository, _known(repository, paths))


def _restore(repository: Repository, paths: Sequence[str]) -> None:
    if paths:
        arguments = ("restore", "--quiet", "--source=HEAD", "--staged", "--worktree", "--", *paths)
        repository.run(*arguments, as_user=True)


def _known(repository: Repository, paths: Sequence[str]) -> list[str]:
    """Those of the paths that index or HEAD have."""
    listing = repository.run("ls-files", "-z", "--with-tree=HEAD", "--", *paths)
    files = [PurePosixPath(name) for name in listing.decode(errors="surrogateescape").split("\0") if name]
    known = {str(path) for file in files for path in (file, *file.parents)}
    return [path for path in paths if path in known]


def stored_contents(repository: Repository, paths: Sequence[str]) -> dict[str, bytes]:
    """What git would store of these files of the work tree, by its own rules for line ends and filters."""
    if not paths:
        return {}
    told = repository.run("hash-object", "-w", "--stdin-paths", stdin=lines(paths), as_user=True).decode()
    ids = dict(zip(paths, told.split(), strict=True))
    contents = dict(repository.blobs(list(ids.values())))
    return {path: contents[identity] for path, identity in ids.items()}


def unedited_paths(repository: Repository, paths: Sequence[str], commits: Sequence[str]) -> list[str]:
    """Those of `paths`, files or folders, that hold in the work tree nothing but what these commits have, or
    beginnings of what the last one has: git writes files bit by bit.
    """
    known = {(entry.path, entry.id) for commit in commits for entry in repository.entries(commit)}

    def is_torn(file: str) -> bool:
        name = f"{commits[-1]}:{file}"
        content = dict(repository.blobs([name])).get(name, b"")
        return content.startswith((repository.folder / file).read_bytes())

    return [path for path in paths if all(is_torn(file) for file, _ in _hashed(repository, path) - known)]


def _hashed(repository: Repository, path: str) -> set[tuple[str, str]]:
    top = repository.folder / path
    files = [file for file in (top, *top.rglob("*")) if file.is_file()]
    names = [file.relative_to(repository.folder).as_posix() for file in files]
    ids = repository.run("hash-object", "--stdin-paths", stdin=lines(names), as_user=True).decode().split()
    return set(zip(names, ids, strict=True))
