"""Bringing a source up to date: ask, fetch, index."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.errors import Invalid, NotFound, Unavailable, UserError
from registry.git.command import GitFailedError
from registry.git.remote import RemoteRefs, remote_refs
from registry.git.repository import Repository
from registry.home import Home, exclusive, make_folder
from registry.index.database import Counts, Index, SourceFinding, SourceState
from registry.index.writer import IndexChanges, IndexTarget, index_repository, mark_synced
from registry.library.library import Library
from registry.library.writer import writing
from registry.model import LIBRARY_SOURCE
from registry.project.source_definition import DEFAULT_FOLDER, SourceDefinition, is_path
from registry.suggest import suggest

_USUAL_BRANCHES = ("refs/heads/main", "refs/heads/master")


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync brought.

    `ref` is the branch or tag that was followed, `before` the commit of the sync before, None at first; `shallow`
    says that the source is a shallow clone, whose history is cut off, and `unpushed` that the library has commits
    that its remote does not.
    """

    source: SourceDefinition
    ref: str
    commit: str
    before: str | None
    changes: IndexChanges
    counts: Counts
    findings: tuple[SourceFinding, ...]
    shallow: bool = False
    unpushed: bool = False


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """A source that could not be synced; what was known of it before is still there."""

    source: SourceDefinition
    error: UserError


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A ref of a remote: its full name (`HEAD` where it has none), how people call it, and its commit."""

    ref: str
    shown: str
    commit: str


def probe(home: Home, source: SourceDefinition, *, keep: bool = True) -> str:
    """Ask whether the source answers and has the ref and the folder. Returns how people call the ref.

    For the folder it is fetched, which the first sync need not do again; without `keep` nothing stays of that. Raises
    Unavailable where it doesn't answer, NotFound where it has no such ref or folder.
    """
    wanted = _choose(_ask(source), source)
    if source.folder is not None:
        lock = exclusive(home.lock_file(f"source-{source.mirror_key}"), f'add "{source.name}"')
        with lock, _begun(home.mirror(source.mirror_key), keep):
            mirror = _mirror(home, source)
            _folder(mirror, _fetched(mirror, source, wanted), source)
    return wanted.shown


@contextmanager
def _begun(folder: Path, keep: bool) -> Iterator[None]:
    """A mirror that is new goes again if the block does not come to its end, or it is not to be kept."""
    if folder.exists():
        yield
        return
    done = False
    try:
        yield
        done = True
    finally:
        if not (done and keep):
            shutil.rmtree(folder, ignore_errors=True)


def sync_source(home: Home, index: Index, source: SourceDefinition, *, again: bool = False) -> SyncReport:
    """Fetch what is new and index it. Two at once take turns; a crash leaves the index as it was. With `again`
    everything is fetched and indexed as if for the first time, for a mirror that is damaged.

    Raises Unavailable where the source doesn't answer, NotFound for a ref or folder it hasn't, Invalid where
    there has never been a template in it.
    """
    with exclusive(home.lock_file(f"source-{source.mirror_key}"), f'sync "{source.name}"'):
        wanted = _choose(_ask(source), source)
        with _set_aside(home.mirror(source.mirror_key), again):
            return _synced(index, _mirror(home, source), source, wanted, again)


@contextmanager
def _set_aside(folder: Path, again: bool) -> Iterator[None]:
    """With `again` the old mirror makes room for a new one, and comes back if the block does not come to its end."""
    aside = folder.with_name(f"{folder.name}.old")
    if again and folder.exists():
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    try:
        yield
    except BaseException:
        if again and aside.exists():
            shutil.rmtree(folder, ignore_errors=True)
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _synced(
    index: Index, mirror: Repository, source: SourceDefinition, wanted: _Wanted, again: bool
) -> SyncReport:
    cut_off = mirror.shallow_commits()
    commit = _fetched(mirror, source, wanted)
    deepened = mirror.shallow_commits() != cut_off
    known = index.source(source.index_key)
    folder = _folder(mirror, commit, source)
    target = IndexTarget(source.index_key, source.name, wanted.shown, folder, commit)
    changes = index_repository(index, mirror, target, allow_empty=False, again=again or deepened)
    shallow = bool(mirror.shallow_commits())
    mark_synced(index, target)
    state = index.source(source.index_key)
    assert state is not None
    before = known.commit if known else None
    counts, findings = index.counts(state.id), tuple(index.findings(state.id))
    return SyncReport(source, wanted.shown, commit, before, changes, counts, findings, shallow)


def sync_library(index: Index, library: Library) -> SyncReport:
    """Bring the library up to what its remote has, commits of its own on top, and index it.

    Raises NotFound where it has no remote, Conflict where both changed a file or uncommitted changes are in the way,
    Unavailable where the remote does not answer.
    """
    if library.repository.layout() is None:
        raise NotFound(
            "no-remote",
            f'the library "{library.folder}" has no repository yet, so there is nothing to sync it with',
            hint=f"Clone the team's: `git clone ADDRESS {library.folder}`.",
        )
    with writing(library, "sync") as writer:
        before = writer.tip.commit
        unpushed = writer.pull()
        commit, branch = writer.tip.commit, writer.tip.branch
    if commit is None:
        raise Invalid("source-empty", f'the library "{library.folder}" has no commit, nor has its remote')
    target = IndexTarget(library.index_key, LIBRARY_SOURCE, None, library.prefix, commit)
    changes = index_repository(index, library.repository, target)
    state = index.source(library.index_key)
    assert state is not None
    source = SourceDefinition(LIBRARY_SOURCE, str(library.folder))
    counts, findings = index.counts(state.id), tuple(index.findings(state.id))
    ref = (branch or "HEAD").removeprefix("refs/heads/")
    return SyncReport(source, ref, commit, before, changes, counts, findings, unpushed=unpushed)


def _mirror(home: Home, source: SourceDefinition) -> Repository:
    """The mirror of a source, begun where there is none, for who holds its lock."""
    from registry.git.transport import init_mirror

    mirror = Repository(home.mirror(source.mirror_key), trusted=True)
    make_folder(mirror.folder)
    init_mirror(mirror.folder)
    mirror.drop_leftovers()
    return mirror


def _ask(source: SourceDefinition) -> RemoteRefs:
    if source.url.startswith("/") and not Path(source.url).exists():
        raise _unreachable(source, "there is nothing at this path")
    try:
        return remote_refs(source.url, source.credentials)
    except GitFailedError as error:
        raise _unreachable(source, error.reason) from error


def _fetched(mirror: Repository, source: SourceDefinition, wanted: _Wanted) -> str:
    """The wanted commit, now in the mirror. A remote that moves on while it is asked gives the newer one."""
    cut_off = bool(mirror.shallow_commits())
    if mirror.is_complete(wanted.commit) and not cut_off:
        mirror.set_ref(source.mirror_ref, wanted.commit)
        return wanted.commit
    from registry.git.transport import fetch

    refspec = f"+{wanted.ref}:{source.mirror_ref}"
    try:
        fetch(mirror.folder, source.url, refspec, source.credentials, trusted=True, deepen=cut_off)
    except GitFailedError as error:
        _refuse_partial(source)
        raise _unreachable(source, error.reason) from error
    return mirror.commit_of(f"{source.mirror_ref}^{{}}") or wanted.commit


def _refuse_partial(source: SourceDefinition) -> None:
    folder = Path(source.url.removeprefix("file://"))
    if is_path(source.url) and folder.is_dir() and Repository(folder).is_partial():
        raise Unavailable(
            "source-partial",
            f'source "{source.name}" is a partial clone: "{source.url}" does not have all of its own objects',
            hint=f"Fetch them: git -C {folder} fetch --refetch --no-filter. Or use what it was cloned from.",
        )


def reindex(home: Home, index: Index, source: SourceDefinition) -> SourceState | None:
    """Index what an earlier sync fetched, without asking the source: for an index that was lost.

    None where nothing was fetched.
    """
    folder = home.mirror(source.mirror_key)
    mirror = Repository(folder, trusted=True)
    commit = mirror.commit_of(source.mirror_ref) if folder.is_dir() else None
    if commit is None:
        return None
    target = IndexTarget(source.index_key, source.name, source.ref, _folder(mirror, commit, source), commit)
    index_repository(index, mirror, target)
    return index.source(source.index_key)


def _choose(remote: RemoteRefs, source: SourceDefinition) -> _Wanted:
    """The ref that the source asks for; without one the remote's HEAD, else main, master, the only branch."""
    if source.ref is not None:
        return _asked(remote, source, source.ref)
    branches = [name for name in remote.refs if name.startswith("refs/heads/")]
    usual = [name for name in (remote.head, *_USUAL_BRANCHES) if name in branches]
    if usual or len(branches) == 1:
        return _wanted(remote, (usual or branches)[0])
    if "HEAD" in remote.refs:
        return _wanted(remote, "HEAD")
    if not branches:
        raise Invalid("source-empty", f'source "{source.name}" has no commit: "{source.url}" is empty')
    names = ", ".join(f'"{name.removeprefix("refs/heads/")}"' for name in sorted(branches)[:5])
    raise NotFound(
        "ref-not-given",
        f'source "{source.name}" says nothing of its main branch, and has several',
        hint=f"Name one with --ref: {names}.",
    )


def _asked(remote: RemoteRefs, source: SourceDefinition, ref: str) -> _Wanted:
    for name in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}"):
        if name.startswith("refs/") and name in remote.refs:
            return _wanted(remote, name)
    by_commit = next((name for name, commit in remote.refs.items() if commit == ref), None)
    if by_commit is not None:
        return _Wanted(by_commit.removesuffix("^{}"), ref, ref)
    branches_and_tags = (name for name in remote.refs if name.startswith(("refs/heads/", "refs/tags/")))
    names = list(dict.fromkeys(name.split("/", 2)[2].removesuffix("^{}") for name in branches_and_tags))
    raise NotFound(
        "ref-not-found",
        f'source "{source.name}" has no branch or tag "{ref}"',
        hint=suggest(ref, names),
    )


def _wanted(remote: RemoteRefs, name: str) -> _Wanted:
    shown = name.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return _Wanted(name, shown, remote.refs.get(f"{name}^{{}}", remote.refs[name]))


def _folder(mirror: Repository, commit: str, source: SourceDefinition) -> str:
    if source.folder is None:
        return DEFAULT_FOLDER if mirror.has_folder(commit, DEFAULT_FOLDER) else ""
    if mirror.has_folder(commit, source.folder):
        return source.folder
    raise NotFound(
        "source-folder-not-found",
        f'source "{source.name}" has no folder "{source.folder}"',
        hint="Give the folder that holds the templates with --path.",
    )


def _unreachable(source: SourceDefinition, reason: str) -> Unavailable:
    local = is_path(source.url)
    hint = "Check the path." if local else "Check the address, the network and your access rights."
    if re.search(r"returned error: 30\d", reason):
        hint = "It redirects elsewhere, and credentials are for this address alone: give the address it leads to."
    return Unavailable(
        "source-unreachable", f'source "{source.name}" does not answer: "{source.url}": {reason}', hint
    )
