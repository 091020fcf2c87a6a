"""Making commits aside: whatever they hold, by one process. Nobody sees one until a branch moves there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from registry.errors import Conflict
from registry.git.command import GitFailedError
from registry.git.objects import Change, parse_changes
from registry.git.repository import Repository
from registry.git.settings import GitSettings, Identity

# The ref that `git fast-import` wants. The same stream takes it back, so that it is never written.
_ASIDE = b"refs/treadle/commit"


@dataclass(frozen=True, slots=True)
class _Commit:
    """What to commit: `edits` are commands of `git fast-import`, applied to the tree of `parent`."""

    parent: str | None
    edits: Iterable[bytes]
    message: bytes
    author: Identity
    committer: Identity


def create_commit(
    repository: Repository,
    settings: GitSettings,
    parent: str | None,
    files: Mapping[str, bytes | None],
    message: str,
) -> str:
    """Make a commit of `files` (path to content; None removes the path and all below it) on top of `parent`.

    Raises Conflict where it cannot be signed.
    """
    removed = [_removal(path) for path, content in files.items() if content is None]
    written = [_file(path, content) for path, content in files.items() if content is not None]
    who = (settings.author, settings.committer)
    return _make(repository, settings, _Commit(parent, [*removed, *written], message.encode(), *who))


def rebase_onto(
    repository: Repository, settings: GitSettings, ours: str | None, theirs: str | None
) -> str | None:
    """A commit that holds both: one of them, or ours put on top of theirs, commit by commit.

    Raises Conflict where both changed a file.
    """
    if ours is None or theirs is None or ours == theirs:
        return theirs or ours
    fork = _merge_base(repository, ours, theirs)
    if fork in (ours, theirs):
        return theirs if fork == ours else ours
    base = theirs
    for commit in (
        repository.run("rev-list", "--reverse", "--first-parent", f"{theirs}..{ours}").decode().split()
    ):
        base = _replay(repository, settings, commit, base)
    return base


def _merge_base(repository: Repository, one: str, other: str) -> str | None:
    try:
        return repository.run("merge-base", one, other).decode().strip()
    except GitFailedError:
        return None


def _replay(repository: Repository, settings: GitSettings, commit: str, onto: str) -> str:
    """The change of `commit`, made again on top of `onto` in its author's name; modes and links stay what they
    are."""
    parent = repository.commit_of(f"{commit}^")
    pair = [parent, commit] if parent else ["--root", "--no-commit-id", commit]
    present = {entry.path: (entry.mode, entry.id) for entry in repository.entries(onto)}
    changes = list(
        parse_changes(repository.run("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", *pair))
    )
    for change in changes:
        before, after = (change.old_mode, change.old_id), (change.mode, change.id)
        if present.get(change.path, _absent(change.id)) not in (before, after):
            raise Conflict(
                "both-changed",
                f'"{change.path}" was changed here and at the remote',
                hint="Bring the two together with git (git pull --rebase), then run the command again.",
            )
    message = repository.run("log", "-1", "--format=%B", commit)
    made = _Commit(onto, _edits(changes), message, _author(repository, commit), settings.committer)
    return _make(repository, settings, made)


def _absent(identity: str) -> tuple[str, str]:
    """What git's listings say of a path that isn't there: mode and id."""
    return "000000", "0" * len(identity)


def _author(repository: Repository, commit: str) -> Identity:
    told = repository.run("log", "-1", "--date=raw", "--format=%an%x00%ae%x00%ad", commit).decode(
        errors="replace"
    )
    return Identity(*told.rstrip("\n").split("\0"))


def _make(repository: Repository, settings: GitSettings, commit: _Commit) -> str:
    stream = b"".join(_stream(commit, "0" * settings.object_id_length))
    arguments = ("fast-import", "--quiet", "--done", "--date-format=raw-permissive")
    made = repository.run(*arguments, stdin=stream, as_user=True).decode().strip()
    return _signed(repository, made, commit) if settings.is_true("commit.gpgsign") else made


def _stream(commit: _Commit, nothing: str) -> Iterable[bytes]:
    """The input of `git fast-import`: the commit, a question for its id, and the ref taken back."""
    yield b"commit " + _ASIDE + b"\nmark :1\n"
    yield f"author {commit.author}\ncommitter {commit.committer}\n".encode(errors="surrogateescape")
    yield _data(commit.message)
    if commit.parent:
        yield f"from {commit.parent}\n".encode()
    yield from commit.edits
    yield b"\nget-mark :1\nreset " + _ASIDE + f"\nfrom {nothing}\n\ndone\n".encode()


def _signed(repository: Repository, commit: str, like: _Commit) -> str:
    """The same commit, signed as git is set up to."""
    onto = ["-p", like.parent] if like.parent else []
    who = {**like.author.variables("AUTHOR"), **like.committer.variables("COMMITTER")}
    try:
        made = repository.run(
            "commit-tree", f"{commit}^{{tree}}", *onto, "-S", stdin=like.message, as_user=True, extra=who
        )
    except GitFailedError as error:
        raise Conflict(
            "commit-not-signed",
            f"git is set up to sign commits (commit.gpgsign), and cannot: {error.reason}",
            hint="Nothing was changed. Put user.signingkey and gpg.format right, or turn it off for this "
            "library: `git config commit.gpgsign false`.",
        ) from error
    return made.decode().strip()


def _edits(changes: Sequence[Change]) -> list[bytes]:
    gone = [_removal(change.path) for change in changes if change.status == "D"]
    kept = [
        f"M {change.mode} {change.id} ".encode() + _quoted(change.path) + b"\n"
        for change in changes
        if change.status != "D"
    ]
    return [*gone, *kept]


def _removal(path: str) -> bytes:
    return b"D " + _quoted(path) + b"\n"


def _file(path: str, content: bytes) -> bytes:
    return b"M 100644 inline " + _quoted(path) + b"\n" + _data(content)


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _quoted(path: str) -> bytes:
    """As `git fast-import` reads any path: quoted as in C."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + escaped.encode(errors="surrogateescape") + b'"'
